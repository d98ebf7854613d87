"""Attention: which steps of a sequence another sequence looks at."""

from __future__ import annotations

from typing import Literal, Tuple, get_args

import torch
from torch import Tensor, nn

AttentionKind = Literal["dot", "additive", "none"]
ATTENTIONS: Tuple[str, ...] = get_args(AttentionKind)
POSITION_WIDTH = 32
# The longest wave, in steps; sequences that are longer still differ in the sum of all waves.
_LONGEST_WAVE = 1000.0


class Attention(nn.Module):
    """Weights of the steps of a memory for each query, which sum to 1.

    Queries and memory are projected to one width; both also carry where in their sequence they stand, as sines and
    cosines (Vaswani et al. 2017, sect. 3.5), without which a network has to learn to count before it can copy.

    query_size, memory_size: of a vector. size: that both are projected to.
    kind: "dot" (Luong et al. 2015, sect. 3.1, "general", scaled by the width) or "additive" (Bahdanau et al. 2015,
        appendix A.1.2).
    """

    def __init__(self, query_size: int, memory_size: int, size: int, kind: str = "dot"):
        super().__init__()
        self.kind = kind
        self.size = size
        self.query = nn.Linear(query_size, size, bias=False)
        self.key = nn.Linear(memory_size, size, bias=kind == "additive")
        self.query_place = nn.Linear(POSITION_WIDTH, size, bias=False)
        self.key_place = nn.Linear(POSITION_WIDTH, size, bias=False)
        self.score = nn.Linear(size, 1, bias=False) if kind == "additive" else None
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Places start with the same projection, so that what is learned first is where, then what."""
        for layer in (self.query, self.key, self.key_place):
            nn.init.xavier_uniform_(layer.weight)
        with torch.no_grad():
            self.query_place.weight.copy_(self.key_place.weight)

    def keys(self, memory: Tensor) -> Tensor:
        """memory: (batch, steps, memory_size). Returns (batch, steps, size), once for all queries."""
        places = positions(torch.arange(memory.shape[1], device=memory.device)).to(memory.dtype)
        return as_matrix(self.key, memory) + self.key_place(places)

    def forward(self, queries: Tensor, places: Tensor, keys: Tensor, mask: Tensor) -> Tensor:
        """queries: (batch, n, query_size); places: (n,) int64, the step that each query stands at; keys: (batch,
        steps, size); mask: (batch, steps) bool, True where there is a step. Returns (batch, n, steps) float32."""
        projected = as_matrix(self.query, queries) + self.query_place(positions(places).to(queries.dtype))
        if self.score is None:
            scores = torch.bmm(projected, keys.transpose(1, 2)).float() * self.size**-0.5
        else:
            scores = self.score(torch.tanh(projected.unsqueeze(2) + keys.unsqueeze(1))).squeeze(3).float()
        return torch.softmax(scores.masked_fill(~mask.unsqueeze(1), float("-inf")), dim=2)


def as_matrix(layer: nn.Module, x: Tensor) -> Tensor:
    """A linear layer over a block (a, b, width), which may be a transposed one: of such a block, torch would multiply
    each row by a copy of the weights of its own."""
    projected: Tensor = layer(x.flatten(0, 1))
    return projected.view(*x.shape[:2], -1)


def positions(places: Tensor) -> Tensor:
    """Sines and cosines of waves of many lengths, (n,) int64 to (n, POSITION_WIDTH)."""
    half = POSITION_WIDTH // 2
    exponents = torch.arange(half, device=places.device, dtype=torch.float32) / (half - 1)
    angles = places.unsqueeze(1) * _LONGEST_WAVE**-exponents
    return torch.cat([angles.sin(), angles.cos()], dim=1)
