"""Sums over the processes that train one model. In a process that trains alone, a sum is what it is given."""

from __future__ import annotations

from contextlib import contextmanager
from typing import Callable, Iterator, Optional, Tuple

from ..types import IntArray

Sum = Callable[[float], float]
JoinKeys = Callable[[IntArray, IntArray], Tuple[IntArray, IntArray]]

_sum: Optional[Sum] = None
_join_keys: Optional[JoinKeys] = None


def all_reduce(n: float) -> float:
    """The sum of a number over all processes. A loss is divided by such a sum, to be the mean over the joint batch."""
    return n if _sum is None else _sum(n)


def all_reduce_keys(keys: IntArray, counts: IntArray) -> Tuple[IntArray, IntArray]:
    """The distinct keys of all processes and their summed counts, (m,) each, so that a growing table learns the same
    rows in the same order in each process.

    keys: (n,), distinct. counts: (n,), how often this process met each.
    """
    return (keys, counts) if _join_keys is None else _join_keys(keys, counts)


@contextmanager
def shared(sum_of: Sum, join_keys: JoinKeys) -> Iterator[None]:
    """Within the block, `all_reduce` calls `sum_of` and `all_reduce_keys` calls `join_keys`."""
    global _sum, _join_keys
    before = _sum, _join_keys
    _sum, _join_keys = sum_of, join_keys
    try:
        yield
    finally:
        _sum, _join_keys = before
