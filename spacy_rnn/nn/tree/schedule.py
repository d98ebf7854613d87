"""In which order the nodes of a batch of trees are computed, all that can be at once.

A node waits for its children (bottom-up) or for its head (top-down). Nodes that wait equally
long form a level: all nodes of equal height, over all trees of the batch, or all of equal
depth. Everything is told from the array of heads by array operations; the only loop runs over
the levels.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import List, Optional

import numpy as np
import torch
from torch import Tensor

from ...base.trees import IntArray, node_depths, node_heights, starts_of


@dataclass
class Segments:
    """A partition of some rows into runs, for sums by `sum_rows`."""

    rows: Tensor
    """(m,) int64: the rows, run after run."""
    offsets: Tensor
    """(n,) int64: where each run begins; a run may be empty."""


@dataclass
class TreeSchedule:
    """Nodes by level, and the edges along which states travel. A node's place in this order
    is its position. Edges stand in the order of the nodes that they lead to."""

    order: Tensor
    """(n,) int64: the node at each position; the first level waits for nothing."""
    position: Tensor
    """(n,) int64: the position of each node."""
    sizes: List[int]
    """Nodes of each level."""
    edge_sizes: List[int]
    """Edges that lead to each level, none to the first."""
    sources: Tensor
    """(n_edges,) int64: the position that each edge comes from, always on an earlier level."""
    targets: Tensor
    """(n_edges,) int64: the position that it leads to."""
    local_targets: Tensor
    """(n_edges,) int64: the same, counted within the level."""
    incoming: Tensor
    """(n,) int64: the first edge that leads to each position, counted within its level."""
    outgoing: Tensor
    """(n_edges,) int64: the edges in the order of the positions that they come from."""
    outgoing_sizes: List[int]
    """Edges that come from each level."""
    outgoing_starts: Tensor
    """(n,) int64: where the edges that come from each position begin, counted within its level."""

    @property
    def n_edges(self) -> int:
        return len(self.sources)


def sum_rows(x: Tensor, rows: Tensor, offsets: Tensor) -> Tensor:
    """Sums over runs of rows in one pass, (m, width) to (n_runs, width); see `Segments`."""
    if not len(rows):
        return x.new_zeros(len(offsets), x.shape[1])
    return torch.embedding_bag(x, rows, offsets)[0]


def group_rows(index: IntArray, n: int) -> Segments:
    """For each of n numbers the places where it stands in `index` (m,)."""
    rows = np.argsort(index, kind="stable")
    return Segments(torch.from_numpy(rows), torch.from_numpy(starts_of(np.bincount(index, minlength=n))))


def schedule_upward(heads: IntArray, device: Optional[torch.device] = None) -> TreeSchedule:
    """Children before heads. heads: (n,), itself for a root, without cycles."""
    below = np.flatnonzero(heads != np.arange(len(heads)))
    return _schedule(node_heights(heads), below, heads[below], device)


def schedule_downward(heads: IntArray, device: Optional[torch.device] = None) -> TreeSchedule:
    """Heads before children. heads: (n,), itself for a root, without cycles."""
    below = np.flatnonzero(heads != np.arange(len(heads)))
    return _schedule(node_depths(heads), heads[below], below, device)


def _schedule(level: IntArray, sources: IntArray, targets: IntArray, device: Optional[torch.device]) -> TreeSchedule:
    """level: (n,) of each node; sources, targets: (n_edges,) nodes."""
    order = np.argsort(level, kind="stable")
    position = np.empty_like(order)
    position[order] = np.arange(len(order))
    by_target = np.argsort(position[targets], kind="stable")
    sources, targets = position[sources][by_target], position[targets][by_target]
    sizes = np.bincount(level)
    edge_sizes = np.bincount(level[order[targets]], minlength=len(sizes))
    first_edge = starts_of(np.bincount(targets, minlength=len(level)))
    sent = np.bincount(sources, minlength=len(level))
    level_starts = starts_of(sizes)
    sent_sizes = np.add.reduceat(sent, level_starts) if len(sizes) else sizes

    def tensor(array: IntArray) -> Tensor:
        return torch.from_numpy(array).to(device)

    return TreeSchedule(
        order=tensor(order),
        position=tensor(position),
        sizes=sizes.tolist(),
        edge_sizes=edge_sizes.tolist(),
        sources=tensor(sources),
        targets=tensor(targets),
        local_targets=tensor(targets - np.repeat(level_starts, edge_sizes)),
        incoming=tensor(first_edge - np.repeat(starts_of(edge_sizes), sizes)),
        outgoing=tensor(np.argsort(sources, kind="stable")),
        outgoing_sizes=sent_sizes.tolist(),
        outgoing_starts=tensor(starts_of(sent) - np.repeat(starts_of(sent_sizes), sizes)),
    )
