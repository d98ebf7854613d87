"""On a GPU: the same results to a tolerance, in both number formats, in training and back. Skipped without one."""

from typing import Any, Callable, Dict, Iterator, List, Tuple

import numpy as np
import pytest
import spacy
import torch
from spacy.language import Language
from spacy.tokens import Doc
from thinc.util import has_cupy_gpu

from .helpers import TEXTS, make_examples, tagger_nlp, trained_tagger
from .pipeline.texts import make_texts, textcat_nlp, trained_textcat
from .tree_helpers import parsed_reviews, reviews, trained_tree, tree_nlp

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not (torch.cuda.is_available() and has_cupy_gpu), reason="needs a GPU, CUDA's torch and cupy"),
]

Make = Callable[..., Language]
# For each component: trained, untrained, and what it is trained on.
KINDS: Dict[str, Tuple[Make, Make, Callable[[Language], List[Any]]]] = {
    "rnn_tagger": (trained_tagger, tagger_nlp, make_examples),
    "rnn_textcat": (trained_textcat, textcat_nlp, make_texts),
    "tree_rnn": (trained_tree, tree_nlp, reviews),
}
SETTINGS: Dict[str, Dict[str, Any]] = {
    "rnn_tagger": {"save_scores": True},
    "rnn_textcat": {"save_attention": True},
    "tree_rnn": {"component": {"save_vectors": True}, "dep_width": 4, "top_down": True},
}


@pytest.fixture
def gpu() -> Iterator[None]:
    spacy.require_gpu()
    yield
    spacy.require_cpu()


def documents(nlp: Language) -> List[Doc]:
    if nlp.pipe_names == ["tree_rnn"]:
        return parsed_reviews(nlp)
    return [nlp.make_doc(text) for text in (*TEXTS, "", "unseen words " * 400)]


def numbers(nlp: Language) -> List[np.ndarray]:
    """All that a component says, as arrays of numpy."""
    found = []
    for doc in nlp.pipe(documents(nlp)):
        if nlp.pipe_names == ["rnn_tagger"]:
            found += list((doc._.rnn_scores or {}).values())
        else:
            found.append(np.array(list(doc.cats.values())))
        if nlp.pipe_names == ["rnn_textcat"]:
            found.append(doc._.rnn_attention)
        if nlp.pipe_names == ["tree_rnn"]:
            found += [doc._.tree_rnn["scores"], doc._.tree_rnn["vectors"]]
    assert all(type(array) is np.ndarray for array in found)
    return found


@pytest.mark.parametrize(("precision", "tolerance"), [("fp32", 1e-3), ("bf16", 0.05)])
@pytest.mark.parametrize("kind", KINDS)
def test_equals_the_cpu(kind: str, precision: str, tolerance: float) -> None:
    trained, blank, _ = KINDS[kind]
    nlp = trained(10, **SETTINGS[kind]) if kind != "rnn_textcat" else trained(steps=10, **SETTINGS[kind])
    expected, data = numbers(nlp), nlp.to_bytes()
    spacy.require_gpu()
    try:
        other = blank(**SETTINGS[kind]).from_bytes(data)
        for node in other.get_pipe(kind).model.walk():  # type: ignore[attr-defined]
            for shim in node.shims:
                shim.precision = precision
                assert shim.device.type == "cuda"
        for _ in range(2):  # the second time from the cache
            for found, wanted in zip(numbers(other), expected):
                np.testing.assert_allclose(found, wanted, atol=tolerance)
        back = other.to_bytes()
    finally:
        spacy.require_cpu()
    for found, wanted in zip(numbers(blank(**SETTINGS[kind]).from_bytes(back)), expected):
        np.testing.assert_allclose(found, wanted, atol=1e-5)


@pytest.mark.usefixtures("gpu")
@pytest.mark.parametrize("kind", KINDS)
def test_learns(kind: str) -> None:
    _, blank, make = KINDS[kind]
    nlp = blank(**SETTINGS[kind])
    examples = make(nlp)
    optimizer = nlp.initialize(lambda: examples)
    optimizer.learn_rate = 0.02
    history = []
    for _ in range(40):
        losses: Dict[str, float] = {}
        nlp.update(examples, sgd=optimizer, losses=losses, drop=0.1)
        history.append(sum(losses.values()))
    assert history[-1] < 0.5 * history[0]
    with nlp.use_params(optimizer.averages):
        assert all(np.isfinite(array).all() for array in numbers(nlp))
