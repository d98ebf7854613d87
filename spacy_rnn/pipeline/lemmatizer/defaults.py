"""The default settings of `rnn_lemmatizer`."""

from thinc.api import Config

DEFAULT_MODEL = """
[model]
@architectures = "spacy-rnn.Lemmatizer.v1"
"""

DEFAULT_CONFIG = {
    "model": Config().from_str(DEFAULT_MODEL)["model"],
    "attrs": ["pos", "tag", "morph"],
    "train_on": "gold",
    "overwrite": True,
    "dictionary": True,
    "beams": 1,
    "max_chars": 40,
    "max_extra": 10,
    "attr_dropout": 0.05,
    "cache_size": 100000,
    "scorer": {"@scorers": "spacy.lemmatizer_scorer.v1"},
}
