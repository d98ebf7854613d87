"""Dropout of the units of sequences, of whole tokens and of the words of a vocabulary."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class SequenceDropout(nn.Module):
    """Dropout over (steps, batch, width). The rate `p` is 0 until `set_dropout` sets it, before each update.

    variational: use one mask for all steps of a sequence (Gal & Ghahramani 2016).
    """

    def __init__(self, variational: bool = True):
        super().__init__()
        self.p = 0.0
        self.variational = variational

    def forward(self, x: Tensor) -> Tensor:
        """x: (steps, batch, width), or (rows, width), where no mask is shared. Returns the same shape."""
        if not self.training or self.p == 0.0:
            return x
        if not self.variational or x.dim() != 3:
            return nn.functional.dropout(x, self.p)
        kept = 1.0 - self.p
        return x * torch.empty(1, *x.shape[1:], dtype=x.dtype, device=x.device).bernoulli_(kept).div_(kept)


class TokenDropout(nn.Module):
    """Replaces whole tokens by one learned vector, so that a network learns to recognize a word by its neighbours and
    does not depend on any of them (as in Dozat & Manning 2017).

    width: of a token's vector. p: the share of tokens replaced in training, which `set_dropout` does not change.
    """

    def __init__(self, width: int, p: float):
        super().__init__()
        self.p = p
        self.blank = nn.Parameter(torch.zeros(width))

    def reset_parameters(self) -> None:
        nn.init.zeros_(self.blank)

    def forward(self, x: Tensor) -> Tensor:
        """x: (steps, batch, width). Returns the same shape."""
        if not self.training or self.p == 0.0:
            return x
        dropped = torch.rand(*x.shape[:-1], 1, dtype=torch.float32, device=x.device) < self.p
        return torch.where(dropped, self.blank.to(x.dtype), x)


def set_dropout(module: nn.Module, rate: float) -> None:
    """Set the dropout rate of every `SequenceDropout` and `UnitDropout` in a module."""
    for child in module.modules():
        if isinstance(child, SequenceDropout):
            child.p = rate


def drop_rows(index: Tensor, probability: Tensor) -> Tensor:
    """Replace each entry of `index` (n,) by 0 with its own probability (n,). Returns (n,)."""
    dropped = torch.rand(index.shape, dtype=torch.float32, device=index.device) < probability
    return torch.where(dropped, 0, index)


class UnitDropout(SequenceDropout):
    """Drops each unit independently. One random byte decides instead of eight, which is faster and rounds the rate to a
    multiple of 1/256. The units kept are scaled by the rounded rate."""

    def __init__(self) -> None:
        super().__init__(variational=False)

    def forward(self, x: Tensor) -> Tensor:
        """x: any shape. Returns the same shape."""
        threshold = min(round(256 * self.p), 255)
        if not self.training or threshold == 0:
            return x
        bits = torch.empty(-(-x.numel() // 8), dtype=torch.int64, device=x.device)
        bytes_ = bits.random_(-(2**63), None).view(torch.uint8)[: x.numel()].view(x.shape)
        return x * (bytes_ >= threshold).to(x.dtype).mul_(256 / (256 - threshold))
