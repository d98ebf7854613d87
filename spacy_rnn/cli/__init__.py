"""The `spacy-rnn` command. Each subcommand is a thin wrapper over a function of `spacy_rnn.data` or `spacy_rnn.lm`."""

from . import language_models as language_models
from . import lemmas as lemmas
from . import pairs as pairs
from . import scale as scale
from . import trees as trees
from .app import app, main

__all__ = ["app", "main"]
