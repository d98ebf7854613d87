"""Dropout of single units by cheap random numbers."""

from __future__ import annotations

import torch
from torch import Tensor

from .dropout import SequenceDropout


class UnitDropout(SequenceDropout):
    """Drops each unit by itself. One random byte decides, an eighth of a random number, so the
    rate is rounded to a multiple of 1/256; what is kept is scaled by the rate that was used."""

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
