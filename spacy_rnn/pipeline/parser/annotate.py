"""The annotations that `rnn_parser` writes: heads, labels, sentence starts and probabilities."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, List, Optional, Sequence

import numpy as np
from spacy.attrs import DEP, HEAD, SENT_START
from spacy.tokens import Doc

from ...types import BoolArray, FloatArray, IntArray, KeyArray
from ..extensions import ARC_PROBS, assign
from ..strings import distinct_vocabs, permanent


@dataclass(frozen=True)
class Prediction:
    """The trees of a batch of documents, whose tokens are joined."""

    heads: IntArray
    """(n,): the row of each token's head in the batch, its own for a root."""
    columns: IntArray
    """(n,): the label of each token, among `labels`."""
    starts: BoolArray
    """(n,): whether a sentence starts at each token."""
    labels: Sequence[str]
    probabilities: Optional[FloatArray] = None
    """(n,): of the arc to each token."""


def write_trees(docs: Sequence[Doc], prediction: Prediction, *, overwrite: bool) -> None:
    """Set heads, labels and sentence starts, and keep the probabilities that there are. overwrite: replace trees."""
    for vocab in distinct_vocabs(docs):
        keys: KeyArray = np.array([permanent(vocab, label) for label in prediction.labels], dtype=np.uint64)
    if not len(prediction.heads):
        return
    offsets = prediction.heads - np.arange(len(prediction.heads))
    values: Any = np.stack([offsets.view(np.uint64), keys[prediction.columns]], axis=1)
    marks: Any = np.where(prediction.starts, 1, -1).view(np.uint64)
    attrs: List[Any] = [HEAD, DEP]
    end = 0
    for doc in docs:
        start, end = end, end + len(doc)
        if not len(doc) or (not overwrite and doc.has_annotation("DEP")):
            continue
        doc.from_array(attrs, values[start:end])
        own = marks[start:end]
        if (doc.to_array(SENT_START).astype(np.uint64, copy=False) != own).any():
            # spaCy finds sentences again from the trees, and gives up if their arcs cross too often.
            doc.from_array([SENT_START], own.reshape(-1, 1))
        if prediction.probabilities is not None:
            assign(doc, ARC_PROBS, prediction.probabilities[start:end].copy())
