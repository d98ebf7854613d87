"""The annotations that `rnn_ner` writes: entities and their probabilities."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Dict, List, Optional, Sequence

import numpy as np
from spacy.tokens import Doc, Span
from spacy.vocab import Vocab

from ...base.entities import spans_of
from ...types import BoolArray, FloatArray, IntArray
from ..extensions import ENT_PROBS, assign, read
from ..strings import distinct_vocabs, permanent


@dataclass(frozen=True)
class Prediction:
    """The entities of a batch of documents, whose tokens are joined."""

    tags: IntArray
    """(n,): see `EntityTags`."""
    kept: BoolArray
    """(n,): whether each token was in an entity before, or blocked; its tag is that of a token outside."""
    labels: Sequence[str]
    probabilities: Optional[FloatArray] = None
    """(n,): see `EntityTags`."""


def write_entities(docs: Sequence[Doc], prediction: Prediction) -> None:
    """Add the entities to those that are there, and keep the probabilities that there are. All other tokens are
    outside, if they are not blocked."""
    keys: Dict[Vocab, List[int]] = {
        vocab: [permanent(vocab, label) for label in prediction.labels] for vocab in distinct_vocabs(docs)
    }
    starts, ends, labels = spans_of(prediction.tags, len(prediction.labels))
    rows = list(zip(starts.tolist(), ends.tolist(), labels.tolist()))
    lengths = [len(doc) for doc in docs]
    bounds = np.searchsorted(starts, np.cumsum([0, *lengths])).tolist()
    end = 0
    for doc, n, first, last in zip(docs, lengths, bounds, bounds[1:]):
        start, end = end, end + n
        if not n:
            continue
        known = keys[doc.vocab]
        found = [
            Span(doc, i - start, j + 1 - start, label=known[label], kb_id=doc[i - start].ent_kb_id)
            for i, j, label in rows[first:last]
        ]
        kept = prediction.kept[start:end]
        if kept.any():
            doc.set_ents([*doc.ents, *found], blocked=_blocked(doc, kept))
        else:
            doc.set_ents(found)
        if prediction.probabilities is not None:
            _write_probabilities(doc, prediction.probabilities[start:end], kept)


def _blocked(doc: Doc, kept: BoolArray) -> List[Span]:
    return [doc[i : i + 1] for i in np.flatnonzero(kept).tolist() if not doc[i].ent_type]


def _write_probabilities(doc: Doc, probabilities: FloatArray, kept: BoolArray) -> None:
    """What was known of entities that are kept stays known."""
    before = read(doc, ENT_PROBS) if kept.any() else None
    assign(doc, ENT_PROBS, probabilities.copy() if before is None else np.where(kept, before, probabilities))
