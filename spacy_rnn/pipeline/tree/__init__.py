"""`tree_rnn`: labels of documents and of the subtrees of their dependency parses."""

from .component import TreeRNN, make_tree_rnn

__all__ = ["TreeRNN", "make_tree_rnn"]
