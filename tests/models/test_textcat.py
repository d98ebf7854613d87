"""The text categorizer's model: what it refuses, how it cuts texts, and that the end of a long text counts."""

from __future__ import annotations

from typing import Any, Dict, List

import numpy as np
import pytest
import spacy
from hypothesis import given
from hypothesis import strategies as st
from thinc.api import Adam, Model

from spacy_rnn.base.arrays import activate, softmax
from spacy_rnn.models.embed.text import text_units, token_sizes
from spacy_rnn.models.text_pieces import bags_of, pieces_of
from spacy_rnn.nn.ngrams import WordBags
from spacy_rnn.shim import shim_of

from ..helpers import ODD_TEXTS, assert_all_close, build, encoder_config, make_doc, scatter_weights

Y = np.zeros((1, 3), dtype="f")


def textcat_model(encoder: Any = None, **settings: Any) -> Model:
    tok2vec = {"tok2vec": encoder_config() if encoder is None else encoder}
    version = "v2" if {"char_ngrams", "ngram_rarity"} & set(settings) else "v1"
    return build({"@architectures": f"spacy-rnn.TextCat.{version}", "precision": "fp32", **tok2vec, **settings})


def chars_config(unit: str = "char", **rnn: Any) -> Dict[str, Any]:
    embed = {"@architectures": "spacy-rnn.TextEmbed.v1", "unit": unit, "width": 6, "rows": 60, "precision": "fp32"}
    encode = {"@architectures": "spacy-rnn.RNN.v1", "width": 8, "precision": "fp32", **rnn}
    return {"@architectures": "spacy-rnn.RNNEncoder.v1", "embed": embed, "encode": encode}


def ready(model: Model) -> Model:
    """Initialized, with weights that are all different from zero."""
    model.initialize(X=[make_doc(["one", "two", "three"])], Y=Y)
    return scatter_weights(model, 0.3)


SPACY_ENCODER = {
    "@architectures": "spacy.Tok2Vec.v2",
    "embed": {
        "@architectures": "spacy.MultiHashEmbed.v2",
        "width": 8,
        "attrs": ["NORM"],
        "rows": [50],
        "include_static_vectors": False,
    },
    "encode": {"@architectures": "spacy-rnn.RNN.v1", "width": 8, "precision": "fp32"},
}
VARIANTS: Dict[str, Dict[str, Any]] = {
    "plain": {"pooling": ["last", "mean", "max", "attention"], "heads": 2, "hidden": 5},
    "windows": {"hierarchy": "windows", "segment": 3, "segment_width": 6},
    "chars": {"encoder": chars_config(), "pooling": ["last", "attention"]},
    "ngrams": {"ngrams": 3, "ngram_rows": 40},
    "ngrams of characters": {"ngrams": 1, "char_ngrams": 4, "ngram_rows": 40, "ngram_rarity": 0.5},
    "spaCy's encoder in windows": {"encoder": SPACY_ENCODER, "hierarchy": "windows", "segment": 3, "segment_width": 6},
    "bytes in windows": {"encoder": chars_config("byte", window=9, context=2), "hierarchy": "windows", "segment": 5},
}


@pytest.mark.parametrize("name", ["windows", "bytes in windows"])
@given(sizes=st.lists(st.integers(0, 60), min_size=1, max_size=4), run=st.integers(1, 50))
def test_reading_in_runs_changes_nothing(name: str, sizes: List[int], run: int) -> None:
    """However few tokens are in memory at a time."""
    model = ready(textcat_model(**VARIANTS[name]))
    docs = [make_doc([chr(97 + i % 7) for i in range(size)]) for size in sizes]
    whole, weights = model.attrs["attend"](model, docs)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("spacy_rnn.models.textcat.RUN", run)
        in_runs, own_weights = model.attrs["attend"](model, docs)
    assert_all_close([in_runs, *own_weights], [whole, *weights])


@pytest.mark.parametrize("name", VARIANTS)
@given(sizes=st.lists(st.sampled_from([0, 1, 2, 5, 40]), min_size=1, max_size=4), seed=st.integers(0, 5))
def test_batch_equals_one_by_one(name: str, sizes: List[int], seed: int) -> None:
    """However different the lengths are, and the attention weights too."""
    model = ready(textcat_model(**VARIANTS[name]))
    words = np.random.default_rng(seed).choice(["a", "bc", "ö", "dé", "👍🏽"], size=sum(sizes)).tolist()
    docs = [make_doc(words[sum(sizes[:i]) : sum(sizes[: i + 1])]) for i in range(len(sizes))]
    together, weights = model.attrs["attend"](model, docs)
    assert_all_close([softmax(together)], [np.concatenate([model.predict([doc]) for doc in docs])])
    for doc, own in zip(docs, weights):
        assert own.shape == (len(doc),)
        assert float(own.sum()) == pytest.approx(1.0 if len(doc) else 0.0, abs=1e-4)
        assert_all_close([own], model.attrs["attend"](model, [doc])[1])


@pytest.mark.parametrize("exclusive", [True, False])
def test_logits_are_what_the_activation_is_applied_to(exclusive: bool) -> None:
    """In a copy too, which has lost Thinc's references."""
    model = ready(textcat_model(exclusive_classes=exclusive)).copy()
    docs = [make_doc(["one", "two"]), make_doc([]), make_doc(["three"])]
    probabilities = activate(model.attrs["logits"](model, docs), exclusive)
    np.testing.assert_array_equal(probabilities, model.predict(docs))


def test_tables_of_ngrams_are_smaller_with_many_categories(monkeypatch: pytest.MonkeyPatch) -> None:
    """They keep their size when categories are added, and when they are loaded."""
    monkeypatch.setattr("spacy_rnn.models.textcat.MOST_NGRAM_WEIGHTS", 90)
    docs = [make_doc(["one", "two"]), make_doc(["three"])]

    def untrained() -> Model:
        return textcat_model(ngrams=2, char_ngrams=3, ngram_rows=64)

    model = untrained()
    model.initialize(X=docs, Y=np.zeros((2, 3), dtype="float32"))
    model.attrs["resize_output"](model, 5)
    _, backprop = model.begin_update(docs)
    backprop(np.ones((2, 5), dtype="float32"))
    model.finish_update(Adam(0.1))
    module: Any = shim_of(model.layers[-1]).module
    assert module.ngrams.weight.shape == module.char_ngrams.weight.shape == (30, 5)
    monkeypatch.undo()
    loaded = untrained().from_bytes(model.to_bytes())
    np.testing.assert_array_equal(loaded.predict(docs), model.predict(docs))


@pytest.mark.parametrize("unit", ["char", "byte"])
@pytest.mark.parametrize("text", ODD_TEXTS)
def test_units_of_tokens_make_up_the_text(unit: str, text: str) -> None:
    doc = spacy.blank("xx").make_doc(text)
    sizes = token_sizes(doc, unit)
    assert len(sizes) == len(doc) and (sizes > 0).all()
    assert sizes.sum() == len(text_units(doc.text, unit))


@given(lengths=st.lists(st.integers(0, 40), min_size=1, max_size=6), segment=st.integers(1, 9))
def test_windows_cover_texts_evenly(lengths: List[int], segment: int) -> None:
    model = textcat_model(hierarchy="windows", segment=segment)
    docs = [make_doc(["x"] * length) for length in lengths]
    pieces = pieces_of(model, docs)
    assert pieces.sizes is not None and pieces.counts is not None
    assert pieces.counts.tolist() == [-(-length // segment) for length in lengths]
    for length, own in zip(lengths, np.split(pieces.sizes, np.cumsum(pieces.counts)[:-1])):
        assert own.sum() == length
        assert not len(own) or (own.max() <= segment and own.max() - own.min() <= 1)


def test_words_are_cut_into_ngrams_of_characters() -> None:
    """Within a word and its marks, each distinct word of a document once, also of several vocabularies."""
    docs = [make_doc(["ab", "ab", "c"]), make_doc([]), spacy.blank("en").make_doc("C")]
    found = bags_of(textcat_model(char_ngrams=3, ngram_rows=2**30), docs)["char_ngrams"]
    assert isinstance(found, WordBags)
    # "<ab>": <a, ab, b>, <ab, ab>; "<c>": <c, c>, <c>. In the order of the hashes of the words.
    assert sorted(np.diff(found.starts, append=len(found.rows)).tolist()) == [3, 5]
    assert len(set(found.rows.tolist())) == 8
    sizes = [len(text) for text in np.split(found.words, found.text_starts[1:])]
    assert sizes == [2, 0, 1]
    assert list(bags_of(textcat_model(ngrams=1, char_ngrams=2), docs)) == ["ngrams", "char_ngrams"]
    assert bags_of(textcat_model(), docs) == {}


def sentences(*sizes: int) -> Any:
    doc = make_doc(["x"] * sum(sizes))
    starts = {0, *np.cumsum(sizes).tolist()}
    for token in doc:
        token.is_sent_start = token.i in starts
    return doc


def test_sentences_are_segments_and_long_ones_are_cut() -> None:
    model = textcat_model(hierarchy="sentences", segment=4)
    docs = [sentences(3, 9, 1), make_doc([]), make_doc(["x"]), sentences(4)]
    pieces = pieces_of(model, docs)
    assert pieces.sizes is not None and pieces.counts is not None
    assert pieces.sizes.tolist() == [3, 3, 3, 3, 1, 1, 4]
    assert pieces.counts.tolist() == [5, 0, 1, 1]
    # Characters of sentences: each "x" is followed by a blank but the last.
    chars = textcat_model(chars_config(), hierarchy="sentences", segment=100)
    pieces = pieces_of(chars, [sentences(3, 2)])
    assert pieces.sizes is not None and pieces.sizes.tolist() == [6, 4]


def test_sentences_are_needed() -> None:
    model = ready(textcat_model(hierarchy="sentences"))
    with pytest.raises(ValueError, match=r"R101.*sentencizer.*annotating_components"):
        model.predict([make_doc(["no", "sentences"])])
    assert model.predict([sentences(2, 1), sentences(3)]).shape == (2, 3)


@pytest.mark.parametrize("name", ["windows", "bytes in windows"])
def test_the_end_of_a_long_text_counts(name: str) -> None:
    """50,000 tokens, of which only the last one is another; and the beginning of no less."""
    model = ready(textcat_model(**{**VARIANTS[name], "segment": 50}))
    words = ["w", "v"] * 25_000
    texts = [words, [*words[:-1], "end"], ["begin", *words[1:]]]
    plain, end, begin = model.predict([make_doc(text) for text in texts])
    assert np.abs(plain - end).max() > 1e-7
    assert np.abs(plain - begin).max() > 1e-7
    found, weights = model.attrs["attend"](model, [make_doc(words)])
    assert_all_close([softmax(found)[0]], [plain])
    assert weights[0].shape == (50_000,) and float(weights[0].sum()) == pytest.approx(1.0, abs=1e-3)


def test_training_on_a_long_text() -> None:
    model = ready(textcat_model(**VARIANTS["windows"]))
    docs = [make_doc(["w", "v"] * 3000), make_doc([]), make_doc(["x"])]
    probabilities, backprop = model.begin_update(docs)
    backprop(np.ones_like(probabilities))
    np.testing.assert_allclose(probabilities.sum(axis=1), 1.0, rtol=1e-5)
    model.finish_update(Adam(0.01))


@pytest.mark.parametrize("settings", [{}, {"ngrams": 2}, {"char_ngrams": 3}, {"ngrams": 1, "char_ngrams": 5}])
def test_more_labels_keep_what_is_known(settings: Dict[str, Any]) -> None:
    model = ready(textcat_model(**settings))
    docs = [make_doc(["one", "two"]), make_doc(["three"])]
    probabilities, backprop = model.begin_update([*docs, docs[0]])
    backprop(np.eye(3, dtype="f") - probabilities)
    model.finish_update(Adam(0.01))
    before = model.predict(docs)
    ids = {shim.id for node in model.walk() for shim in node.shims}
    model.attrs["resize_output"](model, 5)
    after = model.predict(docs)
    assert after.shape == (2, 5)
    # The odds of the old labels are what they were; the new ones have scores of zero.
    np.testing.assert_allclose(after[:, :3] / after[:, :1], before / before[:, :1], rtol=1e-5)
    np.testing.assert_allclose(after[:, 3], after[:, 4])
    # The optimizer must not take the new weights for the old.
    assert len({shim.id for node in model.walk() for shim in node.shims} - ids) == 1
    assert_all_close([textcat_model(**settings).from_bytes(model.to_bytes()).predict(docs)], [after])


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"pooling": []}, r"R005.*len\(pooling\)"),
        ({"pooling": ["sum"]}, "pooling"),
        ({"pooling": ["max", "max"]}, "R005.*each kind once"),
        ({"heads": 0}, "R005.*heads"),
        ({"hierarchy": "chapters"}, "hierarchy"),
        ({"segment": 0}, "R005.*segment"),
        ({"segment_width": 7}, "R006"),
        ({"segment_cell": "elman"}, "segment_cell"),
        ({"hidden": 0}, "R005.*hidden"),
        ({"ngrams": -1}, "R005.*ngrams"),
        ({"ngrams": 11}, "R005.*ngrams.*at least 0 and at most 10"),
        ({"ngrams": 1, "ngram_rows": 0}, "R005.*ngram_rows"),
        ({"char_ngrams": 1}, "R005.*char_ngrams.*at least 2 and at most 10"),
        ({"char_ngrams": 11}, "R005.*char_ngrams"),
        ({"ngram_rarity": -0.5}, "R005.*ngram_rarity"),
        ({"dropout": 1.0}, "R005.*dropout"),
        ({"encoder": chars_config("word")}, "unit"),
        ({"precision": "fp16"}, "precision"),
    ],
)
def test_refused(settings: Dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        textcat_model(**settings)
