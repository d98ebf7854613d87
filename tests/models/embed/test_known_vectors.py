"""`spacy-rnn.StaticVectors.v2`: how words are looked up, what is learned, and that no edit of a table is missed."""

from typing import Any, Callable, Dict, List, Sequence

import numpy as np
import pytest
import spacy
from hypothesis import given
from hypothesis import strategies as st
from spacy.strings import StringStore
from spacy.tokens import Doc
from spacy.vectors import BaseVectors, Vectors
from spacy.vocab import Vocab
from thinc.api import Adam, Model

from spacy_rnn.base.distributed import shared
from spacy_rnn.models.embed.features import distinct_words
from spacy_rnn.models.embed.table import known_words, spellings

from ...helpers import build, encoder_config, make_doc

WIDTH = 3
FLORET: Dict[str, Any] = {"mode": "floret", "minn": 2, "maxn": 3, "hash_count": 2}
WORDS = ["cat", "Cat", "CAT", "dog", "Café", "cafe", "1990", "0000", "12th", "th", "x", ""]
some_words = st.lists(st.sampled_from(WORDS[:-1]), min_size=1, max_size=6)


def vocab_of(words: Sequence[str], data: Any = None, attr: str = "ORTH") -> Vocab:
    """A vocabulary whose table has these words, each with a row of its own."""
    vocab = spacy.blank("xx").vocab
    rows = np.arange(1, len(words) * WIDTH + 1).reshape(-1, WIDTH) if data is None else data
    vocab.vectors = Vectors(data=np.array(rows, dtype="f"), strings=vocab.strings, attr=attr)
    for row, word in enumerate(words):
        vocab.vectors.add(word, row=row)
    return vocab


def feature(**settings: Any) -> Model:
    config = {"@architectures": "spacy-rnn.StaticVectors.v2", "width": 5, "precision": "fp32", **settings}
    return build(config)


def word_features(alone: bool = True, **settings: Any) -> Model:
    words = None if alone else {"@architectures": "spacy-rnn.WordEmbed.v1", "width": 2, "precision": "fp32"}
    vectors = {"@architectures": "spacy-rnn.StaticVectors.v2", "width": 5, "precision": "fp32", **settings}
    return build({"@architectures": "spacy-rnn.WordFeatures.v1", "words": words, "vectors": vectors, "width": 4,
                  "precision": "fp32"})  # fmt: skip


def of_tokens(model: Any, docs: List[Doc]) -> np.ndarray:
    found = model.predict(docs)
    return np.asarray(found.vectors)[found.index]


def learn(model: Any, X: Any, steps: int = 3) -> None:
    optimizer = Adam(0.1)
    for _ in range(steps):
        output, backprop = model.begin_update(X)
        backprop(np.ones_like(getattr(output, "vectors", output)))
        model.finish_update(optimizer)


@pytest.mark.parametrize(
    ("table", "word", "found"),
    [
        (["Cat", "cat"], "Cat", "Cat"),
        (["Cat", "cat"], "CAT", "cat"),
        (["CAT"], "cat", None),
        (["0000", "####", "b", "0b0"], "1990", "0000"),
        (["####"], "1990", "####"),
        (["b", "0b0"], "1B2", "0b0"),
        (["b"], "1B2", "b"),
        (["cafe", "th"], "Café", "cafe"),
        (["cafe00", "cafe"], "Café12", "cafe00"),
        (["café", "cafe"], "CAFÉ", "café"),
        ([""], "12", None),
        (["#", "##"], "3", None),
        (["#", "##,3"], "12,3", "##,3"),
        (["#,#", ",", "-"], "3,4", None),
        (["nd"], "22nd", "nd"),
        (["naïve"], "naive", None),
    ],
)
@pytest.mark.parametrize("attr", ["ORTH", "LOWER"])
def test_spellings(table: List[str], word: str, found: str, attr: str) -> None:
    vocab = vocab_of(table, attr=attr)
    if attr == "LOWER" and word == "Cat":
        found = "cat"
    known = known_words(distinct_words([make_doc([word], vocab)])[0])
    right = np.zeros(WIDTH) if found is None else vocab.vectors[found]
    np.testing.assert_array_equal(known.vectors, [right])
    assert known.keys.tolist() == [0 if found is None else vocab.strings[found]]


@given(st.text())
def test_spellings_are_other_ones(word: str) -> None:
    found = spellings(word)
    assert word not in found and "" not in found and len(set(found)) == len(found)


def test_empty_rows_are_no_vectors() -> None:
    """The spelling in lower case, or else the learned vector, takes their place."""
    vocab = vocab_of(["Cat", "cat", "Dog", "dog"], [[0, 0, 0], [1, 2, 3], [0, 0, 0], [0, 0, 0]])
    known = known_words(distinct_words([make_doc(["Cat"], vocab)])[0])
    assert known.vectors.tolist() == [[1, 2, 3]]
    model: Any = feature()
    types, index, _ = distinct_words([make_doc(["Dog", "unheard-of", "Cat"], vocab)])
    model.initialize(X=types)
    learn(model, types)
    dog, unheard, cat = model.predict(types)[index]
    assert np.array_equal(dog, unheard) and np.abs(dog).min() > 1e-3 and not np.allclose(dog, cat)


def test_vectors_are_scaled() -> None:
    """The mean of their squared norms over the table is 1; rows of zeros do not count."""
    vocab = vocab_of(["a", "b", "c"], [[3, 0, 0], [0, 0, 6], [0, 0, 0]])
    model: Any = feature()
    model.initialize(X=distinct_words([make_doc(["a"], vocab)])[0])
    assert model.shims[0].module.scale.item() == pytest.approx(((9 + 36) / 2) ** -0.5)


def test_needs_vectors() -> None:
    model: Any = feature()
    with pytest.raises(ValueError, match="R009"):
        model.initialize(X=distinct_words([make_doc(["a"], Vocab())])[0])
    model.initialize(X=distinct_words([make_doc(["cat"], vocab_of(["cat"]))])[0])
    other = Vocab()
    for width in (0, 2):
        other.vectors = Vectors(shape=(int(width > 0), width), strings=other.strings)
        with pytest.raises(ValueError, match=f"R010.*{width} wide.*3"):
            model.predict(distinct_words([make_doc(["a"], other)])[0])


@pytest.mark.parametrize("settings", [{"width": 0}, {"rows": 1}, {"dropout": 1.0}, {"dropout": -0.1}])
def test_settings_out_of_range(settings: Any) -> None:
    with pytest.raises(ValueError, match=f"R005.*{next(iter(settings))}"):
        feature(**settings)


class Lengths(BaseVectors):
    """A table that is not spaCy's: how long a word is."""

    shape = (0, WIDTH)

    def __init__(self, strings: StringStore):
        self.strings = strings

    def get_batch(self, keys: List[int]) -> np.ndarray:
        return np.array([[len(self.strings[key])] * WIDTH for key in keys], dtype="f").reshape(-1, WIDTH)


def test_tables_of_other_kinds() -> None:
    """Tables of n-grams know every word, as spaCy finds them. Other tables look their words up themselves."""
    vocab = spacy.blank("xx").vocab
    data = np.random.default_rng(0).normal(size=(20, WIDTH)).astype("f")
    vocab.vectors = Vectors(data=data, strings=vocab.strings, **FLORET)
    doc = make_doc(["Cat", "unheard-of", "x"], vocab)
    types, index, _ = distinct_words([doc])
    expected = np.array([token.vector for token in doc])
    np.testing.assert_allclose(known_words(types).vectors[index], expected, atol=1e-6)
    for array in (data.astype(np.float16), np.frombuffer(data.tobytes(), dtype="f").reshape(data.shape)):
        # Of a pipeline from bytes the table cannot be written to.
        vocab.vectors.data = array
        np.testing.assert_allclose(known_words(types).vectors[index], expected, atol=1e-2)
    vocab.vectors = Lengths(vocab.strings)
    assert known_words(types).vectors[index][:, 0].tolist() == [3, 10, 1]
    model: Any = word_features()
    model.initialize(X=[doc])
    assert of_tokens(model, [doc]).shape == (3, 4)


def test_learned_differences() -> None:
    """Words that training met move, together with their other spellings; the table stays as it is, and the layer saves
    the words met only."""
    vocab = vocab_of([f"w{i}" for i in range(500)])
    before = vocab.vectors.data.copy()
    model: Any = feature(trainable=True)
    types = distinct_words([make_doc(["w1", "W1", "w2", "unheard-of"], vocab)])[0]
    model.initialize(X=types)
    learn(model, types)
    differences = model.shims[0].module.differences
    assert len(differences) == 3 and differences.counts.tolist() == [0, 6, 3]
    assert differences.weight[1:3].abs().min() > 1e-3 and not differences.weight[0].any()
    assert np.array_equal(vocab.vectors.data, before)
    size = {trainable: len(build_like(model, types, trainable).to_bytes()) for trainable in (False, True)}
    assert size[True] - size[False] < 1000 and size[False] < 2000
    loaded = feature(trainable=True).from_bytes(model.to_bytes())
    np.testing.assert_array_equal(loaded.predict(types), model.predict(types))


def build_like(model: Model, types: Any, trainable: bool) -> Model:
    made: Any = feature(trainable=trainable)
    made.initialize(X=types)
    learn(made, types)
    return made


def test_processes_learn_the_words_of_all() -> None:
    vocab = vocab_of(["a", "b", "c"])
    model: Any = feature(trainable=True)
    types = distinct_words([make_doc(["a"], vocab)])[0]
    model.initialize(X=types)
    others = np.array([vocab.strings["b"], vocab.strings["a"]], dtype=np.uint64).view(np.int64)
    with shared(lambda n: n, lambda keys, counts: (others, np.array([2, 5]))):
        model.begin_update(types)
    differences = model.shims[0].module.differences
    assert differences.keys[1:].tolist() == others.tolist() and differences.counts.tolist() == [0, 2, 5]


def edits() -> Dict[str, Callable[[Vocab, str, np.ndarray], Any]]:
    def write(vocab: Vocab, word: str, vector: np.ndarray) -> None:
        if len(vocab.vectors.data):
            vocab.vectors.data[len(word) % len(vocab.vectors.data)] = vector

    def replace(vocab: Vocab, word: str, vector: np.ndarray, **settings: Any) -> None:
        data = np.stack([vector, vector[::-1], vector * 2])
        vocab.vectors = Vectors(data=data, strings=vocab.strings, **settings)
        if not settings.get("mode"):
            vocab.vectors.add(word, row=1)

    def add(vocab: Vocab, word: str, vector: np.ndarray) -> None:
        if vocab.vectors.mode == "default" and len(vocab.vectors):
            vocab.vectors.add(word, row=0)

    def of_words(change: Callable[..., Any]) -> Callable[..., Any]:
        return lambda vocab, *args: change(vocab, *args) if vocab.vectors.mode == "default" else None

    return {
        "nothing": lambda vocab, word, vector: None,
        "write": write,
        "add": add,
        "set": of_words(lambda vocab, word, vector: vocab.set_vector(word, vector)),
        "clear": of_words(lambda vocab, word, vector: vocab.vectors.clear()),
        "replace": replace,
        "by lower case": lambda vocab, word, vector: replace(vocab, word, vector, attr="LOWER"),
        "n-grams": lambda vocab, word, vector: replace(vocab, word, vector, **FLORET),
        "reset": of_words(lambda vocab, word, vector: vocab.reset_vectors(width=WIDTH)),
        "remove": of_words(lambda vocab, word, vector: vocab.vectors.key2row.pop(vocab.strings[word], None)),
        "new data": lambda vocab, word, vector: setattr(vocab.vectors, "data", vocab.vectors.data * vector),
    }


numbers = st.lists(st.integers(-2, 2), min_size=WIDTH, max_size=WIDTH)
history = st.lists(st.tuples(st.sampled_from(sorted(edits())), st.sampled_from(WORDS), numbers), max_size=5)


@given(words=some_words, changes=history, alone=st.booleans(), trainable=st.booleans())
def test_no_edit_is_missed(words: List[str], changes: Any, alone: bool, trainable: bool) -> None:
    """After each of any edits a prediction is that of a model that has kept nothing."""
    vocab = vocab_of(["cat", "Cat", "cafe"])
    doc, other = make_doc(words, vocab), make_doc(WORDS[:-1], vocab)
    model: Any = word_features(alone, trainable=trainable)
    model.initialize(X=[other])
    learn(model, [other])
    fresh: Any = word_features(alone, trainable=trainable).from_bytes(model.to_bytes())
    fresh.attrs["cache"].size = 0
    for name, word, vector in changes:
        edits()[name](vocab, word, np.array(vector, dtype="f"))
        np.testing.assert_allclose(of_tokens(model, [doc]), of_tokens(fresh, [doc]), atol=1e-5)


def test_kept_words_are_not_computed_again() -> None:
    vocab = vocab_of(["cat", "dog"])
    doc = make_doc(["cat", "dog", "x"], vocab)
    model: Any = word_features()
    model.initialize(X=[doc])
    model.predict([doc])
    cache = model.attrs["cache"]
    assert len(cache) == 3
    model.predict([doc])
    assert len(cache) == 3
    vocab.vectors.data[0] += 1.0
    model.predict([doc])
    assert len(cache) == 4


def test_a_word_that_becomes_another_one() -> None:
    """Two words of one vector differ in what was learned of them."""
    vocab = vocab_of(["Cat", "cat"], [[1, 2, 3], [1, 2, 3]])
    doc = make_doc(["Cat"], vocab)
    model: Any = word_features(trainable=True)
    model.initialize(X=[doc])
    learn(model, [doc])
    before = of_tokens(model, [doc])
    vocab.vectors.key2row.pop(vocab.strings["Cat"])
    after = of_tokens(model, [doc])
    assert not np.allclose(before, after)
    np.testing.assert_allclose(after, of_tokens(model, [make_doc(["cat"], vocab)]), atol=1e-6)


def test_vocabularies_in_one_batch() -> None:
    """Each document is read with the table of its own vocabulary."""
    vocabs = [vocab_of(["cat", "dog"]), vocab_of(["dog", "cat"])]
    docs = [make_doc(["cat", "dog"], vocab) for vocab in vocabs]
    model: Any = word_features()
    model.initialize(X=docs[:1])
    first, second = np.split(of_tokens(model, docs), 2)
    np.testing.assert_allclose(first, second[::-1], atol=1e-6)
    assert not np.allclose(first[0], first[1])


def test_inside_an_encoder() -> None:
    """Batch invariance, and learning by all parameters."""
    vocab = vocab_of(["cat", "dog"])
    config = encoder_config(vectors=True)
    config["embed"]["vectors"] = {"@architectures": "spacy-rnn.StaticVectors.v2", "width": 5, "trainable": True}
    model: Any = build(config)
    docs = [make_doc(words, vocab) for words in (["cat", "new"], [], ["dog", "Cat"])]
    model.initialize(X=docs)
    together = model.predict(docs)
    alone = [model.predict([doc])[0] for doc in docs]
    for one, other in zip(together, alone):
        np.testing.assert_allclose(one, other, atol=1e-5)
