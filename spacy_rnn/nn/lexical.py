"""Several hashed embeddings side by side."""

from __future__ import annotations

from typing import List

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from .embedding import HashEmbedding


class LexicalTables(nn.Module):
    """One hashed table for each of several attributes of a word; their vectors are joined.

    n_attrs: the number of attributes. rows: of each table. width: of each vector.
    """

    def __init__(self, n_attrs: int, rows: int, width: int):
        super().__init__()
        self.tables = nn.ModuleList(HashEmbedding(rows, width) for _ in range(n_attrs))

    def buckets(self, keys: List[npt.NDArray[np.uint64]]) -> npt.NDArray[np.int64]:
        """keys: one (n,) array an attribute. Returns the rows to read, (n_attrs, 2, n)."""
        return np.stack([table.buckets(column) for table, column in zip(self.tables, keys)])  # type: ignore[operator]

    def forward(self, buckets: Tensor) -> Tensor:
        """buckets: (n_attrs, 2, n) int64. Returns (n, n_attrs * width)."""
        return torch.cat([table(rows) for table, rows in zip(self.tables, buckets)], dim=1)
