"""The best spans that do not cross each other."""

from __future__ import annotations

from typing import Iterator, List

import numpy as np

from ...types import BoolArray, FloatArray, IntArray


def best_nesting(starts: IntArray, ends: IntArray, weights: FloatArray) -> BoolArray:
    """Which spans to keep so that none crosses another one and the sum of the weights is highest. Two spans cross if
    they overlap and neither contains the other.

    Where no spans cross, all are kept, in O(m log m) time. Spans that cross, directly or through others, are searched
    by dynamic programming, in O(k^3) time and O(k^2) memory for k places at which one of them begins or ends.

    starts, ends: (m,), the first and the last token. weights: (m,), all >= 0. Returns (m,).
    """
    kept = np.ones(len(starts), dtype=bool)
    for group in _overlapping(starts, ends):
        if _have_crossing(starts[group], ends[group]):
            kept[group] = _search(starts[group], ends[group] + 1, weights[group])
    return kept


def _overlapping(starts: IntArray, ends: IntArray) -> Iterator[IntArray]:
    """Groups of spans that overlap, directly or through others, each sorted by first token, the longest first."""
    order = np.lexsort((-ends, starts))
    reached = np.maximum.accumulate(ends[order])
    cuts = np.flatnonzero(starts[order][1:] > reached[:-1]) + 1
    yield from (group for group in np.split(order, cuts) if len(group) > 1)


def _have_crossing(starts: IntArray, ends: IntArray) -> bool:
    """starts, ends: sorted as `_overlapping` does."""
    opened: List[int] = []
    for start, end in zip(starts.tolist(), ends.tolist()):
        while opened and opened[-1] < start:
            opened.pop()
        if opened and opened[-1] < end:
            return True
        opened.append(end)
    return False


def _search(starts: IntArray, ends: IntArray, weights: FloatArray) -> BoolArray:
    """As `best_nesting`, with ends that are one past the last token. The best spans within a stretch of text are the
    stretch itself, if it is a span, and the best ones on both sides of some place (Cocke, Younger & Kasami). Stretches
    are worked out from short to long, all of a length at once."""
    places, rows = np.unique(np.concatenate([starts, ends]), return_inverse=True)
    first, last = rows[: len(starts)], rows[len(starts) :]
    n = len(places)
    own = np.zeros((n, n))
    np.add.at(own, (first, last), weights)
    # By the first or the last place, and the length: what is added then lies side by side.
    best_from, best_to = np.zeros((n, n)), np.zeros((n, n))
    cuts = np.zeros((n, n), dtype=np.int64)
    for size in range(1, n):
        left = np.arange(n - size)
        right = left + size
        total = own[left, right]
        if size > 1:
            parts = best_from[: n - size, 1:size] + best_to[size:, 1:size][:, ::-1]
            cut = parts.argmax(axis=1)
            cuts[left, right] = left + 1 + cut
            total = total + parts[left, cut]
        best_from[: n - size, size] = best_to[size:, size] = total
    bracketed = np.zeros((n, n), dtype=bool)
    waiting = [(0, n - 1)]
    while waiting:
        i, j = waiting.pop()
        bracketed[i, j] = True
        if j - i > 1:
            cut = int(cuts[i, j])
            waiting += [(i, cut), (cut, j)]
    return bracketed[first, last]
