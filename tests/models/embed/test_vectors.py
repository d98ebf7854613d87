"""Static vectors: whatever the table, a word has the vector that spaCy itself finds for it, or zeros."""

from typing import Any, Dict, List

import numpy as np
import pytest
import spacy
from hypothesis import given
from hypothesis import strategies as st
from spacy.ml.staticvectors import StaticVectors
from spacy.strings import StringStore
from spacy.tokens import Doc
from spacy.vectors import BaseVectors, Vectors
from spacy.vocab import Vocab

from spacy_rnn.models.embed.features import distinct_words
from spacy_rnn.models.types import WordVectors

from ...helpers import build, make_doc

WIDTH = 3
ATTRS = ["ORTH", "LOWER", "NORM", "SHAPE", "PREFIX", "LEMMA", "TAG"]
FLORET = {"mode": "floret", "minn": 2, "maxn": 3, "hash_count": 2}

some_words = st.lists(st.sampled_from(["Cat", "cat", "CAT", "dog", "n't", "x", "unheard-of"]), max_size=6)
vectors = st.lists(st.lists(st.integers(-5, 5), min_size=WIDTH, max_size=WIDTH), max_size=5)


ENGLISH = spacy.blank("en").vocab


def annotated(vocab: Vocab, words: List[str], seed: int = 0) -> Doc:
    """Tokens of one word with different norms, lemmas and tags, of which some are keys of the tables."""
    drawn = np.random.default_rng(seed).choice(["cat", "dog", ""], size=(3, len(words))).tolist()
    doc = Doc(vocab, words=words, lemmas=drawn[0], tags=drawn[1])
    for token, norm in zip(doc, drawn[2]):
        if norm:
            token.norm_ = norm
    return doc


def expected(doc: Doc) -> np.ndarray:
    """What spaCy's own layer finds."""
    model: Any = StaticVectors(nO=WIDTH, nM=WIDTH)
    model.initialize(X=[doc])
    model.set_param("W", np.eye(WIDTH, dtype="f"))
    return model.predict([doc]).data.reshape(-1, WIDTH)


def layer(docs: List[Doc], cached: bool) -> Any:
    """Word features that return the vectors as they are found, alone or after features that are cached."""
    words = {"@architectures": "spacy-rnn.WordEmbed.v1", "width": 4} if cached else None
    feature = {"@architectures": "spacy-rnn.StaticVectors.v1", "width": WIDTH}
    model = build({"@architectures": "spacy-rnn.WordFeatures.v1", "words": words, "vectors": feature, "width": None})
    model.initialize(X=docs)
    weights: Any = np.eye(WIDTH, dtype="f")
    model.layers[-1].set_param("W", weights)
    return model


def of_tokens(found: WordVectors) -> np.ndarray:
    return np.asarray(found.vectors)[found.index][:, -WIDTH:]


def ours(docs: List[Doc], cached: bool = False) -> List[np.ndarray]:
    """What the feature finds, in prediction and in training."""
    model = layer(docs, cached)
    trained, backprop = model.begin_update(docs)
    backprop(np.ones_like(trained.vectors))
    found = model.predict(docs)
    assert np.array_equal(of_tokens(found), of_tokens(trained))
    return np.split(of_tokens(found), np.cumsum(found.lengths)[:-1])


@given(words=some_words, data=vectors, attr=st.sampled_from(ATTRS), keys=some_words, cached=st.booleans())
def test_tables_of_words(words: List[str], data: List[List[int]], attr: str, keys: List[str], cached: bool) -> None:
    """Several keys of one row, rows without a key, no rows at all."""
    vocab = ENGLISH
    table = np.array(data, dtype="f").reshape(-1, WIDTH)
    vocab.vectors = Vectors(data=table, strings=vocab.strings, attr=attr)
    for i, key in enumerate(keys if len(table) else []):
        vocab.vectors.add(key, row=i % len(table))
    docs = [annotated(vocab, words), annotated(vocab, ["cat"], seed=1)]
    for doc, found in zip(docs, ours(docs, cached)):
        if len(table):
            assert np.array_equal(found, expected(doc))
        else:
            assert not found.any()
        if attr not in ("NORM", "LEMMA", "TAG"):  # by which spaCy's tokens look up twice
            assert np.array_equal(found, np.array([token.vector for token in doc]).reshape(-1, WIDTH))


@given(words=some_words, attr=st.sampled_from(ATTRS[:5]), own_strings=st.booleans())
def test_tables_of_ngrams(words: List[str], attr: str, own_strings: bool) -> None:
    """The table may have a string store of its own, which has none of the words."""
    vocab = ENGLISH
    data = np.random.default_rng(0).normal(size=(20, WIDTH)).astype("f")
    vocab.vectors = Vectors(data=data, strings=vocab.strings, attr=attr, **FLORET)
    docs = [annotated(vocab, words), annotated(vocab, ["cat"], seed=1)]
    right = [expected(doc) for doc in docs]
    if own_strings:
        vocab.vectors = Vectors(data=data, strings=StringStore(), attr=attr, **FLORET)
    for found, wanted in zip(ours(docs), right):
        np.testing.assert_allclose(found, wanted, atol=1e-6)


class Lengths(BaseVectors):
    """A table that is not spaCy's: how long a word is."""

    shape = (0, WIDTH)

    def __init__(self, strings: StringStore):
        self.strings = strings

    def get_batch(self, keys: List[int]) -> np.ndarray:
        return np.array([[len(self.strings[key])] * WIDTH for key in keys], dtype="f").reshape(-1, WIDTH)


def test_tables_that_are_not_spacys() -> None:
    vocab = ENGLISH
    vocab.vectors = Lengths(vocab.strings)
    (found,) = ours([Doc(vocab, words=["a", "Cats", "a"])])
    assert found[:, 0].tolist() == [1, 4, 1]


def changes() -> Dict[str, Any]:
    data = np.arange(6, dtype="f").reshape(2, WIDTH) + 1

    def replace(vocab: Vocab, **settings: Any) -> None:
        vocab.vectors = Vectors(data=data, strings=vocab.strings, **settings)
        if "mode" not in settings:
            vocab.vectors.add("cat", row=1)

    return {
        "set": lambda vocab: vocab.set_vector("Cat", data[1]),
        "cleared": lambda vocab: vocab.vectors.clear(),
        "pruned": lambda vocab: vocab.prune_vectors(1),
        "of another table": replace,
        "by another key": lambda vocab: replace(vocab, attr="LOWER"),
        "of n-grams": lambda vocab: replace(vocab, **FLORET),
        "resized": lambda vocab: vocab.vectors.resize((1, WIDTH)),
        "written in place": lambda vocab: vocab.vectors.data.fill(7.0),
    }


@pytest.mark.parametrize("change", changes())
@pytest.mark.parametrize("cached", [False, True])
def test_changed_after_a_prediction(change: str, cached: bool) -> None:
    """The next prediction has the vectors of the table as it is."""
    vocab = ENGLISH
    vocab.vectors = Vectors(data=np.eye(3, dtype="f"), strings=vocab.strings, keys=["dog", "Cat", "x"])
    doc = Doc(vocab, words=["Cat", "dog", "cat", "unheard-of"])
    model = layer([doc], cached)
    before = of_tokens(model.predict([doc]))
    changes()[change](vocab)
    after = of_tokens(model.predict([doc]))
    assert np.array_equal(after, expected(doc)) and not np.array_equal(after, before)


def test_a_word_without_a_vector_teaches_nothing() -> None:
    vocab = ENGLISH
    vocab.vectors = Vectors(data=np.eye(3, dtype="f"), strings=vocab.strings, keys=["dog", "cat", "last"])
    model = build({"@architectures": "spacy-rnn.StaticVectors.v1", "width": 5})
    types, _, _ = distinct_words([make_doc(["dog", "unheard-of", "new"], vocab)])
    model.initialize(X=types)
    model.begin_update(types)[1](np.ones((3, 5), dtype="f"))
    np.testing.assert_array_equal(model.get_grad("W"), np.tile([1.0, 0.0, 0.0], (5, 1)))
