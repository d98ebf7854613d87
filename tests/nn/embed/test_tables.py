"""Embedding tables, with and without a vocabulary."""

from __future__ import annotations

from typing import Any, Dict, List

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from spacy_rnn.base.hashing import mix_bits
from spacy_rnn.nn.embed.tables import GrowingEmbedding, HashEmbedding, LexicalTables

keys_lists = st.lists(st.lists(st.integers(-(2**63), 2**63 - 1), unique=True, max_size=6), max_size=5)


def learn(table: GrowingEmbedding, keys: List[int]) -> None:
    table.learn(np.array(keys, dtype=np.int64), np.ones(len(keys), dtype=np.int64))


def find(table: GrowingEmbedding, keys: List[int]) -> List[int]:
    return table.find(np.array(keys, dtype=np.int64)).tolist()


@given(batches=keys_lists)
def test_growing_table_hands_out_rows_until_full(batches: List[List[int]]) -> None:
    table = GrowingEmbedding(8, 3)
    expected: Dict[int, int] = {}
    counts = [0] * 8
    for keys in batches:
        learn(table, keys)
        for key in keys:
            if key not in expected and len(expected) < 7:
                expected[key] = len(expected) + 1
            counts[expected.get(key, 0)] += 1
    everything = [key for keys in batches for key in keys]
    assert find(table, everything) == [expected.get(key, 0) for key in everything]
    assert len(table) == len(expected) + 1
    assert table.counts.tolist() == counts[: len(table)]


@given(keys=st.lists(st.integers(-(2**63), 2**63 - 1), unique=True, max_size=6))
def test_growing_table_saves_what_it_uses(keys: List[int]) -> None:
    table, copied = GrowingEmbedding(8, 3), GrowingEmbedding(8, 3)
    learn(table, keys)
    learn(copied, [1, 2, 3, 4, 5])
    state = table.state_dict()
    assert state["weight"].shape == (len(keys) + 1, 3)
    copied.load_state_dict(state, strict=True)
    assert find(copied, keys) == find(table, keys)
    rows = torch.tensor(find(table, keys), dtype=torch.int64)
    assert torch.equal(copied(rows), table(rows))
    assert torch.equal(copied.counts, table.counts)
    learn(table, [77])
    learn(copied, [77])
    assert find(copied, [77]) == find(table, [77])


def test_growing_table_forgets() -> None:
    table = GrowingEmbedding(8, 3)
    before = table.weight.detach().clone()
    learn(table, [5, 6])
    table.reset_parameters()
    assert (len(table), find(table, [5, 6]), table.counts.tolist()) == (1, [0, 0], [0])
    assert not torch.equal(table.weight, before)


def test_share_of_hundred_thousand() -> None:
    """The result does not depend on the number of epochs."""
    table = GrowingEmbedding(8, 3)
    keys, counts = np.array([1, 2]), np.array([90_000, 10_000])
    table.learn(keys, counts)
    once = table.per_hundred_thousand(table.find(keys))
    for _ in range(9):
        table.learn(keys, counts)
    np.testing.assert_allclose(table.per_hundred_thousand(table.find(keys)), once)
    np.testing.assert_allclose(once, counts)


def test_mix_bits_is_splitmix64() -> None:
    """The first outputs of the reference generator for the seeds 0 and 1."""
    mixed = mix_bits(np.array([0, 1], dtype=np.uint64))
    assert mixed.tolist() == [0xE220A8397B1DCDAF, 0x910A2DEC89025CC1]


@given(keys=st.lists(st.integers(0, 2**64 - 1), max_size=10), rows=st.integers(1, 50))
def test_buckets_are_rows(keys: List[int], rows: int) -> None:
    table = HashEmbedding(rows, 2)
    buckets = table.buckets(np.array(keys, dtype=np.uint64))
    assert buckets.shape == (2, len(keys)) and buckets.dtype == np.int64
    assert ((0 <= buckets) & (buckets < rows)).all()


def test_keys_seldom_share_both_rows() -> None:
    """Consecutive keys, as for flags and enumerations, still spread evenly."""
    buckets = HashEmbedding(500, 2).buckets(np.arange(500, dtype=np.uint64))
    assert len({tuple(pair) for pair in buckets.T.tolist()}) > 495
    assert np.bincount(buckets.reshape(-1), minlength=500).max() < 12


def test_lexical_tables_join_attributes() -> None:
    tables: Any = LexicalTables(2, 30, 4)
    keys = np.arange(5, dtype=np.uint64)
    buckets = torch.from_numpy(tables.buckets([keys, keys[::-1].copy()]))
    joined = tables(buckets)
    assert joined.shape == (5, 8)
    torch.testing.assert_close(joined[:, 4:], tables.tables[1](buckets[1]))
    assert not torch.equal(tables.tables[0].weight, tables.tables[1].weight)
