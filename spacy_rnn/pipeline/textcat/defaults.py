"""The default settings of text categorizers."""

from typing import Any, Dict, Optional

DEFAULT_MODEL = """
[model]
@architectures = "spacy-rnn.TextCat.v2"
exclusive_classes = true
pooling = ["attention", "max"]
ngrams = 2
char_ngrams = 5
ngram_rarity = 0.5
dropout = 0.5

[model.tok2vec]
@architectures = "spacy-rnn.RNNEncoder.v1"

[model.tok2vec.embed]
@architectures = "spacy-rnn.WordFeatures.v1"
chars = null
vectors = null

[model.tok2vec.embed.words]
@architectures = "spacy-rnn.WordEmbed.v1"
lazy = true

[model.tok2vec.embed.lexical]
@architectures = "spacy-rnn.LexEmbed.v1"

[model.tok2vec.encode]
@architectures = "spacy-rnn.RNN.v1"
width = 128
residual = true
dropout = 0.5
token_dropout = 0.2
"""
SETTINGS: Dict[str, Any] = {"class_weights": None, "label_smoothing": 0.0, "save_attention": False}
SCORE_WEIGHTS: Dict[str, Optional[float]] = {
    "cats_score": 1.0,
    **dict.fromkeys(["cats_score_desc", "cats_micro_p", "cats_micro_r", "cats_micro_f", "cats_macro_p"]),
    **dict.fromkeys(["cats_macro_r", "cats_macro_f", "cats_macro_auc", "cats_f_per_type", "cats_ece"]),
}
