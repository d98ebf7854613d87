"""What a recognizer reads of documents beside their words: pieces, whitespace, and entities that are there already."""

from __future__ import annotations

from dataclasses import dataclass
from typing import List, Optional

import numpy as np
from spacy.attrs import ENT_IOB, IS_SPACE, SENT_START
from spacy.tokens import Doc

from ...base.arrays import lengths_of, token_attrs
from ...base.entities import APART, WITHIN
from ...base.trees import starts_of
from ...types import BoolArray, IntArray

INSIDE, BEGIN = 1, 3
"""`token.ent_iob` of the tokens of entities. BEGIN without a label is blocked."""


@dataclass(frozen=True)
class Tokens:
    """The tokens of a batch of documents, joined."""

    lengths: IntArray
    """(n_docs,): the number of tokens of each document."""
    spaces: BoolArray
    """(n,): whether each token is whitespace."""
    kept: BoolArray
    """(n,): whether each token is in an entity already, or blocked."""
    starts: BoolArray
    """(n,): whether a document or a sentence starts at each token."""

    @classmethod
    def read(cls, docs: List[Doc]) -> Tokens:
        lengths = lengths_of(docs)
        values = token_attrs(docs, SENT_START, IS_SPACE, ENT_IOB)
        starts = values[:, 0] == 1
        starts[starts_of(lengths)[lengths > 0]] = True
        iob = values[:, 2]
        return cls(lengths, values[:, 1] == 1, (iob == INSIDE) | (iob == BEGIN), starts)

    def pieces(self, most: int) -> IntArray:
        """The lengths of the pieces that are read each by itself, (n_pieces,): sentences, or documents without any.
        most: a longer one is cut after so many tokens."""
        rows = np.arange(len(self.starts))
        places = rows - np.maximum.accumulate(np.where(self.starts, rows, 0))
        return np.diff(np.flatnonzero(places % most == 0), append=len(rows))

    @property
    def limits(self) -> Optional[IntArray]:
        """See `EntitySearch`: whitespace neither begins nor ends an entity, and what is there is kept."""
        limits = np.where(self.kept, APART, np.where(self.spaces, WITHIN, 0))
        return limits if limits.any() else None
