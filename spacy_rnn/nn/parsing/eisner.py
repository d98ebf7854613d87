"""The best projective tree with one root (Eisner 1996)."""

from __future__ import annotations

from typing import Any, List, Tuple

import numpy as np

from ...types import IntArray
from .mst import finite_scores


def projective_tree(scores: Any) -> IntArray:
    """The best of all projective trees with exactly one root, in O(n^3) time and O(n^2) memory.

    A span is complete if it consists of a head at one of its ends and all its descendants on that side, and incomplete
    if its two ends are head and dependent. Spans are worked out from short to long, all of a length at once.

    scores, and what is returned: see `max_spanning_tree`.
    """
    n = len(scores)
    weights = finite_scores(scores)
    shape = (n, n)
    # By the place of the first or of the last token, and the length: the pieces of a span then lie side by side.
    right_from, right_to, left_from, left_to = (np.zeros(shape) for _ in range(4))
    arc_from, arc_to = np.zeros(shape), np.zeros(shape)
    cut_arc, cut_right, cut_left = (np.zeros(shape, dtype=np.int32) for _ in range(3))
    for size in range(1, n):
        first, last = slice(0, n - size), slice(size, n)
        starts = np.arange(n - size)
        ends = starts + size
        parts = right_from[first, :size] + left_to[last, size - 1 :: -1] if size > 1 else np.zeros((n - 1, 1))
        cut = parts.argmax(axis=1)
        cut_arc[first, size] = cut
        inner = parts[starts, cut]
        arc_from[first, size] = inner + weights[ends, starts + 1]
        arc_to[last, size] = inner + weights[starts, ends + 1]
        parts = arc_from[first, 1 : size + 1] + _backwards(right_to[last], size)
        cut = parts.argmax(axis=1)
        cut_right[first, size] = cut + 1
        right_from[first, size] = right_to[last, size] = parts[starts, cut]
        parts = left_from[first, :size] + _backwards(arc_to[last, 1:], size)
        cut = parts.argmax(axis=1)
        cut_left[first, size] = cut
        left_from[first, size] = left_to[last, size] = parts[starts, cut]
    places = np.arange(n)
    root = int((weights[:, 0] + left_to[places, places] + right_from[places, n - 1 - places]).argmax())
    return _follow(root, cut_arc, cut_right, cut_left)


def _backwards(columns: Any, size: int) -> Any:
    """The first `size` columns in reverse."""
    return columns[:, :size][:, ::-1]


def _follow(root: int, cut_arc: Any, cut_right: Any, cut_left: Any) -> IntArray:
    """The heads of the tokens, from the places where the best spans are cut, each (n, n) by first token and length."""
    n = len(cut_arc)
    heads = np.zeros(n, dtype=np.int64)
    # Complete spans: the head, and the token at the other end.
    waiting: List[Tuple[int, int]] = [(root, 0), (root, n - 1)]
    while waiting:
        head, end = waiting.pop()
        if head < end:
            dependent = head + int(cut_right[head, end - head])
            waiting.append((dependent, end))
        elif head > end:
            dependent = end + int(cut_left[end, head - end])
            waiting.append((dependent, end))
        else:
            continue
        heads[dependent] = head + 1
        first, last = min(head, dependent), max(head, dependent)
        middle = first + int(cut_arc[first, last - first])
        waiting += [(first, middle), (last, middle + 1)]
    return heads
