"""What several processes that train one model have to agree on within a step. No torch: a process that trains alone,
and every one that predicts, only passes through here."""

from __future__ import annotations

from contextlib import contextmanager
from typing import Callable, Iterator, Optional, Tuple

import numpy as np
import numpy.typing as npt

IntArray = npt.NDArray[np.int64]

_sum: Optional[Callable[[float], float]] = None
_join: Optional[Callable[[IntArray, IntArray], Tuple[IntArray, IntArray]]] = None


def total(n: float) -> float:
    """The sum of a number over all processes: what a loss is divided by to be the mean over the batch of all."""
    return n if _sum is None else _sum(n)


def union(keys: IntArray, counts: IntArray) -> Tuple[IntArray, IntArray]:
    """The distinct keys (n,) of all processes and how often all of them met each (n,): what a growing table learns must
    be the same everywhere, in the same order."""
    return (keys, counts) if _join is None else _join(keys, counts)


@contextmanager
def shared(
    sum_of: Callable[[float], float], join: Callable[[IntArray, IntArray], Tuple[IntArray, IntArray]]
) -> Iterator[None]:
    """Within the block, numbers are summed by `sum_of` and keys joined by `join`."""
    global _sum, _join
    before = _sum, _join
    _sum, _join = sum_of, join
    try:
        yield
    finally:
        _sum, _join = before
