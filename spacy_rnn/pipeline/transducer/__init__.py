"""`rnn_transducer`: writes another text for each document."""

from .component import RNNTransducer, make_rnn_transducer

__all__ = ["RNNTransducer", "make_rnn_transducer"]
