"""`rnn_tagger`: parts of speech, fine-grained tags and morphology."""

from .component import RNNTagger, make_rnn_tagger

__all__ = ["RNNTagger", "make_rnn_tagger"]
