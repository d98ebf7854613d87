"""`rnn_textcat` and `rnn_textcat_multilabel`: categories of documents."""

from .component import RNNMultiLabelTextCategorizer, RNNTextCategorizer, make_rnn_textcat, make_rnn_textcat_multilabel

__all__ = ["RNNMultiLabelTextCategorizer", "RNNTextCategorizer", "make_rnn_textcat", "make_rnn_textcat_multilabel"]
