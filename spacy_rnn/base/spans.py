"""Spans of batches of texts, which may overlap, as numpy arrays: what a network learns, and what it finds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, Optional, Union

from ..types import BoolArray, FloatArray, IntArray


class Spans(NamedTuple):
    """Labelled spans, in the order of their tokens."""

    starts: IntArray
    """(m,): the first token of each."""
    ends: IntArray
    """(m,): the last token of each."""
    labels: IntArray
    """(m,): the label of each, by number."""


@dataclass(frozen=True, eq=False)
class SpanTargets:
    """What is to be learned. All other spans of at most `max_width` tokens have no label."""

    spans: Spans
    """Each begins and ends in the same sequence and at edges, and is short enough. None is there twice."""
    edges: BoolArray
    """(n,): whether a span may begin or end at each token."""
    max_width: Optional[int] = None
    """The tokens of the longest span; None for any length."""
    unknown: Optional[BoolArray] = None
    """(n,): whether each token is in a stretch of text about which nothing but the spans above is known; None if it is
    known of all tokens."""


@dataclass(frozen=True, eq=False)
class SpanSearch:
    """What is to be found."""

    edges: BoolArray
    """(n,): whether a span may begin or end at each token."""
    max_width: Optional[int] = None
    """The tokens of the longest span; None for any length."""
    threshold: float = 0.5
    """The lowest probability of what is found."""
    max_positive: Optional[int] = None
    """The most labels of a span; None for any number."""
    allow_crossing: bool = True
    """Whether spans may overlap without containing each other. If not, the set of spans is searched that is best
    together."""
    all_labels: bool = False
    """Give the probabilities of all labels of the spans that are found."""


SpanTask = Union[SpanTargets, SpanSearch]


class FoundSpans(NamedTuple):
    """Spans with their probabilities, sorted by their first token, their last token and their label."""

    spans: Spans
    probabilities: FloatArray
    """(m,): of each span and its label."""
    of_labels: Optional[FloatArray]
    """(m, labels): of all labels of each span, None if they were not asked for."""
