"""Pooling: a padded block of vectors to one vector a sequence."""

from __future__ import annotations

from typing import Literal, Tuple, get_args

import torch
from torch import Tensor, nn

Pooling = Literal["last", "max", "mean", "attention"]
POOLINGS: Tuple[str, ...] = get_args(Pooling)


class Pool(nn.Module):
    """Reduce the outputs of a recurrent layer to one vector a sequence.

    kind: "last" (the final state of each direction), "max", "mean", or "attention" (a
    learned weight a step: additive scores of Bahdanau et al. 2015 with one query, as in
    Yang et al. 2016, eq. 5-7).
    """

    def __init__(self, width: int, kind: str, *, bidirectional: bool = True):
        super().__init__()
        self.kind = kind
        self.forward_width = width // 2 if bidirectional else width
        if kind == "attention":
            self.hidden = nn.Linear(width, width)
            self.query = nn.Linear(width, 1, bias=False)

    def forward(self, x: Tensor, lengths: Tensor, mask: Tensor) -> Tensor:
        """x: (steps, batch, width); lengths: (batch,); mask: (steps, batch) bool, True
        where there is a step. Returns (batch, width)."""
        if self.kind == "last":
            final = x[lengths - 1, torch.arange(x.shape[1], device=x.device), : self.forward_width]
            return torch.cat([final, x[0, :, self.forward_width :]], dim=1)
        outside = ~mask.unsqueeze(2)
        if self.kind == "max":
            return x.masked_fill(outside, float("-inf")).amax(dim=0)
        if self.kind == "mean":
            return x.masked_fill(outside, 0.0).sum(dim=0) / lengths.unsqueeze(1)
        scores = self.query(torch.tanh(self.hidden(x))).masked_fill(outside, float("-inf"))
        return (torch.softmax(scores.float(), dim=0).to(x.dtype) * x).sum(dim=0)
