"""The vectors of words already seen, kept between predictions."""

import os
import threading
import weakref
from typing import Any, Callable, Dict, Hashable, List, Optional, Tuple

import numpy as np
from thinc.types import Floats2d

from ..types import IntArray, KeyArray

Compute = Callable[[KeyArray], Floats2d]


_CACHES: "weakref.WeakSet[WordCache]" = weakref.WeakSet()


class WordCache:
    """A bounded table of word vectors by word, valid for one state of the weights.

    Safe to use from several threads. Never saved and never copied: a copy starts empty.

    size: the number of words kept; when they are more, the table starts over.
    """

    def __init__(self, size: int):
        self.size = size
        self._lock = threading.Lock()
        self._clear()
        _CACHES.add(self)

    def after_fork(self) -> None:
        """Another thread of the parent may have been filling the table at that moment: its lock would never be opened
        again, and half of what it was adding would be missing."""
        if self._lock.locked():
            self._lock = threading.Lock()
            self._clear()

    def _clear(self, version: Optional[Hashable] = None) -> None:
        self._version = version
        self._rows: Dict[int, int] = {}
        self._table: Any = None

    def __len__(self) -> int:
        return len(self._rows)

    def lookup(self, orths: KeyArray, version: Hashable, compute: Compute) -> Tuple[Floats2d, IntArray]:
        """Find the vectors of distinct words, computing those that are missing.

        orths: (n,). version: of the weights; a new one drops what was kept.
        compute: words (m,) to vectors (m, width).
        Returns a table (rows, width) and the row of each word in it, (n,).
        """
        if not 0 < len(orths) <= self.size:
            return compute(orths), np.arange(len(orths))
        with self._lock:
            if version != self._version:
                self._clear(version)
            missing = self._missing(orths)
            if len(self._rows) + len(missing) > self.size:
                self._clear(version)
                missing = orths.tolist()
            if missing:
                self._add(missing, compute(np.array(missing, dtype=np.uint64)))
            rows = self._rows
            found = np.fromiter((rows[orth] for orth in orths.tolist()), dtype=np.int64, count=len(orths))
            return self._table, found

    def _missing(self, orths: KeyArray) -> List[int]:
        return [orth for orth in orths.tolist() if orth not in self._rows]

    def _add(self, orths: List[int], vectors: Floats2d) -> None:
        start, end = len(self._rows), len(self._rows) + len(orths)
        if self._table is None or end > len(self._table):
            # A new table instead of a resized one: other threads may still read the old.
            capacity = min(self.size, max(1024, 2 * end))
            grown = _alloc_like(vectors, capacity)
            if start:
                grown[:start] = self._table[:start]
            self._table = grown
        self._table[start:end] = vectors
        self._rows.update(zip(orths, range(start, end)))

    def __reduce__(self) -> Tuple[Any, ...]:
        return WordCache, (self.size,)


def _alloc_like(vectors: Any, rows: int) -> Any:
    xp = np if isinstance(vectors, np.ndarray) else __import__("cupy")
    return xp.zeros((rows, vectors.shape[1]), dtype=vectors.dtype)


def _after_fork() -> None:
    for cache in _CACHES:
        cache.after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
