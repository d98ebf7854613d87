"""Caches: never wrong, never too many entries, one version at a time, with threads and forks."""

from __future__ import annotations

import copy
import pickle
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Callable, Dict, List, Sequence, Tuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacy_rnn.base.cache import ArrayCache, Cache, RowCache, ValueCache

from .forks import SECONDS, Blocking, fork_while_blocked, forks

Computed = Callable[[Sequence[int]], Any]


def look_up_rows(cache: Any, keys: Sequence[int], version: Any, computing: Computed) -> Tuple[Any, Any]:
    """Vectors of words."""

    def compute(missing: Any) -> Any:
        computing(missing.tolist())
        return np.stack([missing % 1009, missing % 1013], axis=1).astype("f").reshape(-1, 2)

    words = np.array(keys, dtype=np.uint64)
    table, rows = cache.lookup(words, version, compute)
    return table[rows], np.stack([words % 1009, words % 1013], axis=1).astype("f").reshape(-1, 2)


def look_up_values(cache: Any, keys: Sequence[int], version: Any, computing: Computed) -> Tuple[Any, Any]:
    """Lemmas, of which some are empty."""

    def compute(missing: List[int]) -> List[str]:
        computing(missing)
        return [str(key) if key else "" for key in missing]

    return cache.lookup(keys, version, compute), [str(key) if key else "" for key in keys]


def look_up_arrays(cache: Any, keys: Sequence[int], version: Any, computing: Computed) -> Tuple[Any, Any]:
    """States at the tokens of texts, of which some are empty."""

    def compute(missing: List[bytes]) -> List[Any]:
        computing([int(key) for key in missing])
        return [np.full((int(key) % 4, 2), int(key)) for key in missing]

    found = cache.lookup([str(key).encode() for key in keys], version, compute)
    return np.concatenate([np.zeros((0, 2)), *found]), np.repeat(keys, np.array(keys, dtype=int) % 4)[:, None] * [1, 1]


LookUp = Callable[[Any, Sequence[int], Any, Computed], Tuple[Any, Any]]
USES: Dict[Any, LookUp] = {RowCache: look_up_rows, ValueCache: look_up_values, ArrayCache: look_up_arrays}
of_every_kind = pytest.mark.parametrize("kind", USES, ids=lambda kind: kind.__name__)
keys = st.integers(0, 30)


def ignore(missing: Sequence[int]) -> None:
    pass


def look_up(cache: Cache, wanted: Sequence[int], version: Any = 1, computing: Computed = ignore) -> None:
    """Look up keys, and check that the cache returns what the function returns."""
    found, expected = USES[type(cache)](cache, wanted, version, computing)
    np.testing.assert_array_equal(found, expected)
    assert len(cache) <= cache.size


@of_every_kind
@given(
    batches=st.lists(st.tuples(st.lists(keys, max_size=8, unique=True), st.integers(1, 2)), max_size=8),
    size=st.integers(0, 12),
)
def test_right_and_bounded(kind: Any, batches: List[Tuple[List[int], int]], size: int) -> None:
    cache = kind(size)
    for batch, version in batches:
        look_up(cache, batch, version)


@of_every_kind
def test_each_entry_is_computed_once_for_a_version(kind: Any) -> None:
    cache: Any = kind(40)
    asked: List[Any] = []
    for version, batch in ((1, [1, 2]), (1, [2, 3]), (1, [3, 1, 2]), (2, [2]), (2, [2, 5]), (1, [2])):
        look_up(cache, batch, version, asked.append)
    assert asked == [[1, 2], [3], [2], [5], [2]]


@of_every_kind
def test_copies_start_empty(kind: Any) -> None:
    cache = kind(40)
    look_up(cache, [1, 2, 3])
    for other in (copy.copy(cache), copy.deepcopy(cache), pickle.loads(pickle.dumps(cache))):
        assert type(other) is kind and other.size == 40 and len(other) == 0 < len(cache)
        look_up(other, [1, 2, 3])


def test_tables_stay_valid() -> None:
    """Also those that were handed out before the table grew or started over."""
    cache, kept = RowCache(3000), []
    for start in range(0, 20000, 700):
        kept.append(look_up_rows(cache, range(start, start + 1000), 1, ignore))
    for found, expected in kept:
        np.testing.assert_array_equal(found, expected)


def test_full_cache_of_values_starts_over_and_one_of_arrays_does_not() -> None:
    for kind, computed in ((ValueCache, [[1, 2, 3], [5, 6], [1, 2, 3]]), (ArrayCache, [[1, 2, 3], [5, 6], [5, 6]])):
        cache: Any = kind(4 if kind is ValueCache else 6)
        asked: List[Any] = []
        for batch in ([1, 2, 3], [5, 6], [1, 2, 3], [5, 6]):
            look_up(cache, batch, 1, asked.append)
        assert asked[:3] == computed


@of_every_kind
def test_many_threads(kind: Any) -> None:
    """Some with another version than others, in a cache that is too small for all."""
    cache = kind(40)

    def work(seed: int) -> None:
        generator = np.random.default_rng(seed)
        for _ in range(60):
            batch = generator.permutation(60)[: generator.integers(1, 40)].tolist()
            look_up(cache, batch, int(generator.random() < 0.1), lambda missing: time.sleep(1e-4))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(8)))


@of_every_kind
def test_threads_do_not_wait_for_each_other(kind: Any) -> None:
    cache, met = kind(40), threading.Barrier(2, timeout=SECONDS)
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda key: look_up(cache, [key, 3], 1, lambda missing: met.wait()), (1, 2)))


@of_every_kind
@pytest.mark.parametrize("moment", ["computing", "locked"])
@forks
def test_fork_while_another_thread_is_at_work(kind: Any, moment: str) -> None:
    """The child keeps what was complete."""
    cache, block = kind(40), Blocking()
    look_up(cache, [1, 2])
    complete = len(cache) if moment == "computing" else 0

    def child() -> None:
        assert len(cache) == complete
        for version in (1, 2):
            look_up(cache, [2, 3], version)

    busy = {"computing": lambda: look_up(cache, [2, 3], 1, block), "locked": lambda: look_up(cache, [2, 3], block)}
    fork_while_blocked(busy[moment], block, child)
    look_up(cache, [1, 2, 3])
