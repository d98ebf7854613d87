"""Batches of sentences for a dependency parser, as numpy arrays: what it reads, what it learns, and what it finds."""

from dataclasses import dataclass
from typing import NamedTuple, Optional, Union

from ..types import FloatArray, IntArray

ROOT = 0
"""The head of a root. The head of any other token is 1 + the place of that head in the sentence."""

UNKNOWN = -1
"""A head, a label or a sentence start that is not annotated."""


@dataclass(frozen=True, eq=False)
class Sentences:
    """The sentences of a batch."""

    rows: IntArray
    """(n,): the rows of the batch that are tokens of sentences, sentence by sentence. Other rows take no part."""
    lengths: IntArray
    """(n_sentences,): the number of tokens of each, zeros allowed; their sum is n."""


@dataclass(frozen=True, eq=False)
class TreeTargets:
    """What a parser is to learn."""

    heads: IntArray
    """(n,): the head of each token, see `ROOT` and `UNKNOWN`."""
    labels: IntArray
    """(n,): the column of each label, or UNKNOWN. A label without a head does not count."""
    starts: Optional[IntArray] = None
    """(n,): whether a sentence starts at each token: 1, 0 or UNKNOWN. None learns nothing about that."""


@dataclass(frozen=True)
class TreeSearch:
    """How to find the best trees."""

    projective: bool = False
    """Search among projective trees only."""
    marginals: bool = False
    """Compute the marginal probabilities of the arcs that are found."""


@dataclass(frozen=True)
class StartSearch:
    """Score where sentences start, instead of finding trees."""


ParseTask = Union[TreeTargets, TreeSearch, StartSearch]


class Parses(NamedTuple):
    """The trees that were found."""

    heads: IntArray
    """(n,): see `ROOT`. Each sentence has exactly one root, and no cycle."""
    labels: IntArray
    """(n,): the column of each label."""
    marginals: Optional[FloatArray]
    """(n,): the marginal probability of the arc to each token, None if it was not asked for."""
