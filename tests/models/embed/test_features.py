"""The features of a word, and which words have equal features."""

from __future__ import annotations

import sys
from typing import Any, List, Optional, Tuple

import numpy as np
import pytest
import spacy
from hypothesis import given
from hypothesis import strategies as st
from spacy.vocab import Vocab

from spacy_rnn.models.embed.char import spell
from spacy_rnn.models.embed.features import distinct_words

from ...helpers import VOCAB, batches, build, make_doc, scatter_weights, torch_shims


def feature(name: str, words: List[str], **settings: Any) -> Any:
    """An initialized feature that has been trained on words."""
    model = build({"@architectures": f"spacy-rnn.{name}.v1", **settings})
    types = distinct_words([make_doc(words)])[0]
    model.initialize(X=types)
    model.begin_update(types)
    return scatter_weights(model)


def vectors(model: Any, words: List[str]) -> np.ndarray:
    types, index, _ = distinct_words([make_doc(words)])
    return model.predict(types)[index]


@given(texts=batches)
def test_distinct_words(texts: List[List[str]]) -> None:
    docs = [make_doc(text) for text in texts]
    types, index, lengths = distinct_words(docs)
    strings = [VOCAB.strings[orth] for orth in types.orths.tolist()]
    assert len(set(strings)) == len(strings)
    assert [strings[i] for i in index.tolist()] == [word for text in texts for word in text]
    assert lengths.tolist() == [len(text) for text in texts]
    assert types.counts.tolist() == np.bincount(index, minlength=len(strings)).tolist()


def test_word_vectors_by_norm() -> None:
    model = feature("WordEmbed", ["Known", "other"], precision="fp32")
    known, lower, other, new, newer = vectors(model, ["Known", "known", "other", "new", "newer"])
    assert np.array_equal(known, lower)
    assert np.array_equal(new, newer)
    assert not np.allclose(known, other) and not np.allclose(known, new)


def test_word_vectors_by_form() -> None:
    known, lower = vectors(feature("WordEmbed", ["Known"], attr="ORTH", precision="fp32"), ["Known", "known"])
    assert not np.allclose(known, lower)


def test_rare_words_are_dropped_more_often() -> None:
    """With probability a / (a + n) (Kiperwasser & Goldberg 2016)."""
    model = build({"@architectures": "spacy-rnn.WordEmbed.v1", "width": 2, "word_dropout": 5.0, "precision": "fp32"})
    words = ["often"] * 45 + ["rare"] * 5
    types = distinct_words([make_doc(words)])[0]
    model.initialize(X=types)
    module: Any = torch_shims(model)[0].module
    unknown = vectors(model, ["never"])[0]
    dropped = np.zeros(2)
    for _ in range(400):
        module.counts.zero_()
        dropped += (model.begin_update(types)[0] == unknown).all(axis=1)
    order = [VOCAB.strings[orth] for orth in types.orths.tolist()]
    shares = dict(zip(order, (dropped / 400).tolist()))
    assert shares["often"] == pytest.approx(5 / (5 + 45), abs=0.06)
    assert shares["rare"] == pytest.approx(5 / (5 + 5), abs=0.08)


def test_no_word_dropout_drops_nothing() -> None:
    model = feature("WordEmbed", ["a", "b"], word_dropout=0.0, precision="fp32")
    types = distinct_words([make_doc(["a", "b"])])[0]
    np.testing.assert_array_equal(model.begin_update(types)[0], model.predict(types))


def test_full_table_shares_the_unknown_vector() -> None:
    model = feature("WordEmbed", ["a", "b", "c", "d"], rows=3, precision="fp32")
    assert len(np.unique(vectors(model, ["a", "b", "c", "d", "e"]), axis=0)) == 3


@pytest.mark.parametrize(
    ("attr", "same", "other"), [("SHAPE", "Dog", "dog"), ("SUFFIX", "concat", "dog"), ("IS_DIGIT", "a", "1")]
)
def test_lexical_attributes(attr: str, same: str, other: str) -> None:
    model = feature("LexEmbed", ["Cat"], attrs=[attr], width=8, precision="fp32")
    cat, first, second = vectors(model, ["Scat" if attr == "SUFFIX" else "Cat", same, other])
    assert np.array_equal(cat, first)
    assert not np.allclose(cat, second)


@pytest.mark.parametrize(
    ("attr", "word", "same", "other"),
    [("SUFFIX2", "Going", "seeING", "gone"), ("PREFIX3", "undo", "Undone", "nude"), ("SUFFIX9", "x", "X", "xx")],
)
def test_affixes(attr: str, word: str, same: str, other: str) -> None:
    first, second, third = vectors(feature("LexEmbed", [word], attrs=[attr], precision="fp32"), [word, same, other])
    assert np.array_equal(first, second)
    assert not np.allclose(first, third)


def test_characters_see_every_character() -> None:
    model = feature("CharEmbed", ["abcdefgh"], precision="fp32")
    found = vectors(model, ["abcd", "abdc", "abcdabcd", "dcba", "abc"])
    assert len(np.unique(found.round(5), axis=0)) == 5


def test_unknown_characters_share_a_vector() -> None:
    model = feature("CharEmbed", ["abc"], precision="fp32")
    first, second, known = vectors(model, ["aλc", "aшc", "abc"])
    np.testing.assert_allclose(first, second, atol=1e-6)
    assert not np.allclose(first, known)


def test_long_words_keep_head_and_tail() -> None:
    model = feature("CharEmbed", ["abcxyz"], max_chars=6, precision="fp32")
    long, short, tail = vectors(model, ["abc" + "q" * 10_000 + "xyz", "abcxyz", "abc" + "q" * 10_000 + "xyy"])
    np.testing.assert_allclose(long, short, atol=1e-6)
    assert not np.allclose(long, tail)


@given(word=st.text(min_size=1), max_chars=st.integers(2, 10))
def test_spelling(word: str, max_chars: int) -> None:
    spelled = spell(word, max_chars, None)[1:-1]
    assert len(spelled) <= max_chars
    assert spelled == word or (len(word) > max_chars and word.startswith(spelled[: max_chars // 2]))
    assert word.endswith(spelled[-(max_chars // 2) :])


def test_unicode_forms() -> None:
    """A precomposed letter and its decomposition are the same word in every form but None."""
    assert spell("é", 40, "NFD") == spell("e\u0301", 40, "NFD") != spell("e", 40, "NFD")
    assert len(spell("한", 40, "NFD")) == 3 + 2
    composed, decomposed = vectors(
        feature("CharEmbed", ["e\u0301"], unicode_form="NFC", precision="fp32"), ["é", "e\u0301"]
    )
    np.testing.assert_allclose(composed, decomposed, atol=1e-6)


@pytest.mark.parametrize("pooling", ["last", "max", "mean", "attention"])
@pytest.mark.parametrize("shape", [(True, 1), (False, 2)])
def test_character_networks_of_every_kind(pooling: str, shape: Tuple[bool, int]) -> None:
    settings = {"width": 12, "pooling": pooling, "bidirectional": shape[0], "depth": shape[1], "precision": "fp32"}
    model = feature("CharEmbed", ["ab"], **settings)
    first, second = vectors(model, ["ab", "ba"])
    assert first.shape == (12,) and not np.allclose(first, second)


@pytest.mark.parametrize("width", [None, 6])
@pytest.mark.parametrize(
    "kept", [("words",), ("chars",), ("lexical",), ("words", "lexical"), ("chars", "vectors"), ("vectors",)]
)
def test_any_subset_of_features(kept: Tuple[str, ...], width: Optional[int]) -> None:
    names = {"words": "WordEmbed", "chars": "CharEmbed", "lexical": "LexEmbed", "vectors": "StaticVectors"}
    config = {name: {"@architectures": f"spacy-rnn.{names[name]}.v1", "width": 8} for name in kept}
    model = build({"@architectures": "spacy-rnn.WordFeatures.v1", "width": width, **config})
    vocab = with_vectors()
    docs = [make_doc(["a", "b"], vocab), make_doc(["c"], vocab)]
    model.initialize(X=docs)
    assert model.predict(docs).vectors.shape[1] == model.get_dim("nO")
    found, backprop = model.begin_update(docs)
    assert found.vectors.shape == (3, model.get_dim("nO"))
    backprop(np.ones_like(found.vectors))


def with_vectors(width: int = 4) -> Vocab:
    vocab = spacy.blank("xx").vocab
    vocab.reset_vectors(width=width)
    for i, word in enumerate(["a", "b", "cat"]):
        vocab.set_vector(word, np.eye(3, width, k=0, dtype="f")[i])
    return vocab


def static_vectors(vocab: Vocab) -> Any:
    model = build({"@architectures": "spacy-rnn.StaticVectors.v1", "width": 5})
    model.initialize(X=distinct_words([make_doc(["a"], vocab)])[0])
    return model


def test_static_vectors_are_projected() -> None:
    vocab = with_vectors()
    model = static_vectors(vocab)
    types, index, _ = distinct_words([make_doc(["cat", "unheard-of", "a"], vocab)])
    found = model.predict(types)[index]
    W = model.get_param("W")
    np.testing.assert_allclose(found, np.stack([W[:, 2], np.zeros(5), W[:, 0]]), atol=1e-6)
    backprop = model.begin_update(types)[1]
    backprop(np.ones((3, 5), dtype="f"))
    np.testing.assert_allclose(model.get_grad("W"), np.tile([1.0, 0.0, 1.0, 0.0], (5, 1)))


def test_static_vectors_need_vectors() -> None:
    with pytest.raises(ValueError, match="R009"):
        static_vectors(Vocab())
    model = static_vectors(with_vectors(4))
    for vocab, width in [(with_vectors(3), 3), (Vocab(), 0)]:
        with pytest.raises(ValueError, match=f"R010.*{width} wide.*4"):
            model.predict(distinct_words([make_doc(["a"], vocab)])[0])


def test_edited_vectors_are_seen_at_once() -> None:
    """Static vectors are looked up in each prediction; only results of the weights are cached."""
    vocab = with_vectors()
    model = build(
        {
            "@architectures": "spacy-rnn.WordFeatures.v1",
            "words": {"@architectures": "spacy-rnn.WordEmbed.v1", "width": 3},
            "vectors": {"@architectures": "spacy-rnn.StaticVectors.v1", "width": 5},
            "width": None,
        }
    )
    doc = make_doc(["a"], vocab)
    model.initialize(X=[doc])
    before = model.predict([doc]).vectors.copy()
    vocab.set_vector("a", model.ops.alloc1f(4) + 2.0)
    after = model.predict([doc]).vectors
    assert np.array_equal(before[:, :3], after[:, :3]) and not np.allclose(before[:, 3:], after[:, 3:])


def test_no_reference_to_documents_is_kept() -> None:
    doc = make_doc(["a"])
    model = feature("WordEmbed", ["a"], precision="fp32")
    count = sys.getrefcount(doc)
    model.predict(distinct_words([doc])[0])
    assert sys.getrefcount(doc) == count
