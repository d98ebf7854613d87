"""Batches of sequences for an encoder-decoder, as numpy arrays: what it reads, what it learns to write, and how it
searches for what to write."""

from dataclasses import dataclass
from enum import IntEnum
from typing import List, NamedTuple, Optional, Tuple

from ..types import IntArray

UNKNOWN, END = 0, 1
"""The numbers of two symbols that every vocabulary has: one for all symbols without a number, which can be copied but
not generated, and the end of a sequence, which also starts the output."""

FIRST = 2
"""The number of the first other symbol."""


class Decision(IntEnum):
    """How the lemma of a word is made."""

    SAME = 0  # it is the form
    LOWER = 1  # it is the form in lower case
    SPELLED = 2  # the network spells it, in lower case
    SPELLED_CASED = 3  # the network spells it, with the case of the form as far as both agree
    SPELLED_TITLE = 4  # the network spells it, with a capital at the start


@dataclass(frozen=True, eq=False)
class Sources:
    """Sequences to read. Each ends with END, so that none is empty."""

    symbols: IntArray
    """(n_symbols,): numbers of the vocabulary that is read, all sequences joined."""
    lengths: IntArray
    """(n,)."""
    copies: IntArray
    """(n_symbols,): the number that copying each symbol writes, in the extended vocabulary of its sequence."""
    n_extended: int
    """The size of the largest extended vocabulary."""
    case_flags: Optional[IntArray] = None
    """(n_symbols,): 1 for a symbol that was a capital, else 0."""
    features: Optional[IntArray] = None
    """(n, n_features): features of whole sequences, filled up with 0."""


@dataclass(frozen=True, eq=False)
class Targets:
    """What the sequences are to become."""

    symbols: IntArray
    """(n_target_symbols,): numbers of the extended vocabularies, all targets joined, each with its END."""
    lengths: IntArray
    """(n,): 0 for a sequence whose target does not count."""
    decisions: IntArray
    """(n,): the right decision about each sequence."""


@dataclass(frozen=True, eq=False)
class Search:
    """How to search for the best output."""

    limits: IntArray
    """(n,): the most symbols of each output, at least 1."""
    beams: int = 1
    length_penalty: float = 1.0
    decode_after: Tuple[int, ...] = ()
    """The decisions after which a sequence is decoded; empty for all."""


class Hypothesis(NamedTuple):
    """One output that the search found."""

    symbols: List[int]
    """Without the END."""
    score: float
    """The log-probability, divided by the length, END included, to the power of the length penalty."""
    ended: bool
    """False if it reached its limit without an END."""


class Decoded(NamedTuple):
    """The outputs of a batch."""

    decisions: List[int]
    """(n,)."""
    hypotheses: List[List[Hypothesis]]
    """(n,): of each sequence, the best one first; empty where the decision was not to decode it."""
