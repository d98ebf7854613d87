"""The output layers of a tagger and of a text categorizer."""

from __future__ import annotations

from functools import partial

from torch import Tensor, nn

from .dropout import SequenceDropout
from .shapes import over_rounded


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


class ClassifierHead(LinearHead):
    """One linear layer for all categories, with dropout before it."""

    def __init__(self, input_size: int, output_size: int):
        super().__init__(input_size, output_size)
        self.dropout = SequenceDropout(variational=False)

    def forward(self, x: Tensor, columns: slice = slice(None)) -> Tensor:
        """x: (n_docs, input_size). Returns scores before the activation, (n_docs, output_size)."""
        return over_rounded(partial(super().forward, columns=columns), self.dropout(x))
