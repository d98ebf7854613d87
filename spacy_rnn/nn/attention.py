"""Attention of one sequence to the steps of another."""

from __future__ import annotations

from typing import Literal, Tuple, get_args

import torch
from torch import Tensor, nn

AttentionKind = Literal["dot", "additive", "none"]
ATTENTIONS: Tuple[str, ...] = get_args(AttentionKind)
POSITION_WIDTH = 32
# In steps. Longer sequences can still be told apart by all waves together.
_LONGEST_WAVE = 1000.0


class Attention(nn.Module):
    """For each query, weights of the steps of a memory, which sum to 1.

    Queries and memory are projected to one width, together with their positions as sines and cosines (Vaswani et al.
    2017, sect. 3.5): without positions a network must learn to count before it can copy.

    query_size, memory_size: the widths of the vectors. size: the width of their projections.
    kind: "dot" (Luong et al. 2015, sect. 3.1, "general", scaled by the width) or "additive" (Bahdanau et al. 2015,
        appendix A.1.2).
    """

    def __init__(self, query_size: int, memory_size: int, size: int, kind: str = "dot"):
        super().__init__()
        self.size = size
        self.query = nn.Linear(query_size, size, bias=False)
        self.key = nn.Linear(memory_size, size, bias=kind == "additive")
        # Of positions; saved files have these names.
        self.query_place = nn.Linear(POSITION_WIDTH, size, bias=False)
        self.key_place = nn.Linear(POSITION_WIDTH, size, bias=False)
        self.score = nn.Linear(size, 1, bias=False) if kind == "additive" else None
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Queries and memory project positions alike at first, so that attention starts at equal positions."""
        for layer in (self.query, self.key, self.key_place):
            nn.init.xavier_uniform_(layer.weight)
        with torch.no_grad():
            self.query_place.weight.copy_(self.key_place.weight)

    def keys(self, memory: Tensor) -> Tensor:
        """Project a memory once for all queries. (batch, steps, memory_size) to (batch, steps, size)."""
        positions = encode_positions(torch.arange(memory.shape[1], device=memory.device)).to(memory.dtype)
        return as_matrix(self.key, memory) + self.key_place(positions)

    def forward(self, queries: Tensor, positions: Tensor, keys: Tensor, mask: Tensor) -> Tensor:
        """Returns (batch, n, steps) float32.

        queries: (batch, n, query_size). positions: (n,) int64, the step of each query. keys: (batch, steps, size).
        mask: (batch, steps) bool, True where there is a step.
        """
        encoded = encode_positions(positions).to(queries.dtype)
        projected = as_matrix(self.query, queries) + self.query_place(encoded)
        if self.score is None:
            scores = torch.bmm(projected, keys.transpose(1, 2)).float() * self.size**-0.5
        else:
            scores = self.score(torch.tanh(projected.unsqueeze(2) + keys.unsqueeze(1))).squeeze(3).float()
        return torch.softmax(scores.masked_fill(~mask.unsqueeze(1), float("-inf")), dim=2)


def as_matrix(layer: nn.Module, x: Tensor) -> Tensor:
    """Apply a linear layer to a block (a, b, width). If the block is transposed, torch alone would multiply each row by
    a separate copy of the weights."""
    projected: Tensor = layer(x.flatten(0, 1))
    return projected.view(*x.shape[:2], -1)


def encode_positions(positions: Tensor) -> Tensor:
    """Sines and cosines with wavelengths in a geometric series. (n,) int64 to (n, POSITION_WIDTH)."""
    half = POSITION_WIDTH // 2
    exponents = torch.arange(half, device=positions.device, dtype=torch.float32) / (half - 1)
    angles = positions.unsqueeze(1) * _LONGEST_WAVE**-exponents
    return torch.cat([angles.sin(), angles.cos()], dim=1)
