"""Pooling: the vectors of each sequence to one vector."""

from __future__ import annotations

from typing import Literal, Optional, Sequence, Tuple, get_args

import numpy as np
import torch
from torch import Tensor, nn

from ..types import IntArray
from .linear import over_rounded

Pooling = Literal["last", "max", "mean", "attention"]
POOLINGS: Tuple[str, ...] = get_args(Pooling)

# Sequences are pooled in groups of about so many vectors, which fit in a processor's cache.
GROUP = 8192


class AttentivePool(nn.Module):
    """The scores of additive attention (Bahdanau et al. 2015), with a learned query for each head in place of a
    decoder's state (Yang et al. 2016, eq. 5-7; several heads: Lin et al. 2017, eq. 6).

    width: of the vectors. kinds: the poolings. heads: of the attention.
    """

    def __init__(self, width: int, kinds: Sequence[str], *, heads: int = 1):
        super().__init__()
        self.kinds = tuple(kinds)
        if "attention" in kinds:
            self.hidden = nn.Linear(width, width)
            self.query = nn.Linear(width, heads, bias=False)

    def score(self, x: Tensor) -> Tensor:
        """x: (..., width). Returns (..., heads), whose softmax over a sequence gives the attention weights."""
        return _widened(self.query(torch.tanh(self.hidden(x))))


class Pool(AttentivePool):
    """Pools the outputs of a recurrent layer, which lie in a padded block, to one vector a sequence.

    kind: "last" (the final state of each direction), "max", "mean", or "attention".
    """

    def __init__(self, width: int, kind: str, *, bidirectional: bool = True):
        super().__init__(width, [kind])
        self.forward_width = width // 2 if bidirectional else width

    def forward(self, x: Tensor, lengths: Tensor, mask: Tensor) -> Tensor:
        """x: (steps, batch, width); lengths: (batch,); mask: (steps, batch) bool, True where there is a step.
        Returns (batch, width)."""
        (kind,) = self.kinds
        if kind == "last":
            final = x[lengths - 1, torch.arange(x.shape[1], device=x.device), : self.forward_width]
            return torch.cat([final, x[0, :, self.forward_width :]], dim=1)
        outside = ~mask.unsqueeze(2)
        if kind == "max":
            return x.masked_fill(outside, float("-inf")).amax(dim=0)
        if kind == "mean":
            return x.masked_fill(outside, 0.0).sum(dim=0) / lengths.unsqueeze(1)
        scores = self.score(x).masked_fill(outside, float("-inf"))
        return (torch.softmax(scores, dim=0).to(x.dtype) * x).sum(dim=0)


class SequencePool(AttentivePool):
    """Pools the sequences of a flat batch in one or several ways, and joins the results. A sequence's result does not
    depend on its neighbours.

    "last": the vectors at both ends, which hold the final states of both directions.
    "mean", "max": over the sequence, unit by unit.
    "attention": a weighted mean for each head, see `AttentivePool`.
    """

    def __init__(self, width: int, kinds: Sequence[str], *, heads: int = 1):
        super().__init__(width, kinds, heads=heads)
        self.output_size = sum({"last": 2, "attention": heads}.get(kind, 1) for kind in kinds) * width

    def forward(self, x: Tensor, lengths: IntArray) -> Tensor:
        """x: (n, width), the vectors of all sequences joined; lengths: (n_sequences,), zeros allowed. Returns
        (n_sequences, output_size), zeros for an empty sequence."""
        return self.attend(x, lengths)[0]

    def attend(self, x: Tensor, lengths: IntArray) -> Tuple[Tensor, Optional[Tensor]]:
        """As `forward`, with the attention weights, (n,), the mean of all heads; None without attention."""
        groups = np.split(lengths, np.flatnonzero(np.diff(np.cumsum(lengths) // GROUP)) + 1)
        pooled, weights = [], []
        for own, part in zip(groups, x.split([int(own.sum()) for own in groups])):
            owner = torch.repeat_interleave(torch.from_numpy(own).to(x.device), output_size=len(part))
            vectors, attention = self.pool(part, owner, len(own))
            pooled.append(vectors)
            weights += [] if attention is None else [attention.detach().mean(dim=1)]
        return torch.cat(pooled), torch.cat(weights) if weights else None

    def pool(self, x: Tensor, owner: Tensor, n: int) -> Tuple[Tensor, Optional[Tensor]]:
        """x: (n_vectors, width); owner: (n_vectors,) int64, the sequence of each vector, ascending; n: the number of
        sequences. Returns (n, output_size), and the attention weights, (n_vectors, heads), or None."""
        attention = None
        if "attention" in self.kinds:
            attention = segment_softmax(over_rounded(self.score, x), owner, n)
        sizes = torch.bincount(owner, minlength=n)
        parts = []
        for kind in self.kinds:
            if kind == "last":
                present = sizes[sizes > 0]
                ends = present.cumsum(0)
                both = torch.cat([x[ends - 1], x[ends - present]], dim=1)
                parts.append(both.new_zeros(n, both.shape[1]).index_copy(0, owner[ends - 1], both))
            elif kind == "max":
                parts.append(_highest(x, owner, n).masked_fill(sizes.unsqueeze(1) == 0, 0.0))
            elif kind == "mean":
                parts.append(segment_sum(x, owner, n) / sizes.clamp(min=1).unsqueeze(1))
            elif attention is not None:
                parts += [segment_sum(weight.unsqueeze(1).to(x.dtype) * x, owner, n) for weight in attention.unbind(1)]
        return torch.cat(parts, dim=1), attention


def _widened(x: Tensor) -> Tensor:
    """In float32 at least, since sums of many rounded numbers are far off."""
    return x.to(torch.promote_types(x.dtype, torch.float32))


def segment_softmax(scores: Tensor, owner: Tensor, n: int) -> Tensor:
    """A softmax over each sequence, unit by unit. scores: (n_vectors, width). Returns the same shape."""
    raised = torch.exp(scores - _highest(scores.detach(), owner, n)[owner])
    return raised / segment_sum(raised, owner, n)[owner]


def segment_sum(x: Tensor, owner: Tensor, n: int) -> Tensor:
    """The sum of each sequence's vectors, (n, width), 0 for an empty one."""
    wide = _widened(x)
    return wide.new_zeros(n, x.shape[1]).index_add(0, owner, wide).to(x.dtype)


def _highest(x: Tensor, owner: Tensor, n: int) -> Tensor:
    """The maximum of each sequence's vectors, unit by unit, (n, width), -inf for an empty one."""
    # Not from zeros, which would take a share of the gradient of a maximum that is zero.
    lowest = x.new_full((n, x.shape[1]), float("-inf"))
    return lowest.scatter_reduce(0, owner.unsqueeze(1).expand_as(x), x, "amax")
