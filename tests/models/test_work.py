"""How much work prediction does, in counts that are the same on every machine."""

from typing import Any, Dict, List

import numpy as np
import pytest

import spacy_rnn.models.tagger as tagger_model
from spacy_rnn.nn.layout import lay_out
from spacy_rnn.nn.rnn import RecurrentLayer
from spacy_rnn.pipeline.tagger.labels import TagCodec, TagLabels

from ..helpers import VOCAB, component, make_doc, make_examples, scatter_weights, tagger_nlp, tiny_encoder


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> List[Any]:
    """The shapes of all inputs of recurrent layers, as they are called."""
    shapes: List[Any] = []
    forward = RecurrentLayer.forward

    def counted(self: RecurrentLayer, x: Any, *args: Any) -> Any:
        shapes.append(tuple(x.shape))
        return forward(self, x, *args)

    monkeypatch.setattr(RecurrentLayer, "forward", counted)
    return shapes


def news(n: int) -> np.ndarray:
    """Lengths of sentences as in written text: most of 5 to 40 words."""
    return np.random.default_rng(0).gamma(3.0, 6.0, size=n).astype(np.int64) + 1


def test_kernel_calls_a_batch(calls: List[Any]) -> None:
    model = scatter_weights(tiny_encoder())
    docs = [make_doc(["word"] * int(n)) for n in news(300)]
    calls.clear()
    model.predict(docs)
    blocks = len(list(lay_out(np.array([len(doc) for doc in docs]), window=512, context=32)))
    assert len(calls) == 2 + 2 * blocks <= 26  # the characters, and both directions of each block
    calls.clear()
    model.predict(docs)
    assert len(calls) == 2 * blocks  # the characters of known words are not read again


@pytest.mark.parametrize(("n", "share"), [(100, 0.35), (1000, 0.13), (5000, 0.06)])
def test_padding_of_written_text(n: int, share: float) -> None:
    lengths = news(n)
    cells = sum(block.rows.numel() for block in lay_out(lengths, window=512, context=32))
    assert cells <= (1 + share) * lengths.sum()


def test_shapes_come_back() -> None:
    """A kernel is built for each new shape, so there must not be many."""
    shapes = []
    for seed in range(30):
        lengths = np.random.default_rng(seed).gamma(3.0, 6.0, size=1000).astype(np.int64) + 1
        shapes += [tuple(block.rows.shape) for block in lay_out(lengths, window=512, context=32)]
    assert len(set(shapes)) < 0.7 * len(shapes)


def test_single_features_are_computed_where_they_are_needed() -> None:
    labels = TagLabels({"pos": ["NOUN", "VERB"], "morph": {"Number": ["Sing"]}, "morph_sets": ["Number=Sing"]})
    codec = TagCodec(labels, ["pos", "morph"], VOCAB)
    asked: List[Any] = []

    def score(columns: slice, rows: Any = None) -> Any:
        asked.append((columns, None if rows is None else rows.tolist()))
        scores = np.zeros((3 if rows is None else len(rows), columns.stop - columns.start), dtype="f")
        if rows is None:
            scores[[0, 2], codec.groups["morph"].start + 1] = 1.0
        return scores

    codec.decode(score)
    whole, single = codec.groups["morph"].stop, codec.width
    assert asked == [(slice(0, whole), None), (slice(whole, single), [1])]


def test_vectors_are_not_copied_on_their_way_to_the_output_layer(monkeypatch: pytest.MonkeyPatch) -> None:
    """One array leaves torch for each group of scores, none for the encoder's vectors."""
    nlp = tagger_nlp(attrs=["pos"])
    nlp.initialize(lambda: make_examples(nlp))
    copied: Dict[str, int] = {"n": 0}
    to_array = tagger_model.to_array

    def counted(tensor: Any) -> Any:
        copied["n"] += 1
        return to_array(tensor)

    monkeypatch.setattr(tagger_model, "to_array", counted)
    monkeypatch.setattr("spacy_rnn.models.encoder.to_array", counted)
    component(nlp).predict([nlp.make_doc("a b c"), nlp.make_doc("d")])
    assert copied["n"] == 1
