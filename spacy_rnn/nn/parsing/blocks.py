"""Sentences of about the same length side by side, so that pairs of their tokens are scored together."""

from __future__ import annotations

from typing import Callable, Iterator, NamedTuple

import numpy as np
import torch
from torch import Tensor

from ...types import IntArray
from ..linear import round_up

# How many scores are in memory together, unless one sentence has more.
MOST_CELLS = 1 << 18


class SentenceBlock(NamedTuple):
    """Sentences of about the same length, padded at the end."""

    cells: Tensor
    """(batch, n) int64: the token, among all of the batch, of each cell. Padding reads the last token of its
    sentence."""
    lengths: Tensor
    """(batch,) int64, all > 0."""
    sentences: IntArray
    """(batch,): which of all sentences these are."""


def count_arcs(n: int) -> int:
    """The arcs to n tokens from a root and from each other."""
    return n * (n + 1)


def lay_out_sentences(
    lengths: IntArray,
    *,
    starts: IntArray | None = None,
    count: Callable[[int], int] = count_arcs,
    max_cells: int = MOST_CELLS,
    device: torch.device | None = None,
) -> Iterator[SentenceBlock]:
    """Lay out sentences as blocks. A sentence is padded to at most a quarter more than its length. The block of
    sentences of n tokens has at most `max_cells` scores, `count(n)` for each, or is a single sentence.

    lengths: (n_sentences,) int64, zeros allowed. starts: (n_sentences,), the first token of each; None if they are
        joined.
    """
    used = np.flatnonzero(lengths)
    starts = (np.cumsum(lengths) - lengths if starts is None else starts)[used]
    lengths = lengths[used]
    sizes = np.array([round_up(n, bits=2) for n in lengths.tolist()], dtype=np.int64)
    for size in np.unique(sizes).tolist():
        (same,) = np.nonzero(sizes == size)
        n = max(1, max_cells // count(size))
        for first in range(0, len(same), n):
            part = same[first : first + n]
            longest = int(lengths[part].max())
            places = np.minimum(np.arange(longest), lengths[part, None] - 1)
            cells = torch.from_numpy(starts[part, None] + places).to(device)
            yield SentenceBlock(cells, torch.from_numpy(lengths[part]).to(device), used[part])


def take(rows: Tensor, index: Tensor) -> Tensor:
    """`rows[index]`, several times as fast. rows: (n, width). Returns (*index.shape, width)."""
    return rows.index_select(0, index.flatten()).unflatten(0, index.shape)
