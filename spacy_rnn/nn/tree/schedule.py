"""The order in which the nodes of a batch of trees are computed.

A node waits for its children (upward) or for its head (downward). The nodes of one height, or of one depth, form a
level, over all trees of the batch, and a level is computed at once. Schedules are built by array operations.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import List, Optional, Sequence, Tuple

import numpy as np
import torch
from torch import Tensor

from ...base.trees import Trees, node_depths, starts_of
from ...types import IntArray


@dataclass
class TreeSchedule:
    """Nodes by level, and the edges along which states travel. A node's index in this order is its position. Edges are
    in the order of the positions that they lead to."""

    order: Tensor
    """(n,) int64: the node at each position."""
    position: Tensor
    """(n,) int64: the position of each node."""
    sizes: List[int]
    """The number of nodes of each level. The first level waits for nothing."""
    edge_sizes: List[int]
    """The number of edges that lead to each level; none lead to the first."""
    sources: Tensor
    """(n_edges,) int64: the position that each edge comes from, on an earlier level."""
    targets: Tensor
    """(n_edges,) int64: the position that each edge leads to."""
    local_targets: Tensor
    """(n_edges,) int64: the same within its level."""
    incoming: Tensor
    """(n,) int64: the first edge that leads to each position, within the edges to its level."""
    outgoing: Sequence[Tensor]
    """For each level (m,) int64: the edges that come from it, in the order of their sources."""
    outgoing_starts: Sequence[Tensor]
    """For each level (n,) int64: where the edges that come from each of its positions begin in `outgoing`."""

    def __post_init__(self) -> None:
        self._numbers = torch.arange(max(self.edge_sizes, default=0), device=self.order.device)

    def __len__(self) -> int:
        """The number of levels."""
        return len(self.sizes)

    @property
    def n_edges(self) -> int:
        return len(self.sources)

    @property
    def n_leaves(self) -> int:
        """The number of nodes that wait for nothing, which come first."""
        return self.sizes[0] if self.sizes else 0

    def nodes(self, *buffers: Tensor) -> List[Tuple[Tensor, ...]]:
        """Split buffers of nodes (n, ...): for each level, its part of every buffer."""
        return list(zip(*(buffer.split(self.sizes) for buffer in buffers)))

    def edges(self, *buffers: Tensor) -> List[Tuple[Tensor, ...]]:
        """Split buffers of edges (n_edges, ...): for each level, its part of every buffer."""
        return list(zip(*(buffer.split(self.edge_sizes) for buffer in buffers)))

    def sum_incoming(self, edges: Tensor, incoming: Tensor) -> Tensor:
        """Sum over the edges that lead to each node of a level. edges, incoming: their parts of the level."""
        return sum_rows(edges, self._numbers[: len(edges)], incoming)

    def sum_outgoing(self, edges: Tensor, level: int) -> Tensor:
        """Sum over the edges that come from each node of a level. edges: (n_edges, width)."""
        return sum_rows(edges, self.outgoing[level], self.outgoing_starts[level])


def sum_rows(x: Tensor, rows: Tensor, offsets: Tensor) -> Tensor:
    """Sum groups of the rows of x in one pass.

    x: (m, width). rows: (k,) int64, group after group. offsets: (n_groups,) int64, where each group begins; a group may
    be empty. Returns (n_groups, width)."""
    if not len(rows):
        return x.new_zeros(len(offsets), x.shape[1])
    return torch.embedding_bag(x, rows, offsets)[0]


def schedule_upward(trees: Trees, device: Optional[torch.device] = None) -> TreeSchedule:
    """Children before heads."""
    children, heads = _edges(trees.heads)
    return _schedule(trees.heights, children, heads, device)


def schedule_downward(trees: Trees, device: Optional[torch.device] = None) -> TreeSchedule:
    """Heads before children."""
    children, heads = _edges(trees.heads)
    return _schedule(node_depths(trees.heads), heads, children, device)


def _edges(heads: IntArray) -> Tuple[IntArray, IntArray]:
    """The nodes that are not roots, and their heads, (n_edges,) each."""
    children = np.flatnonzero(heads != np.arange(len(heads)))
    return children, heads[children]


def _schedule(level: IntArray, sources: IntArray, targets: IntArray, device: Optional[torch.device]) -> TreeSchedule:
    """level: (n,), of each node. sources, targets: (n_edges,), nodes."""
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
        outgoing=tensor(np.argsort(sources, kind="stable")).split(sent_sizes.tolist()),
        outgoing_starts=tensor(starts_of(sent) - np.repeat(starts_of(sent_sizes), sizes)).split(sizes.tolist()),
    )
