"""Caches of what is computed from weights: the vectors of words, lemmas, and the states of language models."""

import os
import threading
import weakref
from typing import Any, Callable, Dict, Generic, Hashable, List, Optional, Sequence, Tuple, TypeVar

import numpy as np

from ..types import Array, IntArray, KeyArray

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

_CACHES: "weakref.WeakSet[Cache]" = weakref.WeakSet()


class Cache:
    """Entries by key, valid for one version of what they are computed from, such as the weights.

    Thread-safe. Entries are computed outside the lock: threads do not wait for each other, but may compute an entry
    twice. A forked process can use the cache whatever the threads of its parent were doing. Entries are never saved
    or copied: a copy starts empty.

    size: the most entries that are kept.
    """

    def __init__(self, size: int):
        self.size = size
        self._lock = threading.Lock()
        self._start_over()
        _CACHES.add(self)

    def __len__(self) -> int:
        return len(self._entries)

    def __reduce__(self) -> Tuple[Any, ...]:
        return type(self), (self.size,)

    def _start_over(self, version: Optional[Hashable] = None) -> None:
        self._version = version
        self._entries: Dict[Any, Any] = {}

    def _renew(self, version: Hashable) -> None:
        if version != self._version:
            self._start_over(version)

    def _after_fork(self) -> None:
        # The thread that held the lock does not exist in this process, and may have left a change half done.
        if self._lock.locked():
            self._lock = threading.Lock()
            self._start_over()


class ValueCache(Cache, Generic[K, V]):
    """Values other than None. When there are more than `size`, the cache starts over."""

    def lookup(self, keys: Sequence[K], version: Hashable, compute: Callable[[List[K]], Sequence[V]]) -> List[V]:
        """Return the value of each key.

        version: any other version than the last one drops all entries.
        compute: returns the values of the distinct keys that are missing.
        """
        with self._lock:
            self._renew(version)
            found: List[Any] = list(map(self._entries.get, keys))
        missing = list(dict.fromkeys([key for key, value in zip(keys, found) if value is None]))
        if not missing:
            return found
        computed = dict(zip(missing, compute(missing)))
        with self._lock:
            if version == self._version:
                self._keep(computed)
        return [computed[key] if value is None else value for key, value in zip(keys, found)]

    def _keep(self, computed: Dict[K, V]) -> None:
        if len(self._entries) + len(computed) > self.size:
            self._entries = {}
        if len(computed) <= self.size:
            self._entries.update(computed)


class ArrayCache(ValueCache[K, Array]):
    """Arrays of different lengths. When it is full, the cache keeps what it has: if all keys return in each epoch of
    training, starting over would drop each of them before it returns.

    size: the most rows that are kept, summed over arrays.
    """

    def _start_over(self, version: Optional[Hashable] = None) -> None:
        super()._start_over(version)
        self._n_rows = 0

    def __len__(self) -> int:
        return self._n_rows

    def _keep(self, computed: Dict[K, Array]) -> None:
        for key, array in computed.items():
            if key not in self._entries and self._n_rows + len(array) <= self.size:
                self._entries[key] = array.copy()  # not a view, which would keep a whole batch
                self._n_rows += len(array)


class RowCache(Cache):
    """Vectors, as rows of one table, so that a batch need not copy them. When there are more than `size`, the table
    starts over."""

    def _start_over(self, version: Optional[Hashable] = None) -> None:
        super()._start_over(version)
        self._table: Any = None

    def lookup(self, keys: KeyArray, version: Hashable, compute: Callable[[KeyArray], Array]) -> Tuple[Array, IntArray]:
        """Return a table (n_rows, width) and the row of each key, (n,). These rows never change.

        keys: (n,).
        version: any other version than the last one drops all entries.
        compute: maps the keys that are missing, (m,), to vectors (m, width).
        """
        if not 0 < len(keys) <= self.size:
            return compute(keys), np.arange(len(keys))
        wanted = keys.tolist()
        with self._lock:
            self._renew(version)
            found = self._find(wanted)
            if found is not None:
                return found
            missing = [key for key in wanted if key not in self._entries]
            if len(self._entries) + len(missing) > self.size:
                self._start_over(version)
                missing = wanted
        vectors = compute(np.array(missing, dtype=np.uint64))
        with self._lock:
            if version == self._version:
                self._add(missing, vectors)
                found = self._find(wanted)
        if found is not None:
            return found
        # Meanwhile another thread started the table over.
        return vectors if len(missing) == len(keys) else compute(keys), np.arange(len(keys))

    def _find(self, keys: List[int]) -> Optional[Tuple[Array, IntArray]]:
        rows = list(map(self._entries.get, keys))
        return None if None in rows else (self._table, np.array(rows, dtype=np.int64))

    def _add(self, keys: List[int], vectors: Array) -> None:
        # Another thread may have been faster.
        new = {key: i for i, key in enumerate(keys) if key not in self._entries}
        start, end = len(self._entries), len(self._entries) + len(new)
        if not new or end > self.size:
            return
        if self._table is None or end > len(self._table):
            # Not resized in place: other threads may still read the old table.
            shape = min(self.size, max(1024, 2 * end)), vectors.shape[1]
            table = np.empty_like(vectors, shape=shape, order="C")  # of cupy, if the vectors are
            if start:
                table[:start] = self._table[:start]
            self._table = table
        self._table[start:end] = vectors if len(new) == len(keys) else vectors[list(new.values())]
        self._entries.update(zip(new, range(start, end)))


def empty_caches() -> None:
    """Drop the entries of all caches of this process. The last bits of an entry depend on the batch that it was
    computed in, so what is to be the same in each process starts without any."""
    for cache in list(_CACHES):
        with cache._lock:
            cache._start_over()


def _after_fork() -> None:
    for cache in _CACHES:
        cache._after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
