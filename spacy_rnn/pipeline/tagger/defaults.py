"""The default settings of `rnn_tagger`."""

from thinc.api import Config

from ..defaults import DEFAULT_EMBED

DEFAULT_MODEL = f"""
[model]
@architectures = "spacy-rnn.Tagger.v1"

[model.tok2vec]
@architectures = "spacy-rnn.RNNEncoder.v1"

{DEFAULT_EMBED}
[model.tok2vec.encode]
@architectures = "spacy-rnn.RNN.v1"
"""

DEFAULT_CONFIG = {
    "model": Config().from_str(DEFAULT_MODEL)["model"],
    "attrs": None,
    "overwrite": True,
    "extend": False,
    "neg_prefix": "!",
    "label_smoothing": 0.0,
    "save_scores": False,
    "scorer": {"@scorers": "spacy-rnn.tagger_scorer.v1"},
}

DEFAULT_SCORE_WEIGHTS = {"pos_acc": 0.34, "tag_acc": 0.33, "morph_acc": 0.33, "morph_per_feat": None}
