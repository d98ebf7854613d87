"""`rnn_lemmatizer`: lemmas from a dictionary and from an encoder-decoder over characters."""

from .component import RNNLemmatizer, make_rnn_lemmatizer

__all__ = ["RNNLemmatizer", "make_rnn_lemmatizer"]
