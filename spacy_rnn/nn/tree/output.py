"""The output layer over trees: scores for every node and for every document."""

from __future__ import annotations

from typing import Literal, Tuple, get_args

import torch
from torch import Tensor, nn

TreePooling = Literal["mean", "attention"]
TREE_POOLINGS: Tuple[str, ...] = get_args(TreePooling)


class TreeOutput(nn.Module):
    """One linear layer for nodes and documents alike. A document's vector is the mean of its
    trees' roots, or their average by learned weights (additive scores with one query, as in
    Yang et al. 2016, eq. 5-7).

    input_size: of the states. output_size: the number of scores. pooling: "mean" or "attention".
    """

    def __init__(self, input_size: int, output_size: int, pooling: str = "mean"):
        super().__init__()
        self.linear = nn.Linear(input_size, output_size)
        self.hidden = nn.Linear(input_size, input_size) if pooling == "attention" else None
        self.query = nn.Linear(input_size, 1, bias=False) if pooling == "attention" else None
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Zeros, so that an untrained head prefers no label; the weights among trees start equal."""
        for parameter in self.linear.parameters():
            nn.init.zeros_(parameter)
        if self.hidden is not None and self.query is not None:
            nn.init.xavier_uniform_(self.hidden.weight)
            nn.init.zeros_(self.hidden.bias)
            nn.init.zeros_(self.query.weight)

    def forward(self, x: Tensor, roots: Tensor, owner: Tensor, n_docs: int) -> Tensor:
        """x: (n, input_size) states; roots: (n_trees,) their rows; owner: (n_trees,) the document
        of each. Returns (n + n_docs, output_size): the nodes' scores, then the documents'. A
        document without a tree has the vector 0."""
        return self.linear(torch.cat([x, self.pool(x[roots], owner, n_docs)]))

    def pool(self, x: Tensor, owner: Tensor, n_docs: int) -> Tensor:
        """x: (n_trees, input_size). Returns (n_docs, input_size)."""
        if self.hidden is None or self.query is None:
            shares = 1.0 / torch.bincount(owner, minlength=n_docs)[owner].unsqueeze(1)
        else:
            scores = self.query(torch.tanh(self.hidden(x))).float()
            highest = scores.new_full((n_docs,), float("-inf"))
            highest = highest.scatter_reduce(0, owner, scores.detach().flatten(), "amax")
            raised = torch.exp(scores - highest[owner].unsqueeze(1))
            shares = raised / _totals(raised, owner, n_docs)[owner]
        return _totals(x * shares.to(x.dtype), owner, n_docs)


def _totals(x: Tensor, owner: Tensor, n: int) -> Tensor:
    return x.new_zeros(n, x.shape[1]).index_add(0, owner, x)
