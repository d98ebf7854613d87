"""The maximum spanning tree with one root (Chu & Liu 1965, Edmonds 1967)."""

from __future__ import annotations

from typing import Any, List, Tuple

import numpy as np

from ...types import IntArray

MOST = 1e9
"""The largest size of a score. An arc of -inf or NaN counts as one of -MOST: it is taken where no tree does without."""


def finite_scores(scores: Any) -> Any:
    """A copy in float64, without anything that is not a number. Shape (...) to the same."""
    copy = np.array(scores, dtype=np.float64)
    return np.clip(np.nan_to_num(copy, copy=False, nan=-MOST), -MOST, MOST, out=copy)


def max_spanning_tree(scores: Any) -> IntArray:
    """The best of all trees with exactly one root, in O(n^2) time and memory.

    Nodes are entered by their best arcs along a path; where the path meets itself, the cycle becomes one node (Tarjan
    1977, for dense graphs). Arcs from the root are left out until all nodes are one, so that one of them is taken.

    scores: (n, n + 1), of the arc to each token (row) from the root (column 0) and from each token (other columns), n >
        0; any values, see `MOST`. What is on the diagonal does not count.
    Returns the heads, (n,): 0 for the root, else 1 + the head.
    """
    n = len(scores)
    weights = finite_scores(scores)
    nodes = np.arange(n)
    into = weights[:, 1:]
    into[nodes, nodes] = -np.inf
    contraction = _Contraction(weights[:, 0].tolist(), into)
    path, place = [0], {0: 0}
    while True:
        node = path[-1]
        start = contraction.enter(node)
        if start is None:
            return contraction.expand(node)
        if start in place:
            cycle = path[place[start] :]
            del path[place[start] :]
            start = contraction.contract(cycle)
        place[start] = len(path)
        path.append(start)


class _Contraction:
    """A graph whose cycles become nodes. Nodes from n on stand for cycles."""

    def __init__(self, root_weights: List[float], into: Any):
        """root_weights: (n,), of the arcs from the root. into: (n, n), of the arcs to each token from each token, -inf
        for none; it is overwritten."""
        n = len(into)
        self.into = into
        self.entered = np.repeat(np.arange(n, dtype=np.int32)[:, None], n, axis=1)
        """(n, n): the token that is entered by the arc to a node (row) from a token (column)."""
        self.row = list(range(n))
        """The row of each node in both."""
        self.owner = np.arange(n)
        """(n,): the node that each token is part of by now."""
        self.root_arcs: List[Tuple[float, int]] = [(weight, token) for token, weight in enumerate(root_weights)]
        """The weight of the best arc from the root to each node, and the token that it enters."""
        self.arcs: List[Tuple[int, int]] = [(0, 0)] * n
        """The best arc to each node: from and to a token."""
        self.weights = [0.0] * n
        self.parent = [-1] * n
        """The cycle that each node is in."""
        self.members: List[List[int]] = [[] for _ in range(n)]

    def enter(self, node: int) -> Any:
        """Choose the best arc to a node. Returns the node where it starts, None if the node is the whole graph."""
        row = self.row[node]
        head = int(self.into[row].argmax())
        weight = float(self.into[row, head])
        if weight == -np.inf:
            return None
        self.arcs[node] = head, int(self.entered[row, head])
        self.weights[node] = weight
        return int(self.owner[head])

    def contract(self, cycle: List[int]) -> int:
        """Make a cycle one node. The weight of an arc to it is what it adds if it replaces the arc that enters the same
        node of the cycle."""
        node = len(self.row)
        rows = np.array([self.row[member] for member in cycle])
        lost = np.array([self.weights[member] for member in cycle])
        gains = self.into[rows] - lost[:, None]
        best = gains.argmax(axis=0)
        columns = np.arange(len(best))
        row = int(rows[0])
        self.into[row] = gains[best, columns]
        self.entered[row] = self.entered[rows[best], columns]
        inside = np.isin(self.owner, cycle)
        self.owner[inside] = node
        self.into[row, inside] = -np.inf
        roots = [(self.root_arcs[m][0] - self.weights[m], self.root_arcs[m][1]) for m in cycle]
        self.root_arcs.append(max(roots, key=lambda arc: arc[0]))
        self.row.append(row)
        self.arcs.append((0, 0))
        self.weights.append(0.0)
        self.parent.append(-1)
        self.members.append(cycle)
        for member in cycle:
            self.parent[member] = node
        return node

    def expand(self, whole: int) -> IntArray:
        """The heads of all tokens, see `max_spanning_tree`: each node is entered once, and keeps the arcs of its cycle
        but the one to the member that is entered."""
        heads = np.zeros(len(self.into), dtype=np.int64)
        waiting = [(whole, self.root_arcs[whole][1])]
        while waiting:
            node, token = waiting.pop()
            while token != node:
                for member in self.members[self.parent[token]]:
                    if member != token:
                        head, entered = self.arcs[member]
                        heads[entered] = head + 1
                        waiting.append((member, entered))
                token = self.parent[token]
        return heads
