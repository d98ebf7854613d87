"""Learned vectors of what a morphological dictionary says of a form."""

from __future__ import annotations

from typing import Dict, List, NamedTuple, Optional, Tuple

import numpy as np
import torch
from torch import Tensor, nn

from ...base.lexicon import Lexicon, tag_parts
from ...errors import Errors, ModelFileError, NotInitializedError
from ...types import IntArray

UNKNOWN_FORM, GUESSED_FORM = 0, 1
"""The rows of forms that the dictionary lacks, without and with an ending that it knows."""
_FIRST = 2


class FormBags(NamedTuple):
    """The rows of `LexiconEmbedding` for each form, joined."""

    rows: Tensor
    """(n_rows,) int64."""
    starts: Tensor
    """(n_forms,) int64: the first row of each form."""
    weights: Tensor
    """(n_rows,) float32."""


class WithLexicon:
    """A module with a dictionary, which is saved with the weights. Among the bases of a module, it stands first."""

    lexicon: Optional[Lexicon] = None

    def use(self, lexicon: Lexicon) -> None:
        """Set the dictionary."""
        self.lexicon = lexicon

    def get_extra_state(self) -> Tensor:
        """The bytes of the dictionary."""
        data = b"" if self.lexicon is None else self.lexicon.to_bytes()
        return torch.frombuffer(bytearray(data), dtype=torch.uint8) if data else torch.zeros(0, dtype=torch.uint8)

    def set_extra_state(self, state: Tensor) -> None:
        """Raises ModelFileError for what is no dictionary, or does not fit."""
        if len(state):
            self.use(Lexicon.from_bytes(state.cpu().numpy().tobytes()))


class LexiconEmbedding(WithLexicon, nn.Module):
    """The vector of a form is the sum of learned vectors: of the parts of its tags, of whole tags, and of its ambiguity
    class, the set of its tags. Parts and tags are weighted by the share of the analyses that have them. Forms that the
    dictionary lacks have a vector of their own, which is added to what their endings let expect.

    The vectors of tags and classes start from zero, so that those that training never meets add nothing.

    parts, tags, classes: how many of each the dictionary has. width: of a vector.
    """

    def __init__(self, parts: int, tags: int, classes: int, width: int):
        super().__init__()
        self.parts, self.tags, self.classes = parts, tags, classes
        self.weight = nn.Parameter(torch.empty(_FIRST + parts + tags + classes, width))
        self._bags: Dict[int, Tuple[List[int], List[float]]] = {}
        self.reset_parameters()

    def reset_parameters(self) -> None:
        with torch.no_grad():
            self.weight.zero_()
            nn.init.normal_(self.weight[: _FIRST + self.parts], std=self.weight.shape[1] ** -0.5)

    def use(self, lexicon: Lexicon) -> None:
        """Set the dictionary. Raises ModelFileError for one of other sizes."""
        found = len(lexicon.parts), len(lexicon.tags), lexicon.n_classes
        if found != (self.parts, self.tags, self.classes):
            raise ModelFileError(Errors.R003.format(reason=f"its dictionary has sizes {found}"))
        super().use(lexicon)
        self._part = {part: row for row, part in enumerate(lexicon.parts, start=_FIRST)}
        self._bags = {0: ([UNKNOWN_FORM], [1.0])}

    def bags(self, sets: IntArray) -> FormBags:
        """What `forward` reads for forms with these sets of analyses. sets: (n_forms,), negative for sets that were
        guessed by the ending."""
        found = [self._bags.get(number) or self._bag(number) for number in sets.tolist()]
        lengths = np.fromiter((len(rows) for rows, _ in found), dtype=np.int64, count=len(found))
        device = self.weight.device
        rows = torch.tensor([row for rows, _ in found for row in rows], dtype=torch.int64, device=device)
        weights = torch.tensor([w for _, own in found for w in own], dtype=torch.float32, device=device)
        return FormBags(rows, torch.from_numpy(np.cumsum(lengths) - lengths).to(device), weights)

    def _bag(self, number: int) -> Tuple[List[int], List[float]]:
        if self.lexicon is None:
            raise NotInitializedError(Errors.R018)
        tags = self.lexicon.set_tags(abs(number))
        first = _FIRST + self.parts
        bag: Dict[int, float] = {first + self.tags + int(self.lexicon.classes[abs(number)]): 1.0}
        if number < 0:
            bag[GUESSED_FORM] = 1.0
        for tag in tags:
            parts = (self._part[part] for part in tag_parts(self.lexicon.tags[tag]))
            for row in {*parts, first + tag}:
                bag[row] = bag.get(row, 0.0) + 1 / len(tags)
        self._bags[number] = list(bag), list(bag.values())
        return self._bags[number]

    def forward(self, rows: Tensor, starts: Tensor, weights: Tensor) -> Tensor:
        """Returns (n_forms, width)."""
        return nn.functional.embedding_bag(rows, self.weight, starts, mode="sum", per_sample_weights=weights)
