"""Gold spans of examples, as what a span categorizer is to learn."""

from typing import Dict, Iterator, List, NamedTuple, Optional, Set, Tuple

import numpy as np
from spacy.tokens import Span
from spacy.training import Example

from ...base.spans import Spans, SpanTargets
from ...types import BoolArray, IntArray
from ..gold import same_tokens
from ..spans import Tokens

_OTHER = -1
"""The number of a label that the component does not have."""


class GoldSpans(NamedTuple):
    """The gold spans of a batch, for the predicted tokens."""

    targets: SpanTargets
    n_spans: int
    """How many gold spans there are."""
    n_learned: int
    """How many of them are among the targets."""


def read_gold(
    examples: List[Example],
    tokens: Tokens,
    pieces: IntArray,
    labels: List[str],
    key: str,
    *,
    max_width: Optional[int] = None,
    unknown_key: Optional[str] = None,
) -> GoldSpans:
    """The gold spans. One that cannot be learned is left out: because no tokens stand for it, it begins or ends with
    whitespace, it crosses the end of a piece, it is longer than `max_width`, or its label is not among the labels.

    tokens: of the predicted documents. pieces: (n_pieces,), their lengths. key: of the spans in `doc.spans`.
        unknown_key: of stretches of text about which only the spans are known; None if there are none.
    """
    known: Dict[str, int] = {label: i for i, label in enumerate(labels)}
    rows: Set[Tuple[int, int, int]] = set()
    unknown = np.zeros(len(tokens.spaces), dtype=bool)
    start = n_spans = 0
    for example in examples:
        given = {(span.start, span.end, span.label_) for span in example.reference.spans.get(key, ())}
        n_spans += len(given)
        if len(example.predicted):
            found = _aligned(example, given)
            rows.update((start + i, start + j - 1, known.get(label, _OTHER)) for i, j, label in found)
            for stretch in example.reference.spans.get(unknown_key, ()) if unknown_key is not None else ():
                unknown[start + _tokens_of(example, stretch)] = True
            start += len(example.predicted)
    starts, ends, columns = np.array(sorted(rows), dtype=np.int64).reshape(-1, 3).T
    owner = np.repeat(np.arange(len(pieces)), pieces)
    edges: BoolArray = ~tokens.spaces
    good = edges[starts] & edges[ends] & (owner[starts] == owner[ends]) & (columns != _OTHER)
    if max_width is not None:
        good &= ends - starts < max_width
    spans = Spans(starts[good], ends[good], columns[good])
    targets = SpanTargets(spans, edges, max_width, unknown if unknown.any() else None)
    return GoldSpans(targets, n_spans, len(spans.starts))


def _aligned(example: Example, spans: Set[Tuple[int, int, str]]) -> Iterator[Tuple[int, int, str]]:
    """The predicted tokens that stand for gold spans: the first one, one past the last one, and the label."""
    same = same_tokens(example.predicted, example.reference)
    for start, end, label in spans:
        if start == end:
            continue
        if same:
            yield start, end, label
        else:
            span = Span(example.reference, start, end)
            yield from ((a.start, a.end, label) for a in example.get_aligned_spans_y2x([span], allow_overlap=True))


def _tokens_of(example: Example, span: Span) -> IntArray:
    """The predicted tokens of which a gold span has a part."""
    found = example.alignment.y2x[span.start : span.end]
    return np.unique(np.asarray(found, dtype=np.int64).ravel())
