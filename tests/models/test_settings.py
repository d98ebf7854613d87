"""Impossible settings are refused when a layer is built, with their name and a remedy."""

from __future__ import annotations

from typing import Any

import pytest
from spacy.util import registry

from ..helpers import build


@pytest.mark.parametrize(
    ("name", "settings", "message"),
    [
        ("RNN", {"cell": "elman"}, "R001.*cell = 'elman'.*lstm, gru, rnn_tanh, rnn_relu, rnn_sigmoid"),
        ("RNN", {"precision": "fp16"}, "R001.*precision = 'fp16'"),
        ("RNN", {"depth": 0}, "R005.*depth = 0.*at least 1"),
        ("RNN", {"width": 7}, "R006.*width = 7.*bidirectional = false"),
        ("RNN", {"width": 0}, "R005.*width"),
        ("RNN", {"width": 0, "bidirectional": False}, "R005.*width"),
        ("RNN", {"dropout": 1.0}, "R005.*dropout = 1.0.*below 1"),
        ("RNN", {"token_dropout": 1.0}, "R005.*token_dropout"),
        ("RNN", {"context": -1}, "R005.*context"),
        ("RNN", {"window": 64, "context": 32}, "R005.*window = 64.*at least 65"),
        ("CharEmbed", {"cell": "elman"}, "R001.*cell"),
        ("CharEmbed", {"pooling": "sum"}, "R001.*pooling = 'sum'.*last, max, mean, attention"),
        ("CharEmbed", {"width": 7}, "R006"),
        ("CharEmbed", {"char_width": 0}, "R005.*char_width"),
        ("CharEmbed", {"depth": 0}, "R005.*depth"),
        ("CharEmbed", {"rows": 1}, "R005.*rows"),
        ("CharEmbed", {"max_chars": 1}, "R005.*max_chars"),
        ("CharEmbed", {"char_dropout": -0.1}, "R005.*char_dropout"),
        ("CharEmbed", {"unicode_form": "NFX"}, "R001.*unicode_form"),
        ("WordEmbed", {"attr": "LEMMA"}, "R001.*attr = 'LEMMA'"),
        ("WordEmbed", {"width": 0}, "R005.*width"),
        ("WordEmbed", {"rows": 1}, "R005.*rows"),
        ("WordEmbed", {"word_dropout": -1.0}, "R005.*word_dropout"),
        ("LexEmbed", {"attrs": []}, "R005.*attrs"),
        ("LexEmbed", {"attrs": ["POS"]}, "R008.*'POS'.*PREFIX"),
        ("LexEmbed", {"attrs": ["SUFFIX0"]}, "R008.*'SUFFIX0'.*SUFFIX9"),
        ("LexEmbed", {"width": 0}, "R005.*width"),
        ("LexEmbed", {"rows": 1}, "R005.*rows"),
        ("StaticVectors", {"width": 0}, "R005.*width"),
        ("WordFeatures", {}, "R007"),
        ("WordFeatures", {"width": 0, "words": {"@architectures": "spacy-rnn.WordEmbed.v1"}}, "R005.*width"),
        ("WordFeatures", {"cache_size": -1, "words": {"@architectures": "spacy-rnn.WordEmbed.v1"}}, "R005.*cache_size"),
    ],
)
def test_refused(name: str, settings: Any, message: str) -> None:
    features = {key: build(value) for key, value in settings.items() if isinstance(value, dict)}
    with pytest.raises(ValueError, match=message):
        registry.get("architectures", f"spacy-rnn.{name}.v1")(**{**settings, **features})


def test_config_names_the_setting() -> None:
    """spaCy checks types and names; its messages differ between releases."""
    with pytest.raises(ValueError, match="(?s)cell.*rnn_sigmoid"):
        build({"@architectures": "spacy-rnn.RNN.v1", "cell": "elman"})
    with pytest.raises(ValueError, match="unexpected argument: 'hidden_size'|hidden_size.*extra fields"):
        build({"@architectures": "spacy-rnn.RNN.v1", "hidden_size": 3})


@pytest.mark.parametrize("attr", ["ORTH", "NORM", "LOWER", "SHAPE", "PREFIX", "SUFFIX", "IS_TITLE", "LIKE_NUM"])
def test_lexical_attributes_that_work(attr: str) -> None:
    assert build({"@architectures": "spacy-rnn.LexEmbed.v1", "attrs": [attr], "width": 3}).get_dim("nO") == 3


def test_odd_width_in_one_direction() -> None:
    assert build({"@architectures": "spacy-rnn.RNN.v1", "width": 7, "bidirectional": False}).get_dim("nO") == 7
