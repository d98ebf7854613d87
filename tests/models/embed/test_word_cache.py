"""Kept word vectors: never stale, never too many."""

from __future__ import annotations

from typing import Any, Callable, Dict

import numpy as np
import pytest
import spacy
import torch
from thinc.api import Adam, Model

from spacy_rnn.base.cache import RowCache

from ...helpers import assert_all_close, build, encoder_config, make_doc, tiny_encoder

DOCS = [make_doc(["some", "kept", "words"])]


def cache_of(model: Model) -> RowCache:
    return next(node.attrs["cache"] for node in model.walk() if "cache" in node.attrs)


def edit_in_place(model: Any) -> None:
    with torch.no_grad():
        next(model.get_ref("embed").layers[0].shims[0].module.parameters()).mul_(2.0)


def update(model: Any) -> None:
    vectors, backprop = model.begin_update(DOCS)
    backprop([np.ones_like(array) for array in vectors])
    model.finish_update(Adam(0.1))


CHANGES: Dict[str, Callable[[Any], Any]] = {
    "finish_update": update,
    "from_bytes": lambda model: model.from_bytes(tiny_encoder().to_bytes()),
    "initialize": lambda model: model.initialize(X=DOCS),
    "in place": edit_in_place,
}


def fresh_vectors(model: Any) -> Any:
    """What a model with the same weights and nothing kept gives."""
    return build(encoder_config()).from_bytes(model.to_bytes()).predict(DOCS)


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_cache_does_not_survive_a_change(change: Callable) -> None:
    model = tiny_encoder()
    before = model.predict(DOCS)
    assert len(cache_of(model)) >= 3
    change(model)
    after = model.predict(DOCS)
    assert not np.allclose(before[0], after[0])
    assert_all_close(after, fresh_vectors(model), tolerance=1e-6)


def test_cache_does_not_survive_averages() -> None:
    model, optimizer = tiny_encoder(), Adam(0.1, use_averages=True)
    for _ in range(3):
        vectors, backprop = model.begin_update(DOCS)
        backprop([np.ones_like(array) for array in vectors])
        model.finish_update(optimizer)
    own = model.predict(DOCS)
    with model.use_params(optimizer.averages):
        averaged = model.predict(DOCS)
        assert_all_close(averaged, fresh_vectors(model), tolerance=1e-6)
    assert not np.allclose(own[0], averaged[0])
    assert_all_close(model.predict(DOCS), own, tolerance=0)


def test_vocabularies_are_kept_apart() -> None:
    """The norm of a word belongs to the vocabulary."""
    model = tiny_encoder()
    model.begin_update([make_doc(["colour", "flavour"])])
    plain, other = spacy.blank("xx").vocab, spacy.blank("xx").vocab
    other["colour"].norm_ = "flavour"
    docs = [make_doc(["colour"], vocab) for vocab in (plain, other)]
    first, second = (model.predict([doc]) for doc in docs)
    assert not np.allclose(first[0], second[0])
    assert_all_close(model.predict([docs[0]]), first)


def test_cache_stays_bounded() -> None:
    config = encoder_config()
    config["embed"]["cache_size"] = 50
    model = build(config)
    model.initialize(X=DOCS)
    for i in range(40):
        model.predict([make_doc([f"word{i}-{j}" for j in range(20)])])
        assert len(cache_of(model)) <= 50
    model.predict([make_doc([f"word{j}" for j in range(51)])])
    assert len(cache_of(model)) <= 50


def test_no_cache_gives_the_same() -> None:
    model = tiny_encoder()
    config = encoder_config()
    config["embed"]["cache_size"] = 0
    uncached = build(config).from_bytes(model.to_bytes())
    for _ in range(2):
        assert_all_close(uncached.predict(DOCS), model.predict(DOCS))
    assert len(cache_of(uncached)) == 0


def test_copies_and_files_start_empty() -> None:
    model = tiny_encoder()
    empty = len(model.to_bytes())
    model.predict(DOCS)
    assert len(model.to_bytes()) == empty
    assert len(cache_of(model.copy())) == 0
