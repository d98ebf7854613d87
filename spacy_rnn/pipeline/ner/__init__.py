"""`rnn_ner`: named entities."""

from .component import RNNEntityRecognizer, make_rnn_ner

__all__ = ["RNNEntityRecognizer", "make_rnn_ner"]
