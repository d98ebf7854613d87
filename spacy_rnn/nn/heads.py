"""The output layer of a tagger."""

from __future__ import annotations

from torch import Tensor, nn


class LinearHead(nn.Module):
    """One linear layer for all outputs of all attributes: a single matrix product.

    input_size: of the encoder's vectors. output_size: the number of labels of all attributes.
    """

    def __init__(self, input_size: int, output_size: int):
        super().__init__()
        self.linear = nn.Linear(input_size, output_size)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Zeros, so that an untrained head prefers no label."""
        nn.init.zeros_(self.linear.weight)
        nn.init.zeros_(self.linear.bias)

    def forward(self, x: Tensor, columns: slice = slice(None)) -> Tensor:
        """x: (n, input_size). Returns scores before the softmax, (n, output_size), or those of
        some columns only."""
        return nn.functional.linear(x, self.linear.weight[columns], self.linear.bias[columns])
