"""The maximum spanning tree with one root (Chu & Liu 1965, Edmonds 1967)."""

from __future__ import annotations

from typing import Any, Dict, List, Tuple

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

    The best tree with any number of roots is found first, since that is most often one with one root. Otherwise the
    search is repeated with arcs from the root left out until all tokens are one node, so that one of them is taken.

    scores: (n, n + 1), of the arc to each token (row) from the root (column 0) and from each token (other columns), n >
        0; any values, see `MOST`. What is on the diagonal does not count.
    Returns the heads, (n,): 0 for the root, else 1 + the head.
    """
    heads = _Contraction(scores, root_last=False).solve()
    if np.count_nonzero(heads == 0) > 1:
        heads = _Contraction(scores, root_last=True).solve()
    return heads


class _Contraction:
    """A graph whose cycles become nodes (Tarjan 1977, for dense graphs). Nodes from n on stand for cycles.

    scores: (n, n + 1), see `max_spanning_tree`.
    root_last: take an arc from the root only to a node that no other arc enters.
    """

    def __init__(self, scores: Any, *, root_last: bool):
        n = len(scores)
        self.weights = weights = finite_scores(scores)
        weights[np.arange(n), np.arange(1, n + 1)] = -np.inf
        self.first = int(root_last and n > 1)
        """The first column of `weights` that counts."""
        self.entered = np.repeat(np.arange(n, dtype=np.int32)[:, None], n + 1, axis=1)
        """(n, n + 1): the token that the arc to a node (row) from a head (column) enters."""
        self.owner = np.arange(-1, n)
        """(n + 1,): the node that each head is part of by now, -1 for the root."""
        self.row = list(range(n))
        """The row of each node in both."""
        best = weights[:, self.first :].argmax(axis=1) + self.first
        self.arcs: List[Tuple[int, int]] = list(zip(best.tolist(), range(n)))
        """The best arc to each node: its head, and the token that it enters."""
        self.parent = [-1] * n
        """The cycle that each node is in."""
        self.members: List[List[int]] = [[] for _ in range(n)]

    def solve(self) -> IntArray:
        """The best heads, (n,). From each token, the best arcs are followed up. A path ends at the root, or where it
        meets an earlier one; where it meets itself is a cycle, which becomes one node of the path."""
        n = len(self.weights)
        settled = [False] * (2 * n)
        for token in range(n):
            path: List[int] = []
            place: Dict[int, int] = {}
            node = int(self.owner[token + 1])
            while node >= 0 and not settled[node]:
                if node in place:
                    cycle = path[place[node] :]
                    del path[place[node] :]
                    node = self.contract(cycle)
                place[node] = len(path)
                path.append(node)
                node = int(self.owner[self.arcs[node][0]])
            for node in path:
                settled[node] = True
        return self.expand(np.unique(self.owner[1:]).tolist())

    def contract(self, cycle: List[int]) -> int:
        """Make a cycle one node. The weight of an arc to it is what it adds if it replaces the arc that enters the same
        member of the cycle."""
        node = len(self.row)
        rows = np.array([self.row[member] for member in cycle])
        lost = self.weights[rows, [self.arcs[member][0] for member in cycle]]
        gains = self.weights[rows] - lost[:, None]
        best = gains.argmax(axis=0)
        columns = np.arange(len(best))
        row = int(rows[0])
        self.weights[row] = gains[best, columns]
        self.entered[row] = self.entered[rows[best], columns]
        inside = np.isin(self.owner, cycle)
        self.owner[inside] = node
        self.weights[row, inside] = -np.inf
        head = int(self.weights[row, self.first :].argmax()) + self.first
        if self.weights[row, head] == -np.inf:
            head = 0
        self.arcs.append((head, int(self.entered[row, head])))
        self.row.append(row)
        self.parent.append(-1)
        self.members.append(cycle)
        for member in cycle:
            self.parent[member] = node
        return node

    def expand(self, nodes: List[int]) -> IntArray:
        """The heads of all tokens, (n,). Each cycle is entered once, and keeps its own arcs but the one to the member
        that is entered."""
        heads = np.zeros(len(self.weights), dtype=np.int64)
        waiting = nodes
        while waiting:
            node = waiting.pop()
            heads[self.arcs[node][1]] = self.arcs[node][0]
            token = self.arcs[node][1]
            while token != node:
                waiting += [member for member in self.members[self.parent[token]] if member != token]
                token = self.parent[token]
        return heads
