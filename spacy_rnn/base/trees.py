"""The dependency trees of a batch of documents, whose tokens are joined, as arrays. No torch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional, Tuple

import numpy as np

from ..types import BoolArray, IntArray


@dataclass(frozen=True)
class Trees:
    """The dependency trees of a batch, computed once for all that need them."""

    heads: IntArray
    """(n_tokens,): the row of each token's head in the batch, its own row for a root. There are no cycles."""
    heights: IntArray
    """(n_tokens,): the number of edges on the longest path from each token down to a leaf."""
    labels: IntArray
    """(n_tokens,): dependency labels, as keys of the string store."""
    lengths: IntArray
    """(n_docs,): the number of tokens of each document."""

    @classmethod
    def from_heads(
        cls, heads: IntArray, labels: Optional[IntArray] = None, lengths: Optional[IntArray] = None
    ) -> Trees:
        """heads: (n_tokens,), see the attribute; the first token of a cycle becomes a root. labels: all 0 by default.
        lengths: by default, there is one document."""
        heights = node_heights(heads)
        on_cycle = heights < 0
        if on_cycle.any():
            heads = break_cycles(heads, on_cycle)
            heights = node_heights(heads)
        labels = np.zeros_like(heads) if labels is None else labels
        return cls(heads, heights, labels, np.array([len(heads)]) if lengths is None else lengths)

    @property
    def roots(self) -> IntArray:
        """(n_trees,): the rows of the roots."""
        return np.flatnonzero(self.heads == np.arange(len(self.heads)))

    def part(self, docs: slice) -> Trees:
        """The trees of consecutive documents."""
        start = int(self.lengths[: docs.start].sum())
        tokens = slice(start, start + int(self.lengths[docs].sum()))
        return Trees(self.heads[tokens] - start, self.heights[tokens], self.labels[tokens], self.lengths[docs])


def absolute_heads(offsets: IntArray, lengths: IntArray) -> IntArray:
    """Heads as rows of the batch, (n_tokens,). offsets: (n_tokens,), from each token to its head. A token whose head
    lies outside its document becomes a root. lengths: (n_docs,)."""
    nodes = np.arange(len(offsets))
    heads = nodes + offsets
    starts = np.repeat(starts_of(lengths), lengths)
    outside = (heads < starts) | (heads >= starts + np.repeat(lengths, lengths))
    return np.where(outside, nodes, heads)


def node_heights(heads: IntArray) -> IntArray:
    """The height of each node, -1 for the nodes of a cycle. heads: (n,), see `Trees`, but with cycles. Returns (n,)."""
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
        # A parent of several nodes is kept once, where it was written last. This needs no sorting.
        positions = nodes[: len(parents)]
        last[parents] = positions
        ready, height = parents[last[parents] == positions], height + 1
    return heights


def node_depths(heads: IntArray) -> IntArray:
    """The number of edges from each node to its root, by pointer doubling. heads: (n,), see `Trees`. Returns (n,)."""
    depths = (heads != np.arange(len(heads))).astype(np.int64)
    ancestors = heads
    while (further := depths[ancestors]).any():
        depths, ancestors = depths + further, ancestors[ancestors]
    return depths


def break_cycles(heads: IntArray, on_cycle: BoolArray) -> IntArray:
    """Make the first node of every cycle a root. heads: (n,). on_cycle: (n,), the nodes without a height. All of them
    lie on cycles, because a node has one head, so that nothing hangs above a cycle. Returns (n,)."""
    nodes = np.arange(len(heads))
    first, ancestors = nodes, heads
    for _ in range(int(on_cycle.sum()).bit_length()):
        first, ancestors = np.minimum(first, first[ancestors]), ancestors[ancestors]
    return np.where(on_cycle & (first == nodes), nodes, heads)


def subtree_spans(trees: Trees) -> Tuple[IntArray, IntArray, IntArray]:
    """The first node of each node's subtree, one past its last node, and the number of its nodes, (n,) each. A subtree
    without a gap has as many nodes as its span."""
    heads, heights = trees.heads, trees.heights
    nodes = np.arange(len(heads))
    start, end, size = nodes.copy(), nodes + 1, np.ones_like(nodes)
    by_height = np.argsort(heights, kind="stable")
    for level in np.split(by_height, np.cumsum(np.bincount(heights))[:-1]) if len(heads) else []:
        below = level[heads[level] != level]
        parents = heads[below]
        np.minimum.at(start, parents, start[below])
        np.maximum.at(end, parents, end[below])
        np.add.at(size, parents, size[below])
    return start, end, size


def find_subtrees(spans: IntArray, trees: Trees) -> IntArray:
    """The node whose subtree is exactly each span (n_spans, 2), -1 if there is none. Returns (n_spans,)."""
    start, end, size = subtree_spans(trees)
    whole = np.flatnonzero(end - start == size)
    # Two subtrees never have the same nodes, so a span belongs to one at most. No span has the key -1.
    base = len(size) + 1
    keys, wanted = np.append(start[whole] * base + end[whole], -1), spans[:, 0] * base + spans[:, 1]
    order = np.argsort(keys)
    found = order[np.searchsorted(keys[order], wanted, side="right") - 1]
    return np.where(keys[found] == wanted, np.append(whole, -1)[found], -1)


def starts_of(counts: IntArray) -> IntArray:
    """Where runs of these lengths begin."""
    return np.cumsum(counts) - counts
