"""`rnn_spancat`: spans that may overlap and contain each other."""

from .component import RNNSpanCategorizer, make_rnn_spancat

__all__ = ["RNNSpanCategorizer", "make_rnn_spancat"]
