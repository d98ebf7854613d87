"""The best spans that do not cross, beside all sets of spans."""

from itertools import chain, combinations
from typing import Iterable, List, Sequence, Tuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacy_rnn.nn.parsing.nesting import best_nesting

Span = Tuple[int, int]

span = st.tuples(st.integers(0, 7), st.integers(0, 4)).map(lambda pair: (pair[0], pair[0] + pair[1]))
weights = st.floats(0.0, 5.0)


def cross(one: Span, other: Span) -> bool:
    (a, b), (c, d) = sorted((one, other))
    return a < c <= b < d


def are_nested(spans: Iterable[Span]) -> bool:
    return not any(cross(*pair) for pair in combinations(spans, 2))


def kept_of(spans: Sequence[Span], own: Sequence[float]) -> List[int]:
    starts, ends = np.array(spans, dtype=np.int64).reshape(-1, 2).T
    return np.flatnonzero(best_nesting(starts, ends, np.array(own, dtype=np.float32))).tolist()


@given(found=st.lists(st.tuples(span, weights), max_size=9))
def test_beside_all_sets(found: List[Tuple[Span, float]]) -> None:
    spans, own = [pair[0] for pair in found], [pair[1] for pair in found]
    kept = kept_of(spans, own)
    assert are_nested(spans[i] for i in kept)
    rows = range(len(spans))
    sets = chain.from_iterable(combinations(rows, n) for n in range(len(spans) + 1))
    best = max(sum(own[i] for i in chosen) for chosen in sets if are_nested(spans[i] for i in chosen))
    assert sum(own[i] for i in kept) == pytest.approx(best, rel=1e-5, abs=1e-5)


@given(found=st.lists(st.tuples(span, weights), max_size=9), seed=st.integers(0, 100))
def test_the_order_does_not_matter(found: List[Tuple[Span, float]], seed: int) -> None:
    spans, own = [pair[0] for pair in found], [pair[1] for pair in found]
    order = np.random.default_rng(seed).permutation(len(found)).tolist()
    shuffled = kept_of([spans[i] for i in order], [own[i] for i in order])
    assert sum(own[order[i]] for i in shuffled) == pytest.approx(
        sum(own[i] for i in kept_of(spans, own)), rel=1e-5, abs=1e-5
    )


def test_what_does_not_cross_is_kept() -> None:
    """Whatever its weight: the same span twice, one in the other, side by side."""
    spans = [(0, 5), (0, 5), (0, 2), (3, 5), (4, 5), (4, 4), (6, 6), (7, 9)]
    assert kept_of(spans, [0.0] * 8) == list(range(8))


def test_two_small_spans_may_outweigh_a_larger_one() -> None:
    """Which taking the best span first would miss (as in Yu, Bohnet & Poesio 2020)."""
    spans = [(0, 3), (2, 5), (5, 8)]
    assert kept_of(spans, [2.0, 3.0, 2.0]) == [0, 2]
    assert kept_of(spans, [1.0, 3.0, 1.0]) == [1]


def test_many_spans() -> None:
    rng = np.random.default_rng(0)
    starts = rng.integers(0, 300, 2000)
    ends = starts + rng.integers(0, 30, 2000)
    kept = best_nesting(starts, ends, rng.random(2000, dtype=np.float32))
    assert are_nested(set(zip(starts[kept].tolist(), ends[kept].tolist())))
