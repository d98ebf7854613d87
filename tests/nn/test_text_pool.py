"""Pooling of texts against one text at a time, without padding."""

from __future__ import annotations

from typing import List

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from spacy_rnn.nn.pooling import POOLINGS, SequencePool
from spacy_rnn.nn.text_pool import Pieces, TextPool, whole_segments

ALL = list(POOLINGS)


def pool_one(pool: SequencePool, x: Tensor) -> Tensor:
    """x: (steps, width)."""
    parts = []
    scores = pool.score(x) if "attention" in pool.kinds else x
    for kind in pool.kinds:
        if kind == "last":
            parts += [x[-1], x[0]]
        elif kind == "max":
            parts.append(x.max(dim=0).values)
        elif kind == "mean":
            parts.append(x.mean(dim=0))
        else:
            parts += list(torch.softmax(scores, dim=0).T @ x)
    return torch.cat(parts)


@pytest.mark.parametrize("heads", [1, 3])
@pytest.mark.parametrize("kinds", [[kind] for kind in POOLINGS] + [ALL], ids="+".join)
@given(lengths=st.lists(st.integers(0, 9), min_size=1, max_size=6))
def test_equals_one_by_one(kinds: List[str], heads: int, lengths: List[int]) -> None:
    pool = SequencePool(4, kinds, heads=heads).double()
    x = torch.randn(sum(lengths), 4, dtype=torch.float64)
    pooled = pool(x, np.array(lengths))
    assert pooled.shape == (len(lengths), pool.output_size)
    for row, part in zip(pooled, x.split(lengths)):
        expected = pool_one(pool, part) if len(part) else torch.zeros(pool.output_size, dtype=torch.float64)
        torch.testing.assert_close(row, expected, rtol=1e-6, atol=1e-6)


def test_groups_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sequences are pooled in groups, of which a long one is one by itself."""
    pool = SequencePool(4, ALL, heads=2)
    lengths = np.array([0, 3, 40, 0, 1, 2, 9, 0])
    x = torch.randn(int(lengths.sum()), 4)
    whole = pool.attend(x, lengths)
    monkeypatch.setattr("spacy_rnn.nn.pooling.GROUP", 8)
    for found, expected in zip(pool.attend(x, lengths), whole):
        torch.testing.assert_close(found, expected)


@pytest.mark.parametrize("kind", ["max", "mean"])
@pytest.mark.parametrize("value", [-1.0, 0.0, 1.0])
def test_gradient_is_shared_by_equal_vectors(kind: str, value: float) -> None:
    x = torch.full((5, 4), value, requires_grad=True)
    SequencePool(4, [kind])(x, np.array([2, 0, 3])).sum().backward()
    torch.testing.assert_close(x.grad, torch.tensor([[0.5]] * 2 + [[1 / 3]] * 3).expand(5, 4))


@pytest.mark.parametrize("kind", POOLINGS)
def test_no_vectors(kind: str) -> None:
    pool = SequencePool(4, [kind])
    for n in (0, 2):
        pooled, weights = pool.attend(torch.zeros(0, 4), np.zeros(n, dtype=np.int64))
        assert torch.equal(pooled, torch.zeros(n, pool.output_size))
        assert (weights is None) if kind != "attention" else (weights is not None and weights.shape == (0,))


def test_rounded_numbers_add_up() -> None:
    """A long text in bfloat16, whose sums are kept in float32."""
    for kind in ("mean", "attention"):
        pooled = SequencePool(4, [kind]).bfloat16()(torch.ones(5000, 4, dtype=torch.bfloat16), np.array([5000]))
        torch.testing.assert_close(pooled.float(), torch.ones(1, 4), rtol=0.01, atol=0)


@pytest.mark.parametrize("heads", [1, 4])
@given(lengths=st.lists(st.integers(0, 30), min_size=1, max_size=8))
def test_attention_sums_to_one_over_each_sequence(heads: int, lengths: List[int]) -> None:
    pool = SequencePool(4, ["attention"], heads=heads)
    _, weights = pool.attend(torch.randn(sum(lengths), 4), np.array(lengths))
    assert weights is not None and (weights > 0).all()
    for part in weights.split(lengths):
        assert float(part.sum()) == pytest.approx(1.0 if len(part) else 0.0, abs=1e-5)


def test_attention_weights_are_those_of_the_mean() -> None:
    x = torch.randn(5, 4)
    pooled, weights = SequencePool(4, ["attention"]).attend(x, np.array([5]))
    assert weights is not None and weights.std() > 1e-4
    torch.testing.assert_close(pooled[0], weights @ x)


def segmented(lengths: List[List[int]]) -> Pieces:
    """Texts by the sizes of their segments."""
    sizes = np.array([size for text in lengths for size in text], dtype=np.int64)
    return Pieces(np.array([sum(text) for text in lengths]), sizes, np.array([len(text) for text in lengths]))


@given(texts=st.lists(st.lists(st.integers(1, 7), max_size=6), min_size=1, max_size=5))
def test_hierarchy_equals_one_by_one(texts: List[List[int]]) -> None:
    pool = TextPool(4, ALL, heads=2, segment_width=6, hidden=5).double().eval()
    totals = [sum(text) for text in texts]
    x = torch.randn(sum(totals), 4, dtype=torch.float64)
    together, weights = pool(x, segmented(texts), True)
    for i, (part, own) in enumerate(zip(x.split(totals), weights.split(totals))):
        torch.testing.assert_close(together[i], pool(part, segmented([texts[i]]))[0], rtol=1e-6, atol=1e-6)
        assert float(own.sum()) == pytest.approx(1.0 if len(own) else 0.0, abs=1e-5)


def test_every_part_of_a_text_counts_by_way_of_its_segment() -> None:
    pool = TextPool(4, ["attention"], segment_width=6)
    x = torch.randn(40, 4, requires_grad=True)
    pool(x, segmented([[10] * 4])).square().sum().backward()
    assert x.grad is not None and (x.grad.abs().sum(dim=1) > 0).all()


@given(sizes=st.lists(st.integers(1, 9), max_size=8), cuts=st.lists(st.integers(0, 72), max_size=5))
def test_no_segment_is_cut_by_runs(sizes: List[int], cuts: List[int]) -> None:
    x = torch.arange(sum(sizes)).unsqueeze(1)
    bounds = [0, *sorted(min(cut, len(x)) for cut in cuts), len(x)]
    groups = list(whole_segments([x[a:b] for a, b in zip(bounds, bounds[1:])], np.array(sizes, dtype=np.int64)))
    assert all(len(rows) == own.sum() > 0 for rows, own in groups)
    assert [size for _, own in groups for size in own.tolist()] == sizes
    assert [row for rows, _ in groups for row in rows.flatten().tolist()] == x.flatten().tolist()
