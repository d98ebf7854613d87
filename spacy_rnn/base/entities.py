"""Entities as tags of tokens (the scheme BILUO): what a recognizer learns, and what it finds.

With k labels there are 4k + 1 tags. Tag 0 is a token outside of entities. Then come, each in the order of the labels,
the first tokens of entities (B), entities of one token (U), the tokens inside (I) and the last ones (L).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, Optional, Union

import numpy as np

from ..types import FloatArray, IntArray
from .spans import Spans

OUTSIDE = 0
"""The tag of a token that is in no entity."""

UNKNOWN = -1
"""The tag of a token about which nothing is known."""

FREE, WITHIN, APART = 0, 1, 2
"""Limits of a token: none; it neither begins nor ends an entity; it is in none."""

PARTS = "BUIL"
"""The parts of entities, in the order of their tags."""


@dataclass(frozen=True, eq=False)
class EntityTargets:
    """What is to be learned."""

    tags: IntArray
    """(n,): the tag of each token, or UNKNOWN. Each sequence has entities that begin and end in it."""


@dataclass(frozen=True, eq=False)
class EntitySearch:
    """What is to be found."""

    limits: Optional[IntArray] = None
    """(n,): FREE, WITHIN or APART for each token; None if all are free."""
    marginals: bool = False
    """Compute the marginal probabilities of the entities that are found."""


EntityTask = Union[EntityTargets, EntitySearch]


class EntityTags(NamedTuple):
    """The best tags."""

    tags: IntArray
    """(n,)"""
    probabilities: Optional[FloatArray]
    """(n,): the marginal probability of the entity that a token is in, that is of exactly these tokens and this label;
    0 for a token in none. None if it was not asked for."""


def count_tags(n_labels: int) -> int:
    return 1 + len(PARTS) * n_labels


def tags_of(spans: Spans, n_tokens: int, n_labels: int) -> IntArray:
    """The tags of all tokens, (n_tokens,). The spans do not overlap."""
    tags = np.zeros(n_tokens, dtype=np.int64)
    starts, ends, labels = spans
    inner = np.repeat(labels, ends - starts + 1)
    tags[spanned(spans)] = _tag("I", inner, n_labels)
    tags[ends] = _tag("L", labels, n_labels)
    tags[starts] = np.where(starts == ends, _tag("U", labels, n_labels), _tag("B", labels, n_labels))
    return tags


def spans_of(tags: IntArray, n_labels: int) -> Spans:
    """The entities of tags, (n,), in which each entity begins and ends."""
    kinds, labels = np.divmod(tags - 1, max(1, n_labels))
    kinds = np.where(tags == OUTSIDE, len(PARTS), kinds)
    starts = np.flatnonzero((kinds == PARTS.index("B")) | (kinds == PARTS.index("U")))
    ends = np.flatnonzero((kinds == PARTS.index("L")) | (kinds == PARTS.index("U")))
    return Spans(starts, ends, labels[starts])


def spanned(spans: Spans) -> IntArray:
    """The tokens of all spans, one span after the other."""
    sizes = spans.ends - spans.starts + 1
    return np.arange(sizes.sum()) + np.repeat(spans.starts - (np.cumsum(sizes) - sizes), sizes)


def _tag(part: str, labels: IntArray, n_labels: int) -> IntArray:
    return 1 + PARTS.index(part) * n_labels + labels
