"""Embedding tables: one that learns its vocabulary during training, and hashed ones."""

from __future__ import annotations

from typing import Any, Dict, List

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from ...base.distributed import all_reduce_keys
from ...base.hashing import mix_bits
from ...types import IntArray, KeyArray

_STATE = ("keys", "counts")


class GrowingEmbedding(nn.Module):
    """An embedding table that gives each key a row of its own when training first meets it, until the table is full.
    Row 0 stands for every key without a row.

    A key is any int64, such as a hash or a code point. The table counts how often it met each key, for dropout that
    depends on the frequency. Only the rows in use are saved.

    rows: the size of the table, including row 0. width: of a vector.
    sparse: give a sparse gradient, of the rows that were used, which is faster for a large table.
    lazy: the optimizer changes only these rows, see `spacy_rnn.shim.rows`; implies `sparse`.
    """

    keys: Tensor
    counts: Tensor

    def __init__(self, rows: int, width: int, *, sparse: bool = False, lazy: bool = False):
        super().__init__()
        self.sparse, self.lazy = sparse or lazy, lazy
        self.weight = nn.Parameter(torch.empty(rows, width))
        self.register_buffer("keys", torch.zeros(1, dtype=torch.int64))
        self.register_buffer("counts", torch.zeros(1, dtype=torch.int64))
        self._row_of: Dict[int, int] = {}
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw rows whose expected norm is 1, and forget the vocabulary."""
        nn.init.normal_(self.weight, std=self.weight.shape[1] ** -0.5)
        self.keys = self.keys[:1].zero_()
        self.counts = self.counts[:1].zero_()
        self._row_of = {}

    def __len__(self) -> int:
        """The number of rows in use, including row 0."""
        return len(self.keys)

    def find(self, keys: IntArray) -> IntArray:
        """The row of each key, 0 where it has none. keys: (n,). Returns (n,)."""
        row_of = self._row_of
        return np.fromiter((row_of.get(key, 0) for key in keys.tolist()), dtype=np.int64, count=len(keys))

    def learn(self, keys: IntArray, counts: IntArray) -> None:
        """Count keys, and give new ones a row while the table has room; row 0 counts the others. Processes that train
        together learn the keys of all.

        keys: (n,), distinct; counts: (n,), how often each was met.
        """
        keys, counts = all_reduce_keys(keys, counts)
        free = self.weight.shape[0] - len(self)
        new: List[int] = [key for key in keys.tolist() if key not in self._row_of][:free]
        if new:
            self._row_of.update(zip(new, range(len(self), len(self) + len(new))))
            device = self.keys.device
            self.keys = torch.cat([self.keys, torch.tensor(new, dtype=torch.int64, device=device)])
            self.counts = torch.cat([self.counts, torch.zeros(len(new), dtype=torch.int64, device=device)])
        rows = torch.from_numpy(self.find(keys)).to(self.counts.device)
        self.counts.index_add_(0, rows, torch.from_numpy(counts).to(self.counts.device))

    def per_hundred_thousand(self, rows: IntArray) -> npt.NDArray[np.float64]:
        """How often the keys of these rows (n,) were met in every 100,000 keys, or in all keys if there are fewer.
        Unlike the counts, it does not grow with the number of epochs. Returns (n,)."""
        counts = self.counts.cpu().numpy()
        return counts[rows] * min(1.0, 100_000 / max(1, int(counts.sum())))

    def forward(self, rows: Tensor) -> Tensor:
        """rows: int64 of any shape. Returns (*shape, width)."""
        return nn.functional.embedding(rows, self.weight, sparse=self.sparse)

    def _save_to_state_dict(self, destination: Dict[str, Tensor], prefix: str, keep_vars: bool) -> None:
        super()._save_to_state_dict(destination, prefix, keep_vars)
        destination[prefix + "weight"] = destination[prefix + "weight"][: len(self)].clone()

    def _load_from_state_dict(self, state_dict: Dict[str, Tensor], prefix: str, *args: Any) -> None:
        names = [prefix + name for name in ("weight", *_STATE)]
        if all(name in state_dict for name in names):
            saved, keys, _ = (state_dict[name] for name in names)
            rows, width = self.weight.shape
            if keys.dim() == 1 and 0 < len(keys) <= rows and saved.shape == (len(keys), width):
                weight = self.weight.detach().clone()
                weight[: len(saved)] = saved
                state_dict[names[0]] = weight
                for name in _STATE:
                    # Loading copies into buffers of the same length.
                    setattr(self, name, torch.zeros_like(keys, device=self.weight.device))
                self._row_of = {key: row for row, key in enumerate(keys.tolist()) if row}
            else:
                found = f"{tuple(keys.shape)} keys with weights {tuple(saved.shape)}"
                args[-1].append(f"size mismatch for {prefix}weight: {found} in a table of {(rows, width)}.")
        super()._load_from_state_dict(state_dict, prefix, *args)


class HashEmbedding(nn.Module):
    """An embedding without a vocabulary: the vector of a key is the sum of two rows chosen by two hashes, so that two
    keys may share a row but seldom both (Svenstrup et al. 2017, without the importance weights).

    rows: the size of the table. width: of a vector.
    """

    def __init__(self, rows: int, width: int):
        super().__init__()
        self.weight = nn.Parameter(torch.empty(rows, width))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        nn.init.normal_(self.weight, std=(2 * self.weight.shape[1]) ** -0.5)

    def buckets(self, keys: KeyArray) -> IntArray:
        """The two rows of each key. keys: (n,). Returns (2, n)."""
        rows = np.uint64(self.weight.shape[0])
        return np.stack([mix_bits(keys) % rows, mix_bits(~keys) % rows]).astype(np.int64)

    def forward(self, buckets: Tensor) -> Tensor:
        """buckets: (2, n) int64. Returns (n, width)."""
        return nn.functional.embedding(buckets, self.weight).sum(dim=0)


class LexicalTables(nn.Module):
    """One hashed table for each of several attributes of a word. Their vectors are concatenated.

    n_attrs: the number of attributes. rows: of each table. width: of the vector of each attribute.
    """

    def __init__(self, n_attrs: int, rows: int, width: int):
        super().__init__()
        self.tables = nn.ModuleList(HashEmbedding(rows, width) for _ in range(n_attrs))

    def buckets(self, keys: List[KeyArray]) -> IntArray:
        """The rows of each key. keys: (n,) for each attribute. Returns (n_attrs, 2, n)."""
        return np.stack([table.buckets(column) for table, column in zip(self.tables, keys)])  # type: ignore[operator]

    def forward(self, buckets: Tensor) -> Tensor:
        """buckets: (n_attrs, 2, n) int64. Returns (n, n_attrs * width)."""
        return torch.cat([table(rows) for table, rows in zip(self.tables, buckets)], dim=1)
