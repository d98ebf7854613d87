"""Trees as arrays: heights, depths, cycles and subtrees, against recursions over single nodes."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from spacy_rnn.base.trees import Trees, absolute_heads, find_subtrees, node_depths, node_heights, subtree_spans

from ..nn.tree.trees import children_of, forests

# Any heads at all, cycles included.
any_heads = st.integers(1, 12).flatmap(lambda n: arrays(np.int64, n, elements=st.integers(0, n - 1)))


@given(heads=forests())
def test_heights_and_depths(heads: np.ndarray) -> None:
    def height(node: int) -> int:
        return max((height(child) + 1 for child in children_of(heads, node)), default=0)

    def depth(node: int) -> int:
        return 0 if heads[node] == node else depth(int(heads[node])) + 1

    nodes = range(len(heads))
    assert node_heights(heads).tolist() == [height(node) for node in nodes]
    assert node_depths(heads).tolist() == [depth(node) for node in nodes]
    assert np.array_equal(Trees.from_heads(heads).heads, heads)


@given(heads=any_heads)
def test_cycles_are_cut_once(heads: np.ndarray) -> None:
    def cycle_of(node: int) -> frozenset:
        seen: list[int] = []
        while node not in seen:
            seen.append(node)
            node = int(heads[node])
        return frozenset(seen[seen.index(node) :])

    cycles = {cycle for cycle in map(cycle_of, range(len(heads))) if len(cycle) > 1}
    trees = Trees.from_heads(heads)
    cut = trees.heads
    assert set(np.flatnonzero(cut != heads).tolist()) == {min(cycle) for cycle in cycles}
    assert (cut[cut != heads] == np.flatnonzero(cut != heads)).all()
    assert (trees.heights >= 0).all() and np.array_equal(trees.heights, node_heights(cut))


def test_heads_of_documents() -> None:
    """Offsets become rows of the batch; one that leaves its document makes a root."""
    offsets = np.array([1, 0, -1, 5, -1, 0, -9])
    assert absolute_heads(offsets, np.array([3, 0, 2, 2])).tolist() == [1, 1, 1, 3, 3, 5, 6]


@given(heads=forests())
def test_subtree_spans(heads: np.ndarray) -> None:
    def is_span(below: list[int]) -> bool:
        return max(below) + 1 - min(below) == len(below)

    def subtree(node: int) -> list[int]:
        return [node] + [below for child in children_of(heads, node) for below in subtree(child)]

    found = list(zip(*(array.tolist() for array in subtree_spans(Trees.from_heads(heads)))))
    nodes = [subtree(node) for node in range(len(heads))]
    assert found == [(min(below), max(below) + 1, len(below)) for below in nodes]
    whole = {(min(below), max(below) + 1): node for node, below in enumerate(nodes) if is_span(below)}
    wanted = [(start, end) for start in range(len(heads)) for end in range(start + 1, len(heads) + 1)]
    expected = [whole.get(span, -1) for span in wanted]
    assert find_subtrees(np.array(wanted).reshape(-1, 2), Trees.from_heads(heads)).tolist() == expected


@given(parts=st.lists(forests(max_nodes=5), max_size=4), start=st.integers(0, 4), n=st.integers(0, 4))
def test_part_of_a_batch(parts: Any, start: int, n: int) -> None:
    """Its trees are those of its documents alone."""

    def build(documents: Any) -> Trees:
        lengths = np.array([len(heads) for heads in documents], dtype=np.int64)
        offsets = [heads - np.arange(len(heads)) for heads in documents]
        joined = np.concatenate([np.zeros(0, dtype=np.int64), *offsets])
        return Trees.from_heads(absolute_heads(joined, lengths), joined, lengths)

    docs = slice(start, start + n)
    found, expected = build(parts).part(docs), build(parts[docs])
    for name in ("heads", "heights", "labels", "lengths", "roots"):
        assert np.array_equal(getattr(found, name), getattr(expected, name))
