"""The annotations that `rnn_spancat` writes: groups of spans and their probabilities."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Dict, List, Sequence

import numpy as np
from spacy.tokens import Doc, Span, SpanGroup
from spacy.vocab import Vocab

from ...base.arrays import lengths_of
from ...base.spans import FoundSpans
from ...types import FloatArray, IntArray
from ..extensions import SPAN_PROBS, assign, read
from ..strings import distinct_vocabs, permanent


@dataclass(frozen=True)
class Prediction:
    """The spans of a batch of documents, whose tokens are joined."""

    found: FoundSpans
    labels: Sequence[str]


def write_spans(docs: Sequence[Doc], prediction: Prediction, key: str) -> None:
    """Set the group of spans, with its scores, and keep the probabilities that there are."""
    keys: Dict[Vocab, List[int]] = {
        vocab: [permanent(vocab, label) for label in prediction.labels] for vocab in distinct_vocabs(docs)
    }
    (starts, ends, labels), scores, of_labels = prediction.found
    rows = list(zip(starts.tolist(), ends.tolist(), labels.tolist()))
    ends_of_docs = np.cumsum(lengths_of(docs))
    bounds = np.searchsorted(starts, [0, *ends_of_docs.tolist()]).tolist()
    end = 0
    for doc, first, last in zip(docs, bounds, bounds[1:]):
        start, end = end, end + len(doc)
        known = keys[doc.vocab]
        spans = [Span(doc, i - start, j + 1 - start, label=known[label]) for i, j, label in rows[first:last]]
        doc.spans[key] = SpanGroup(doc, name=key, attrs={"scores": scores[first:last].copy()}, spans=spans)
        if of_labels is not None:
            own = np.stack([starts[first:last], ends[first:last]], axis=1) - start
            _keep(doc, key, prediction.labels, own, of_labels[first:last])


def _keep(doc: Doc, key: str, labels: Sequence[str], spans: IntArray, probabilities: FloatArray) -> None:
    """Keep the probabilities of all labels, of each span once. spans: (m, 2), sorted. probabilities: (m, n_labels)."""
    new = np.diff(spans, axis=0, prepend=-1).any(axis=1)
    kept = {"labels": list(labels), "spans": spans[new], "probs": probabilities[new]}
    assign(doc, SPAN_PROBS, {**(read(doc, SPAN_PROBS) or {}), key: kept})
