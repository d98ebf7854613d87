"""The `spacy-rnn` command. Each subcommand is a thin wrapper over a function of `spacy_rnn.data` or `spacy_rnn.lm`."""

from . import apply as apply
from . import lemmas as lemmas
from . import lm as lm
from . import pairs as pairs
from . import trees as trees
from .app import app, main

__all__ = ["app", "main"]
