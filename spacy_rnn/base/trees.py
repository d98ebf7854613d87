"""The shape of trees, told from the array of heads by array operations. No torch."""

from __future__ import annotations

from typing import Tuple

import numpy as np
import numpy.typing as npt

from ..types import IntArray


def absolute_heads(offsets: IntArray, lengths: IntArray) -> IntArray:
    """Heads as rows of the joined batch. offsets: (n,), from each token to its head, 0 for a
    root; a head outside the token's own tree counts as none. lengths: (n_docs,)."""
    nodes = np.arange(len(offsets))
    heads = nodes + offsets
    starts = np.repeat(starts_of(lengths), lengths)
    outside = (heads < starts) | (heads >= starts + np.repeat(lengths, lengths))
    return np.where(outside, nodes, heads)


def break_cycles(heads: IntArray) -> IntArray:
    """Make the first node of every cycle a root. heads: (n,), itself for a root."""
    return _cut(heads, node_heights(heads) < 0)


def node_heights(heads: IntArray) -> IntArray:
    """The longest way from each node down to a leaf, (n,); -1 for the nodes of a cycle.
    heads: (n,), itself for a root."""
    nodes = np.arange(len(heads))
    waiting = np.bincount(heads[heads != nodes], minlength=len(heads))
    heights = np.full(len(heads), -1, dtype=np.int64)
    last = np.empty_like(nodes)
    ready, height = np.flatnonzero(waiting == 0), 0
    while len(ready):
        heights[ready] = height
        parents = heads[ready]
        parents = parents[parents != ready]
        np.subtract.at(waiting, parents, 1)
        parents = parents[waiting[parents] == 0]
        # Each once, without sorting: where it was written last.
        places = nodes[: len(parents)]
        last[parents] = places
        ready, height = parents[last[parents] == places], height + 1
    return heights


def node_depths(heads: IntArray) -> IntArray:
    """The number of edges between each node and its root, (n,), by pointer doubling.
    heads: (n,), itself for a root, without cycles."""
    depths = (heads != np.arange(len(heads))).astype(np.int64)
    ancestors = heads
    while (further := depths[ancestors]).any():
        depths, ancestors = depths + further, ancestors[ancestors]
    return depths


def _cut(heads: IntArray, on_cycle: npt.NDArray[np.bool_]) -> IntArray:
    # What waits for ever is exactly the nodes on cycles: a node has one head, so nothing that
    # is not on a cycle lies above one.
    if not on_cycle.any():
        return heads
    first, ancestors = np.arange(len(heads)), heads
    for _ in range(int(on_cycle.sum()).bit_length()):
        first, ancestors = np.minimum(first, first[ancestors]), ancestors[ancestors]
    nodes = np.arange(len(heads))
    return np.where(on_cycle & (first == nodes), nodes, heads)


def subtree_spans(heads: IntArray) -> Tuple[IntArray, IntArray, IntArray]:
    """The first node of each node's subtree, one past its last, and the number of its nodes,
    (n,) each. A subtree is a span of its own where it has no gap. heads: (n,), itself for a
    root, without cycles."""
    nodes = np.arange(len(heads))
    start, end, size = nodes.copy(), nodes + 1, np.ones_like(nodes)
    heights = node_heights(heads)
    by_height = np.argsort(heights, kind="stable")
    for level in np.split(by_height, np.cumsum(np.bincount(heights))[:-1]) if len(heads) else []:
        below = level[heads[level] != level]
        parents = heads[below]
        np.minimum.at(start, parents, start[below])
        np.maximum.at(end, parents, end[below])
        np.add.at(size, parents, size[below])
    return start, end, size


def nodes_of(spans: IntArray, heads: IntArray) -> IntArray:
    """The node whose subtree is exactly each span (m, 2), -1 where there is none. heads: (n,)."""
    start, end, size = subtree_spans(heads)
    whole = np.flatnonzero(end - start == size)
    # Two subtrees never have the same nodes, so a span names one at most.
    keys = start[whole] * (len(heads) + 1) + end[whole]
    order = np.argsort(keys)
    wanted = spans[:, 0] * (len(heads) + 1) + spans[:, 1]
    if not len(keys):
        return np.full(len(spans), -1, dtype=np.int64)
    place = np.minimum(np.searchsorted(keys[order], wanted), len(keys) - 1)
    found = order[place]
    return np.where(keys[found] == wanted, whole[found], -1)


def starts_of(counts: IntArray) -> IntArray:
    """Where runs of these lengths begin."""
    return np.cumsum(counts) - counts
