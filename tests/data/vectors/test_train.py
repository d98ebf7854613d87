"""Vectors made from text."""

import lzma
import sys
from pathlib import Path
from typing import Any, Dict, List

import numpy as np
import pytest
import spacy
from spacy.attrs import LOWER, ORTH

from spacy_rnn.data.vectors.table import silent
from spacy_rnn.data.vectors.train import FloretSettings, train_vectors, write_words
from spacy_rnn.errors import CorpusError, SettingError

LINES = ["Evet, kedi uyuyor!", "Evde kediler  uyuyor.", "", "__label__x kedi\ttatlı"]
TINY: Dict[str, Any] = {"dim": 6, "rows": 40, "minn": 2, "maxn": 3, "min_count": 1, "epochs": 1}


@pytest.fixture
def text(tmp_path: Path) -> Path:
    path = tmp_path / "text.txt.xz"
    path.write_bytes(lzma.compress("\n".join(LINES * 50).encode("utf8")))
    return path


def test_the_table_is_the_one_that_was_learned(text: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """spaCy composes the same vectors from it as floret, also after saving; a second call leaves it alone."""
    floret = pytest.importorskip("floret")
    learned: List[Any] = []
    train = floret.train_unsupervised

    def keep(*arguments: Any, **settings: Any) -> Any:
        learned.append(train(*arguments, **settings))
        return learned[-1]

    monkeypatch.setattr(floret, "train_unsupervised", keep)
    settings = FloretSettings(**TINY)
    made, is_new = train_vectors(text, tmp_path / "out", "tr", settings)
    assert is_new and made.described == "n-grams of 2 to 3 characters on 40 rows x 6" and made.name == "out"
    nlp = spacy.load(tmp_path / "out")
    nlp.to_disk(tmp_path / "again")
    for loaded in (nlp, spacy.load(tmp_path / "again")):
        for word in ("kedi", "Evet", "görülmemiş"):
            assert np.allclose(np.array(loaded.vocab[word].vector), learned[0].get_word_vector(word), atol=1e-6)
    assert set(learned[0].words) > {"kedi", "Evet", "Evde", "label__x", ",", "!"}
    assert train_vectors(text, tmp_path / "out", "tr", settings) == (made, False)
    assert train_vectors(text, tmp_path / "out", "tr", FloretSettings(**TINY, lower=True))[1]
    assert spacy.load(tmp_path / "out").vocab.vectors.attr == LOWER != ORTH


def test_same_text_same_vectors(text: Path, tmp_path: Path) -> None:
    pytest.importorskip("floret")
    for model in ("cbow", "skipgram"):
        tables = []
        for folder in ("one", "two"):
            train_vectors(text, tmp_path / model / folder, "tr", FloretSettings(**TINY, model=model))
            tables.append(spacy.load(tmp_path / model / folder).vocab.vectors.data)
        assert np.array_equal(*tables)


def test_words_of_the_tokenizer(text: Path, tmp_path: Path) -> None:
    expected = ["Evet , kedi uyuyor !", "Evde kediler uyuyor .", "", "_ _ label__x kedi tatlı"]
    for lower in (False, True):
        write_words(text, tmp_path / "words", "tr", lower, silent)
        found = (tmp_path / "words").read_text(encoding="utf8").split("\n")[:4]
        assert found == [line.lower() if lower else line for line in expected]


def test_nothing_to_learn_from(text: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("floret")
    with pytest.raises(CorpusError, match="D226.*1000 times"):
        train_vectors(text, tmp_path / "out", "tr", FloretSettings(**{**TINY, "min_count": 1000}))
    with pytest.raises(CorpusError, match="D108"):
        train_vectors(tmp_path / "no.txt", tmp_path / "out", "tr", FloretSettings())
    text.write_bytes(text.read_bytes()[:-30])
    with pytest.raises(CorpusError, match="D200"):
        train_vectors(text, tmp_path / "out", "tr", FloretSettings())
    monkeypatch.setitem(sys.modules, "floret", None)
    with pytest.raises(CorpusError, match=r"D223.*floret.*spacy-rnn\[vectors\]"):
        train_vectors(text, tmp_path / "out", "tr", FloretSettings())
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "wrong",
    [
        *({"model": "glove"}, {"dim": 0}, {"rows": 0}, {"minn": 0}, {"minn": 4, "maxn": 3}, {"hash_count": 5}),
        *({"min_count": 0}, {"epochs": 0}, {"learn_rate": 2.0}, {"window": 0}, {"negatives": 0}),
    ],
    ids=str,
)
def test_settings_are_checked(wrong: Any) -> None:
    with pytest.raises(SettingError, match="R00[15]"):
        FloretSettings(**wrong)
