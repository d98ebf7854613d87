"""The `spacy-rnn` command, with a module for each kind of component or task. A subcommand reads its arguments, calls a
function of `spacy_rnn.data`, `evaluation`, `lm`, `apply`, `distillation` or `training`, and prints what it returns."""

# In the order in which --help lists the subcommands.
from . import treebank, textcat, apply, train, distill, lemmas, lm, pairs, tree, vectors, lexicon  # noqa: F401, I001
from .app import app, main

__all__ = ["app", "main"]
