"""How a batch of sequences of different lengths is laid out for recurrent layers.

A recurrent layer reads rectangles, (steps, batch). Sequences are sorted by length and cut into blocks of similar
lengths, so that there is little padding. Long sequences are read in overlapping windows, so that time grows linearly
with the length and memory stays constant. Padding stands at the end of each sequence. The backward direction reads each
sequence reversed within its own length, which makes it a left-to-right pass as well: no output depends on padding or on
neighbours.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Iterator, NamedTuple, Optional

import numpy as np
import torch
from torch import Tensor

from ..base.checks import check_at_least
from ..types import IntArray
from .linear import round_up

# Blocks are cut at multiples of eight sequences, or of more in a large batch, so that there are about `_CUTS` positions
# to cut at. A kernel is compiled for a shape when that shape is first met, so it pays to have few shapes.
_QUANTUM = 8
_CUTS = 64
# What a step and a block cost in addition to their cells, in cells, as measured with an LSTM of width 128 on a CPU.
_STEP_COST = 3
_BLOCK_COST = 200


@dataclass
class Block:
    """A rectangle of sequences of similar lengths, padded at the end, time-major."""

    rows: Tensor
    """(steps, batch) int64: the row in the flat batch that each cell reads. Padding reads row 0. The number of steps is
    that of the longest sequence, rounded up by `round_up`."""
    reverse: Tensor
    """(steps * batch,) int64: the cell with the mirror image of each cell within its sequence; padding maps to itself.
    This permutation is its own inverse."""
    lengths: Tensor
    """(batch,) int64, all > 0."""
    sequences: Tensor
    """(batch,) int64: the sequence of the batch that each column holds, or holds a window of."""
    kept: Tensor
    """(n,) int64: the cells whose outputs are kept (all but padding and window context)."""
    targets: Tensor
    """(n,) int64: the row in the flat batch to which each kept output belongs."""

    @property
    def mask(self) -> Tensor:
        """(steps, batch) bool: True where there is a token."""
        steps = torch.arange(self.rows.shape[0], device=self.lengths.device)
        return steps.unsqueeze(1) < self.lengths.unsqueeze(0)


class Windows(NamedTuple):
    """Pieces of sequences. Each array has one entry for each window, (n_windows,) int64."""

    sequence: IntArray
    """The sequence that the window is cut from."""
    start: IntArray
    """The first row of the window in the flat batch."""
    size: IntArray
    """The number of tokens of the window, > 0."""
    core_start: IntArray
    """The first token of the window whose output is kept."""
    core_end: IntArray
    """One past the last token of the window whose output is kept."""


def cut_windows(lengths: IntArray, window: Optional[int], context: int) -> Windows:
    """Cut sequences into windows of at most `window` tokens.

    A sequence that fits is one window. A longer one is cut into pieces of `window - 2 * context` tokens. Each piece is
    read with up to `context` tokens before and after it, whose outputs are discarded.

    lengths: (n,) int64; empty sequences get no window. window: None leaves every sequence whole.
    Raises SettingError if the window is not longer than the context on both sides.
    """
    if window is not None:
        check_at_least("window", window, 2 * context + 1)
    starts = np.cumsum(lengths) - lengths
    used = np.flatnonzero(lengths)
    starts, sizes = starts[used], lengths[used]
    if window is None or not len(sizes) or int(sizes.max()) <= window:
        return Windows(used, starts, sizes, np.zeros_like(sizes), sizes)
    stride = window - 2 * context
    pieces = np.where(sizes <= window, 1, -(-sizes // stride))
    parent = np.repeat(np.arange(len(sizes)), pieces)
    nth = np.arange(len(parent)) - np.repeat(np.cumsum(pieces) - pieces, pieces)
    size = sizes[parent]
    core_start = nth * stride
    core_end = np.where(pieces[parent] == 1, size, np.minimum(core_start + stride, size))
    read_start = np.maximum(core_start - context, 0)
    read_end = np.minimum(core_end + context, size)
    start, size = starts[parent] + read_start, read_end - read_start
    return Windows(used[parent], start, size, core_start - read_start, core_end - read_start)


class Run(NamedTuple):
    """Windows that are read together. Their kept outputs are those of adjacent tokens."""

    windows: Windows
    """The windows, with `start` counted from the beginning of `rows`."""
    rows: slice
    """The rows of the flat batch that they read."""
    kept: slice
    """The tokens among these rows whose outputs are kept."""


def cut_runs(windows: Windows, most: int) -> Iterator[Run]:
    """Cut the windows of a flat batch, in order, into runs that each keep the outputs of about `most` tokens, so that
    no more than these need to be in memory. The kept tokens of all runs are the whole batch."""
    ends = windows.start + windows.core_end
    runs = np.cumsum(windows.core_end - windows.core_start) // most
    for part in np.split(np.arange(len(runs)), np.flatnonzero(np.diff(runs)) + 1 if len(runs) else []):
        if len(part):
            sequence, start, size, core_start, core_end = (column[part] for column in windows)
            first, last = int(start[0]), int((start + size).max())
            kept = slice(int(start[0] + core_start[0]) - first, int(ends[part[-1]]) - first)
            yield Run(Windows(sequence, start - first, size, core_start, core_end), slice(first, last), kept)


def cut_blocks(sizes: IntArray, max_cells: int) -> Iterator[slice]:
    """Cut sequences into blocks of at most `max_cells` cells, or of one sequence, at the lowest total cost of padding
    and of blocks. The cost is minimized by dynamic programming over the positions to cut at.

    sizes: (n,) lengths, all > 0, in descending order.
    """
    if not len(sizes):
        return
    positions = _cut_positions(len(sizes), most=max(1, max_cells // int(sizes[0])))
    starts, longest = positions[:-1].tolist(), sizes[positions[:-1]].tolist()
    cost = np.full(len(positions), np.inf)
    cost[0] = 0.0
    cut_before = np.zeros(len(positions), dtype=np.int64)
    for i, (start, steps) in enumerate(zip(starts, longest)):
        limit = int(np.searchsorted(positions, start + max_cells // steps, side="right"))
        reached = slice(i + 1, max(limit, i + 2))
        found = cost[i] + steps * (positions[reached] - start + _STEP_COST) + _BLOCK_COST
        better = found < cost[reached]
        cost[reached][better] = found[better]
        cut_before[reached][better] = i
    cuts = [len(starts)]
    while cuts[-1]:
        cuts.append(int(cut_before[cuts[-1]]))
    for last, first in zip(cuts[-2::-1], cuts[:0:-1]):
        yield slice(int(positions[first]), int(positions[last]))


def _cut_positions(n: int, most: int) -> IntArray:
    """The positions at which `n` sequences may be cut, from 0 to n: multiples of a power of two that is at most `most`,
    and finer ones at the beginning, where single long sequences stand."""
    quantum = min(_QUANTUM, 1 << (most.bit_length() - 1))
    while n > quantum * _CUTS and 2 * quantum <= most:
        quantum *= 2
    fine = 1 << np.arange(quantum.bit_length() - 1)
    positions = np.concatenate([[0], fine, np.arange(quantum, n, quantum)])
    return np.append(positions[positions < n], n)


def lay_out(
    lengths: IntArray,
    *,
    window: Optional[int] = None,
    context: int = 0,
    max_cells: int = 8192,
    device: Optional[torch.device] = None,
) -> Iterator[Block]:
    """Lay out a flat batch of sequences as blocks. Returns an iterator, which can be used once.

    lengths: (n,) int64, the number of tokens of each sequence, zeros allowed.
    window, context: see `cut_windows`, which may raise SettingError.
    max_cells: the largest number of cells of a block with more than one sequence.
    """
    return lay_out_windows(cut_windows(lengths, window, context), max_cells=max_cells, device=device)


def lay_out_windows(
    windows: Windows, *, max_cells: int = 8192, device: Optional[torch.device] = None
) -> Iterator[Block]:
    """Lay out windows as blocks, see `lay_out`."""
    order = np.argsort(-windows.size, kind="stable")
    for part in cut_blocks(windows.size[order], max_cells):
        sequence, start, size, core_start, core_end = (column[order[part]] for column in windows)
        batch = len(size)
        step = np.arange(round_up(int(size[0]), bits=4))[:, None]
        inside = step < size
        rows = np.where(inside, start + step, 0)
        reverse = np.where(inside, size - 1 - step, step) * batch + np.arange(batch)
        kept = np.flatnonzero((step >= core_start) & (step < core_end))
        yield Block(
            rows=torch.from_numpy(rows).to(device),
            reverse=torch.from_numpy(reverse.reshape(-1)).to(device),
            lengths=torch.from_numpy(size).to(device),
            sequences=torch.from_numpy(sequence).to(device),
            kept=torch.from_numpy(kept).to(device),
            targets=torch.from_numpy(rows.reshape(-1)[kept]).to(device),
        )
