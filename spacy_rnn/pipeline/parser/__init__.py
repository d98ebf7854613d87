"""`rnn_parser`: dependency trees."""

from .component import RNNParser, make_rnn_parser

__all__ = ["RNNParser", "make_rnn_parser"]
