"""A maxout layer with layer normalization."""

from __future__ import annotations

from torch import Tensor, nn

from .dropout import SequenceDropout
from .shapes import RoundedLinear


class Maxout(nn.Module):
    """The larger of `pieces` linear maps (Goodfellow et al. 2013), then layer normalization
    (Ba et al. 2016). Drops units of its input."""

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
