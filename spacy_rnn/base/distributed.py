"""What several processes that train one model agree on within a step.

No torch: a process that trains alone, and every process that predicts, only passes through here.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import Callable, Iterator, Optional, Tuple

from ..types import IntArray

Sum = Callable[[float], float]
JoinKeys = Callable[[IntArray, IntArray], Tuple[IntArray, IntArray]]

_sum: Optional[Sum] = None
_join_keys: Optional[JoinKeys] = None


def all_reduce(n: float) -> float:
    """Sum a number over all processes. A loss is divided by such a sum, so that it is the mean over the joint batch.

    RETURNS the sum; `n` itself in a process that trains alone.
    """
    return n if _sum is None else _sum(n)


def all_reduce_keys(keys: IntArray, counts: IntArray) -> Tuple[IntArray, IntArray]:
    """Join the keys that all processes met and sum their counts, so that a growing table learns the same rows in the
    same order everywhere.

    keys: (n,), distinct. counts: (n,), how often this process met each.
    RETURNS the distinct keys of all processes and their summed counts, (m,) each.
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
