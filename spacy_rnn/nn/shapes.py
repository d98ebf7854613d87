"""Few different sizes. Kernels are built for a shape when it is first met, which takes longer than running them once,
so a little padding costs less than a size that never comes back."""

from __future__ import annotations

from typing import Callable

from torch import Tensor, nn


def round_up(n: int, bits: int = 3) -> int:
    """The smallest number from `n` on that has at most `bits` + 1 significant bits: at most 1 / 2**bits more."""
    quantum = 1 << max(0, (n - 1).bit_length() - 1 - bits)
    return -(-n // quantum) * quantum


class RoundedLinear(nn.Linear):
    """A linear layer over any number of rows."""

    def forward(self, x: Tensor) -> Tensor:
        """x: (n, in_features). Returns (n, out_features)."""
        return over_rounded(super().forward, x)


def over_rounded(layer: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    """Call a layer that treats every row by itself on rows of a round number. x: (n, width)."""
    added = round_up(len(x)) - len(x)
    return layer(nn.functional.pad(x, (0, 0, 0, added)))[: len(x)] if added else layer(x)
