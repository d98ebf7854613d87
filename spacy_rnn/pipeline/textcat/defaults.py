"""The default settings of `rnn_textcat` and `rnn_textcat_multilabel`."""

from typing import Any, Dict

from thinc.api import Config

DEFAULT_MODEL = """
[model]
@architectures = "spacy-rnn.TextCat.v1"
exclusive_classes = true
pooling = ["attention", "max"]

[model.tok2vec]
@architectures = "spacy-rnn.RNNEncoder.v1"

[model.tok2vec.embed]
@architectures = "spacy-rnn.WordFeatures.v1"
chars = null
vectors = null

[model.tok2vec.embed.words]
@architectures = "spacy-rnn.WordEmbed.v1"

[model.tok2vec.embed.lexical]
@architectures = "spacy-rnn.LexEmbed.v1"

[model.tok2vec.encode]
@architectures = "spacy-rnn.RNN.v1"
width = 128
residual = true
"""


def default_config(exclusive: bool) -> Dict[str, Any]:
    """The settings of either component."""
    model = Config().from_str(DEFAULT_MODEL, overrides={"model.exclusive_classes": exclusive})["model"]
    kind = "textcat" if exclusive else "textcat_multilabel"
    return {
        "model": model,
        "threshold": 0.0 if exclusive else 0.5,
        "class_weights": None,
        "label_smoothing": 0.0,
        "save_attention": False,
        "scorer": {"@scorers": f"spacy-rnn.{kind}_scorer.v1"},
    }


DEFAULT_TEXTCAT_CONFIG = default_config(exclusive=True)
DEFAULT_MULTILABEL_CONFIG = default_config(exclusive=False)

DEFAULT_SCORE_WEIGHTS = {
    "cats_score": 1.0,
    "cats_score_desc": None,
    "cats_micro_p": None,
    "cats_micro_r": None,
    "cats_micro_f": None,
    "cats_macro_p": None,
    "cats_macro_r": None,
    "cats_macro_f": None,
    "cats_macro_auc": None,
    "cats_f_per_type": None,
    "cats_ece": None,
}
