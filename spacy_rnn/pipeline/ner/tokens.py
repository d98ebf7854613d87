"""What a recognizer reads of documents beside their words: pieces, whitespace, and entities that are there already."""

from __future__ import annotations

from dataclasses import dataclass
from typing import List, Optional

import numpy as np
from spacy.attrs import ENT_IOB
from spacy.tokens import Doc

from ...base.arrays import token_attrs
from ...base.entities import APART, WITHIN
from ...types import BoolArray, IntArray
from ..spans import Tokens

INSIDE, BEGIN = 1, 3
"""`token.ent_iob` of the tokens of entities. BEGIN without a label is blocked."""


@dataclass(frozen=True)
class EntityTokens(Tokens):
    """The tokens of a batch of documents, joined."""

    kept: BoolArray
    """(n,): whether each token is in an entity already, or blocked."""

    @classmethod
    def read(cls, docs: List[Doc]) -> EntityTokens:
        tokens = Tokens.read(docs)
        iob = token_attrs(docs, ENT_IOB)[:, 0]
        return cls(tokens.lengths, tokens.spaces, tokens.starts, (iob == INSIDE) | (iob == BEGIN))

    @property
    def limits(self) -> Optional[IntArray]:
        """See `EntitySearch`: whitespace neither begins nor ends an entity, and what is there is kept."""
        limits = np.where(self.kept, APART, np.where(self.spaces, WITHIN, 0))
        return limits if limits.any() else None
