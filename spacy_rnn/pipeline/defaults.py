"""The default settings of `rnn_tagger`, and the features of a word that others share with it."""

from thinc.api import Config

# The features of a word, for `tree_rnn` too.
DEFAULT_EMBED = """
[model.tok2vec.embed]
@architectures = "spacy-rnn.WordFeatures.v1"
vectors = null

[model.tok2vec.embed.words]
@architectures = "spacy-rnn.WordEmbed.v1"

[model.tok2vec.embed.chars]
@architectures = "spacy-rnn.CharEmbed.v1"

[model.tok2vec.embed.lexical]
@architectures = "spacy-rnn.LexEmbed.v1"
"""

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
