"""Schedules: every node once, after all that it waits for, as early as can be."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given

from spacy_rnn.base.trees import Trees
from spacy_rnn.nn.tree.cells import RowIndex
from spacy_rnn.nn.tree.schedule import schedule_downward, schedule_upward, sum_rows

from .trees import chain, forests

SCHEDULES = pytest.mark.parametrize("build", [schedule_upward, schedule_downward], ids=["up", "down"])


@SCHEDULES
@given(heads=forests())
def test_levels(build: Any, heads: np.ndarray) -> None:
    schedule = build(Trees.from_heads(heads))
    assert sorted(schedule.order.tolist()) == list(range(len(heads)))
    assert torch.equal(schedule.order[schedule.position], torch.arange(len(heads)))
    level = np.repeat(np.arange(len(schedule.sizes)), schedule.sizes)
    sources, targets = schedule.sources.numpy(), schedule.targets.numpy()
    assert (level[sources] < level[targets]).all()
    assert (np.diff(targets) >= 0).all()
    assert np.bincount(level[targets], minlength=len(level) and level[-1] + 1).tolist() == schedule.edge_sizes
    # No later than it must: the last thing that it waits for is on the level before.
    for position in range(len(heads)):
        before = level[sources[targets == position]]
        assert level[position] == (before.max() + 1 if len(before) else 0)


@SCHEDULES
@given(heads=forests())
def test_edges(build: Any, heads: np.ndarray) -> None:
    schedule = build(Trees.from_heads(heads))
    order = schedule.order.numpy()
    edges = set(zip(order[schedule.sources.numpy()].tolist(), order[schedule.targets.numpy()].tolist()))
    down = {(int(head), node) for node, head in enumerate(heads) if head != node}
    assert edges == (down if build is schedule_downward else {(child, head) for head, child in down})


@SCHEDULES
@given(heads=forests())
def test_sums_over_edges(build: Any, heads: np.ndarray) -> None:
    """Incoming edges, level by level, and outgoing edges."""
    schedule = build(Trees.from_heads(heads))
    values = torch.rand(schedule.n_edges, 2)
    expected = torch.zeros(len(heads), 2)
    if not len(heads):
        return
    outgoing = torch.cat([schedule.sum_outgoing(values, level) for level in range(len(schedule))])
    torch.testing.assert_close(outgoing, expected.index_add(0, schedule.sources, values))
    parts = zip(values.split(schedule.edge_sizes), schedule.incoming.split(schedule.sizes))
    incoming = torch.cat([schedule.sum_incoming(part, starts) for part, starts in parts])
    torch.testing.assert_close(incoming, expected.index_add(0, schedule.targets, values))
    starts = torch.tensor([0, *np.cumsum(schedule.sizes)[:-1].tolist()])
    level = torch.repeat_interleave(torch.arange(len(schedule.sizes)), torch.tensor(schedule.edge_sizes))
    assert torch.equal(schedule.local_targets + starts[level], schedule.targets)


def test_deep_chain_is_linear() -> None:
    schedule = schedule_upward(Trees.from_heads(chain(10_000)))
    assert schedule.sizes == [1] * 10_000
    assert len(schedule_downward(Trees.from_heads(chain(10_000))).sizes) == 10_000


def test_groups() -> None:
    index = RowIndex.build(np.array([2, 0, 2, 3]), 5)
    assert index.readers.tolist() == [1, 0, 2, 3] and index.offsets.tolist() == [0, 1, 1, 3, 4]
    x = torch.tensor([[1.0], [2.0], [4.0], [8.0]])
    assert sum_rows(x, index.readers, index.offsets).flatten().tolist() == [2, 0, 5, 8, 0]


def test_nothing() -> None:
    empty = Trees.from_heads(np.zeros(0, dtype=np.int64))
    for build in (schedule_upward, schedule_downward):
        assert build(empty).sizes == [] and build(empty).n_edges == 0
