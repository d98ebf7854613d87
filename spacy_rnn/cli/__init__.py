"""The `spacy-rnn` command. Each subcommand is a thin wrapper over a function of `spacy_rnn.data`."""

from . import lemmas as lemmas
from . import scale as scale
from . import trees as trees
from .app import app, main

__all__ = ["app", "main"]
