"""The output layer over trees: scores for every node and for every document."""

from __future__ import annotations

from typing import Literal, Tuple, get_args

import torch
from torch import Tensor, nn

from ..pooling import SequencePool

TreePooling = Literal["mean", "attention"]
TREE_POOLINGS: Tuple[str, ...] = get_args(TreePooling)


class TreeOutput(SequencePool):
    """One linear layer for nodes and documents. A document's vector is pooled from the roots of its trees.

    input_size: of the states. output_size: the number of scores. pooling: "mean" or "attention", see `SequencePool`.
    """

    def __init__(self, input_size: int, output_size: int, pooling: str = "mean"):
        super().__init__(input_size, [pooling])
        self.linear = nn.Linear(input_size, output_size)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Zeros, so that an untrained layer prefers no label, and attention starts as the mean."""
        nn.init.zeros_(self.linear.weight)
        nn.init.zeros_(self.linear.bias)
        if "attention" in self.kinds:
            nn.init.xavier_uniform_(self.hidden.weight)
            nn.init.zeros_(self.hidden.bias)
            nn.init.zeros_(self.query.weight)

    def forward(self, x: Tensor, roots: Tensor, owner: Tensor, n_docs: int) -> Tensor:  # type: ignore[override]
        """x: (n, input_size), the states of all nodes; roots: (n_trees,) int64, the rows of the roots; owner:
        (n_trees,) int64, the document of each tree, ascending. Returns (n + n_docs, output_size), the scores of the
        nodes and then of the documents. A document without a tree has the vector 0."""
        return self.linear(torch.cat([x, self.pool(x[roots], owner, n_docs)[0]]))
