"""Gold entities of examples, as what a recognizer is to learn."""

from typing import Dict, Iterator, List, NamedTuple, Tuple

import numpy as np
from spacy.attrs import ENT_IOB, ENT_TYPE, IS_SPACE
from spacy.training import Example

from ...base.entities import OUTSIDE, UNKNOWN, Spans, spanned, tags_of
from ...types import BoolArray, IntArray
from ..gold import same_tokens
from ..spans import Tokens

_OUTSIDE = 2
"""The value of `token.ent_iob`."""

Entity = Tuple[int, int, str]
"""The first token, the last token and the label."""


class GoldTags(NamedTuple):
    """The gold entities of a batch, for the predicted tokens."""

    tags: IntArray
    """(n,): see `EntityTargets`."""
    n_spans: int
    """How many gold entities there are."""
    n_learned: int
    """How many of them are among the tags."""


def read_gold(examples: List[Example], tokens: Tokens, pieces: IntArray, labels: List[str]) -> GoldTags:
    """The gold tags. Nothing is known about tokens without annotation, and about those of an entity that cannot be
    learned: because other tokens stand for it, it begins or ends with whitespace, it crosses the end of a piece, or its
    label is not among the labels.

    tokens: of the predicted documents. pieces: (n_pieces,), their lengths.
    """
    known: Dict[str, int] = {label: i for i, label in enumerate(labels)}
    rows: List[Tuple[int, int, int]] = []
    outside: List[BoolArray] = [np.zeros(0, dtype=bool)]
    start = n_spans = 0
    for example in examples:
        if len(example.predicted):
            entities, own = _read(example)
            rows += [(start + first, start + last, known.get(label, UNKNOWN)) for first, last, label in entities]
            outside.append(own)
            n_spans += len(example.reference.ents)
            start += len(own)
    spans = Spans(*np.array(rows, dtype=np.int64).reshape(-1, 3).T)
    owner = np.repeat(np.arange(len(pieces)), pieces)
    starts, ends, columns = spans
    good = ~(tokens.spaces[starts] | tokens.spaces[ends]) & (owner[starts] == owner[ends]) & (columns != UNKNOWN)
    spans = Spans(starts[good], ends[good], columns[good])
    tags = np.where(np.concatenate(outside), OUTSIDE, UNKNOWN)
    inner = spanned(spans)
    tags[inner] = tags_of(spans, len(tags), max(1, len(labels)))[inner]
    return GoldTags(tags, n_spans, len(spans.starts))


def _read(example: Example) -> Tuple[List[Entity], BoolArray]:
    """The entities of an example with predicted tokens, and which tokens are known to be in none, (n,)."""
    predicted, reference = example.predicted, example.reference
    if not reference.has_annotation("ENT_IOB"):
        return [], np.zeros(len(predicted), dtype=bool)
    if not same_tokens(predicted, reference):
        tags = example.get_aligned_ner()
        return list(_entities_of(tags)), np.array([tag == "O" for tag in tags])
    values = reference.to_array([ENT_IOB, ENT_TYPE, IS_SPACE])
    # Whitespace in no entity is outside even without annotation, as in `get_aligned_ner`.
    outside: BoolArray = (values[:, 0] == _OUTSIDE) | ((values[:, 1] == 0) & (values[:, 2] == 1))
    return [(ent.start, ent.end - 1, ent.label_) for ent in reference.ents], outside


def _entities_of(tags: List[str]) -> Iterator[Entity]:
    """tags: of the scheme BILUO, None where nothing is known."""
    first = 0
    for i, tag in enumerate(tags):
        part = (tag or "O")[0]
        if part in "BU":
            first = i
        if part in "LU":
            yield first, i, tag[2:]
