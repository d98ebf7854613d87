"""Whole encoders: the same document gives the same vectors, whatever is around it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any, List

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from thinc.api import Adam, set_dropout_rate

from spacy_rnn.nn.rnn import CELLS

from ..helpers import (
    ODD_TEXTS,
    assert_all_close,
    batches,
    build,
    documents,
    encoder_config,
    make_doc,
    scatter_weights,
    tiny_encoder,
    torch_shims,
)

VARIANTS = [{"cell": cell} for cell in CELLS] + [
    {"bidirectional": False},
    {"depth": 2, "residual": True, "layer_norm": True, "learn_initial_state": True},
    {"window": 5, "context": 1},
]
WIDE = [make_doc([text, "x"] if text else []) for text in ODD_TEXTS]


@pytest.fixture(scope="module")
def encoder() -> Any:
    return scatter_weights(tiny_encoder())


@pytest.mark.parametrize("settings_", VARIANTS, ids=str)
@settings(max_examples=5)
@given(texts=batches)
def test_batch_equals_one_by_one(settings_: Any, texts: List[List[str]]) -> None:
    model = scatter_weights(tiny_encoder(**settings_))
    docs = [make_doc(text) for text in texts]
    together = model.predict(docs)
    assert [vectors.shape for vectors in together] == [(len(doc), 16) for doc in docs]
    assert_all_close(together, [model.predict([doc])[0] for doc in docs])
    assert_all_close(together, model.predict(docs))


@given(texts=batches, data=st.data())
def test_order_does_not_matter(encoder: Any, texts: List[List[str]], data: st.DataObject) -> None:
    docs = [make_doc(text) for text in texts]
    order = data.draw(st.permutations(range(len(docs))))
    shuffled = encoder.predict([docs[i] for i in order])
    assert_all_close(shuffled, [encoder.predict(docs)[i] for i in order])


@given(texts=batches, neighbours=st.lists(documents, max_size=3))
def test_training_forward_equals_prediction(encoder: Any, texts: List[List[str]], neighbours: List[List[str]]) -> None:
    """With nothing dropped, `update` sees what `predict` gives, beside any neighbours."""
    model = encoder.copy()
    for node in model.walk():
        for name in ("word_dropout", "char_dropout"):
            if name in node.attrs:
                node.attrs[name] = 0.0
    docs = [make_doc(text) for text in texts]
    # Training gives new words and characters rows of their own, so they must be known.
    model.begin_update(docs)
    found, _ = model.begin_update(docs + [make_doc(text) for text in neighbours])
    assert_all_close(found[: len(docs)], model.predict(docs))


def test_threads_agree(encoder: Any) -> None:
    docs = [make_doc([f"w{i % 37}", f"v{i % 11}", "x"] * (1 + i % 5)) for i in range(200)]
    expected = encoder.copy().predict(docs)
    model = encoder.copy()
    parts = [docs[start : start + 10] for start in range(0, 200, 10)]
    with ThreadPoolExecutor(4) as pool:
        for _ in range(3):
            found = [vectors for part in pool.map(model.predict, parts) for vectors in part]
            assert_all_close(found, expected)


@pytest.mark.parametrize("place", range(3))
def test_empty_and_odd_documents_anywhere(encoder: Any, place: int) -> None:
    plain = [make_doc(["one", "two"]), make_doc(["three"])]
    for odd in WIDE:
        docs = [*plain[:place], odd, *plain[place:]]
        vectors, backprop = encoder.copy().begin_update(docs)
        assert [len(array) for array in vectors] == [len(doc) for doc in docs]
        backprop([np.ones_like(array) for array in vectors])
        assert_all_close(encoder.predict(docs), [encoder.predict([doc])[0] for doc in docs])


def test_nothing_but_empty_documents(encoder: Any) -> None:
    docs = [make_doc([]), make_doc([])]
    model = encoder.copy()
    assert [vectors.shape for vectors in model.predict(docs)] == [(0, 16), (0, 16)]
    vectors, backprop = model.begin_update(docs)
    assert [array.shape for array in vectors] == [(0, 16), (0, 16)]
    backprop(vectors)
    model.finish_update(lambda key, W, dW: (W, dW))


def test_very_long_document() -> None:
    """100,000 tokens in one piece, equal to the same tokens' neighbourhoods far from the cut."""
    model = scatter_weights(tiny_encoder(width=4, window=64, context=16), 0.1)
    tokens = [f"w{i % 100}" for i in range(100_000)]
    (vectors,) = model.predict([make_doc(tokens)])
    assert vectors.shape == (100_000, 4) and np.isfinite(vectors).all()
    (part,) = model.predict([make_doc(tokens[49_900:50_100])])
    np.testing.assert_allclose(vectors[49_964:50_036], part[64:136], atol=1e-4)


def test_dropout_acts(encoder: Any) -> None:
    model = encoder.copy()
    docs = [make_doc(["a", "b", "c", "d"])]
    model.begin_update(docs)  # gives new words vectors of their own
    expected = model.predict(docs)
    set_dropout_rate(model, 0.5)
    first, second = model.begin_update(docs)[0][0], model.begin_update(docs)[0][0]
    assert not np.allclose(first, second)
    assert (first == 0).any()
    assert_all_close(model.predict(docs), expected)


def test_own_dropout_rate_goes_before_trainings() -> None:
    """The rate in the config holds whatever rate training sets."""
    for own, expected in [(0.0, False), (0.9, True)]:
        encode = tiny_encoder(dropout=own).get_ref("encode")
        vectors = [np.ones((3, encode.get_dim("nI")), dtype="f")]
        set_dropout_rate(encode, 0.5)
        (y,), _ = encode.begin_update(vectors)
        assert bool((y == 0).any()) is expected


def test_gradients_of_arrays_agree_with_finite_differences() -> None:
    encode = build({"@architectures": "spacy-rnn.RNN.v1", "width": 4, "token_dropout": 0.0, "precision": "fp32"})
    rng = np.random.default_rng(0)
    X = [rng.normal(size=(length, 3)).astype("f") for length in (3, 0, 2)]
    direction = [rng.normal(size=(length, 4)).astype("f") for length in (3, 0, 2)]
    encode.initialize(X=X)
    scatter_weights(encode)

    def loss() -> float:
        return sum(float((y * d).sum(dtype="d")) for y, d in zip(encode.predict(X), direction))

    found = encode.begin_update(X)[1](direction)
    for x, gradient in zip(X, found):
        assert gradient.shape == x.shape
        for place in np.ndindex(x.shape):
            value = x[place]
            x[place] = value + 1e-2
            above = loss()
            x[place] = value - 1e-2
            assert gradient[place] == pytest.approx((above - loss()) / 2e-2, abs=2e-3)
            x[place] = value


def test_training_fits_a_target() -> None:
    """Gradients reach every layer: an update brings the output nearer to a target."""
    model = tiny_encoder()
    docs = [make_doc(["a", "bb", "ccc"]), make_doc(["dd", "a"])]
    rng = np.random.default_rng(0)
    targets = [rng.uniform(-0.5, 0.5, size=(len(doc), 16)).astype("f") for doc in docs]
    optimizer = Adam(0.05)
    before = {id(p): p.detach().clone() for shim in torch_shims(model) for p in shim.module.parameters()}
    errors = []
    for _ in range(80):
        vectors, backprop = model.begin_update(docs)
        difference = [vector - target for vector, target in zip(vectors, targets)]
        errors.append(sum(float((part**2).sum()) for part in difference))
        backprop(difference)
        model.finish_update(optimizer)
    assert errors[-1] < 0.5 * errors[0]
    for shim in torch_shims(model):
        for name, parameter in shim.module.named_parameters():
            assert not before[id(parameter)].equal(parameter), name


@pytest.mark.parametrize("settings_", VARIANTS, ids=str)
def test_loads_without_initialization(settings_: Any) -> None:
    model = scatter_weights(tiny_encoder(**settings_))
    docs = [make_doc(["one", "two", "unheard-of"])]
    loaded = build(encoder_config(**settings_)).from_bytes(model.to_bytes())
    assert_all_close(loaded.predict(docs), model.predict(docs), tolerance=0)
    assert loaded.to_bytes() == model.to_bytes()


def test_known_output_width() -> None:
    """Other components size their layers by it before anything is initialized."""
    model = build(encoder_config(width=20))
    assert model.get_dim("nO") == 20
    assert model.get_ref("embed").get_dim("nO") == 24


def test_encoder_can_be_initialized_without_a_sample() -> None:
    """Its input has a known width, so it also serves in a place where nothing is passed on."""
    model = build(encoder_config())
    model.initialize()
    docs = [make_doc([]), make_doc(["a", "b"])]
    assert [vectors.shape for vectors in model.predict(docs)] == [(0, 16), (2, 16)]
    other = build(encoder_config())
    other.from_bytes(model.to_bytes())
    assert_all_close(other.predict(docs), model.predict(docs))
