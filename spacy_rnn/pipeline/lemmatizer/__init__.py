"""`rnn_lemmatizer`: lemmas, by spelling and by an encoder-decoder over characters."""

from .component import RNNLemmatizer, make_rnn_lemmatizer

__all__ = ["RNNLemmatizer", "make_rnn_lemmatizer"]
