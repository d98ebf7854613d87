"""Blocks have every token once, little padding, and no more cells than allowed."""

from __future__ import annotations

from typing import List, Tuple

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from spacy_rnn.errors import SettingError
from spacy_rnn.nn.layout import Block, cut_runs, cut_windows, lay_out
from spacy_rnn.nn.rnn import mirror

lengths_lists = st.lists(st.one_of(st.integers(0, 6), st.integers(0, 60)), max_size=20)
windows = st.one_of(
    st.just((None, 0)),
    st.integers(0, 5).flatmap(lambda context: st.tuples(st.integers(2 * context + 1, 30), st.just(context))),
)


def as_array(lengths: List[int]) -> np.ndarray:
    return np.array(lengths, dtype=np.int64)


def padded_cells(block: Block) -> torch.Tensor:
    """(steps * batch,) bool."""
    return ~block.mask.reshape(-1)


@given(lengths=lengths_lists, window=windows, max_cells=st.integers(1, 300))
def test_every_token_is_answered_once(lengths: List[int], window: Tuple, max_cells: int) -> None:
    blocks = list(lay_out(as_array(lengths), window=window[0], context=window[1], max_cells=max_cells))
    targets = [target for block in blocks for target in block.targets.tolist()]
    assert sorted(targets) == list(range(sum(lengths)))
    for block in blocks:
        assert torch.equal(block.rows.reshape(-1)[block.kept], block.targets)
        assert not padded_cells(block)[block.kept].any()


@given(lengths=lengths_lists, window=windows, max_cells=st.integers(1, 300))
def test_blocks_are_bounded(lengths: List[int], window: Tuple, max_cells: int) -> None:
    for block in lay_out(as_array(lengths), window=window[0], context=window[1], max_cells=max_cells):
        longest, batch = int(block.lengths.max()), len(block.lengths)
        assert batch == 1 or longest * batch <= max_cells
        assert window[0] is None or longest <= window[0]
        assert block.lengths.min() > 0
        # Rounded up, but not far.
        assert block.rows.shape[1] == batch and longest <= len(block.rows) <= 1.07 * longest


@given(lengths=lengths_lists, window=windows)
def test_columns_are_stretches_of_one_sequence(lengths: List[int], window: Tuple) -> None:
    owner = np.repeat(np.arange(len(lengths)), lengths)
    for block in lay_out(as_array(lengths), window=window[0], context=window[1]):
        for column, length, sequence in zip(block.rows.T.numpy(), block.lengths.tolist(), block.sequences.tolist()):
            rows = column[:length]
            assert (np.diff(rows) == 1).all()
            assert (owner[rows] == sequence).all()


@given(lengths=lengths_lists, window=windows)
def test_reverse_is_an_involution(lengths: List[int], window: Tuple) -> None:
    for block in lay_out(as_array(lengths), window=window[0], context=window[1]):
        cells = torch.arange(block.rows.numel())
        assert torch.equal(block.reverse[block.reverse], cells)
        padding = padded_cells(block)
        assert torch.equal(block.reverse[padding], cells[padding])
        x = torch.rand(*block.rows.shape, 2)
        mirrored = mirror(x, block.reverse)
        for column, length in enumerate(block.lengths.tolist()):
            assert torch.equal(mirrored[:length, column], x[:length, column].flip(0))
            assert torch.equal(mirrored[length:, column], x[length:, column])


@given(lengths=lengths_lists, window=windows)
def test_windows_give_context(lengths: List[int], window: Tuple) -> None:
    """Each kept token is read with `context` tokens on both sides, or up to the sequence's end."""
    size, context = window
    array = as_array(lengths)
    starts = np.cumsum(array) - array
    cut = cut_windows(array, size, context)
    for sequence, start, length, core_start, core_end in zip(*(column.tolist() for column in cut)):
        first = starts[sequence]
        assert 0 <= core_start < core_end <= length
        assert core_start >= min(context, start + core_start - first)
        assert length - core_end >= min(context, first + lengths[sequence] - start - core_end)


@given(lengths=lengths_lists, window=windows, most=st.integers(1, 40))
def test_runs_keep_each_token_once_and_in_order(lengths: List[int], window: Tuple, most: int) -> None:
    """Runs are bounded, and read what the windows of the whole batch read."""
    whole = cut_windows(as_array(lengths), *window)
    kept: List[int] = []
    for run in cut_runs(whole, most):
        rows = np.arange(sum(lengths))[run.rows]
        found = np.concatenate(
            [rows[start + a : start + b] for _, start, _, a, b in zip(*(c.tolist() for c in run.windows))]
        )
        assert found.tolist() == rows[run.kept].tolist()
        assert len(found) < most + max(whole.size)
        kept += found.tolist()
    assert kept == list(range(sum(lengths)))


def test_short_documents_are_hardly_padded() -> None:
    """A long document does not make its neighbours as long as itself."""
    lengths = np.random.default_rng(0).integers(1, 60, size=2000)
    lengths[7] = 500
    blocks = list(lay_out(lengths, window=512, context=32))
    cells = sum(block.rows.numel() for block in blocks)
    assert cells < 1.15 * lengths.sum()


def test_very_long_document_stays_in_bounds() -> None:
    blocks = list(lay_out(as_array([100_000]), window=512, context=32))
    assert max(block.rows.numel() for block in blocks) <= 8192
    assert max(block.rows.shape[0] for block in blocks) <= 512
    assert sum(block.rows.numel() for block in blocks) < 1.2 * 100_000


def test_nothing_to_lay_out() -> None:
    assert list(lay_out(as_array([]))) == []
    assert list(lay_out(as_array([0, 0]), window=5, context=1)) == []


def test_window_without_room_for_its_context() -> None:
    with pytest.raises(SettingError, match=r"R005.*window = 4.*at least 5"):
        lay_out(as_array([9]), window=4, context=2)
