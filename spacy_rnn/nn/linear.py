"""Linear and maxout layers over any number of rows.

A kernel is compiled for a shape when that shape is first met, which takes longer than running it once. These layers
round the number of rows up, so that there are few shapes: a little padding costs less than a new kernel.
"""

from __future__ import annotations

from typing import Callable

from torch import Tensor, nn

from .dropout import SequenceDropout


def round_up(n: int, bits: int = 3) -> int:
    """The smallest number >= n with at most `bits` + 1 significant bits, which is at most n * (1 + 2**-bits)."""
    quantum = 1 << max(0, (n - 1).bit_length() - 1 - bits)
    return -(-n // quantum) * quantum


class RoundedLinear(nn.Linear):
    """A linear layer over any number of rows."""

    def forward(self, x: Tensor) -> Tensor:
        """x: (n, in_features). Returns (n, out_features)."""
        return over_rounded(super().forward, x)


def over_rounded(layer: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    """Call a layer that treats rows independently. x: (n, width), which is padded to a rounded number of rows. Returns
    (n, the output width of the layer)."""
    added = round_up(len(x)) - len(x)
    return layer(nn.functional.pad(x, (0, 0, 0, added)))[: len(x)] if added else layer(x)


class Maxout(nn.Module):
    """The maximum of `pieces` linear maps (Goodfellow et al. 2013), then layer normalization (Ba et al. 2016). Dropout
    applies to the input."""

    def __init__(self, input_size: int, output_size: int, pieces: int = 2):
        super().__init__()
        self.shape = (pieces, output_size)
        self.dropout = SequenceDropout(variational=False)
        self.linear = RoundedLinear(input_size, pieces * output_size)
        self.norm = nn.LayerNorm(output_size)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        nn.init.xavier_uniform_(self.linear.weight)
        nn.init.zeros_(self.linear.bias)

    def forward(self, x: Tensor) -> Tensor:
        """x: (n, input_size). Returns (n, output_size)."""
        return self.norm(self.linear(self.dropout(x)).unflatten(1, self.shape).amax(dim=1))
