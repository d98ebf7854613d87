"""How a batch of sequences of different lengths is laid out for recurrent layers.

A recurrent layer wants rectangles: (steps, batch). Sequences are sorted by length and cut
into blocks of similar lengths, so that little is padded; long sequences are read in
overlapping windows, so that the cost grows linearly with the length and memory stays flat.
Padding stands at the end of each sequence. The backward direction reads a sequence
reversed within its own length, which makes it a plain left-to-right pass as well: no
result ever depends on padding or on neighbours.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Iterator, NamedTuple, Optional

import numpy as np
import torch
from torch import Tensor

from ..types import IntArray
from .linear import round_up

# Blocks are cut at multiples of eight sequences, or of more where there are many, so that there are
# not many more places than `_PLACES`. Kernels are built for a shape when it is first met, which takes
# as long as running them, so it pays that shapes come back.
_QUANTUM = 8
_PLACES = 64
# What a step and what a block cost beside their cells, in cells, as measured with an LSTM of
# width 128 on a CPU.
_STEP_COST = 3
_BLOCK_COST = 200


@dataclass
class Block:
    """A rectangle of sequences of similar lengths, padded at the end, time-major."""

    rows: Tensor
    """(steps, batch) int64: the row in the flat batch that each cell reads. Padding reads row 0. There may be a few
    steps more than the longest sequence has, see `shapes`."""
    reverse: Tensor
    """(steps * batch,) int64: for each cell, the cell that holds its mirror image within the
    sequence; padding maps to itself. Its own inverse."""
    lengths: Tensor
    """(batch,) int64, all > 0."""
    sequences: Tensor
    """(batch,) int64: which sequence of the batch each column holds (a window of)."""
    kept: Tensor
    """(n,) int64: the cells whose outputs are kept (all but padding and window context)."""
    targets: Tensor
    """(n,) int64: the row in the flat batch that each kept cell answers for."""

    @property
    def mask(self) -> Tensor:
        """(steps, batch) bool: True where there is a token."""
        steps = torch.arange(self.rows.shape[0], device=self.lengths.device)
        return steps.unsqueeze(1) < self.lengths.unsqueeze(0)


class Windows(NamedTuple):
    """Pieces of sequences, one entry of each array a window, all (n_windows,) int64."""

    sequence: IntArray
    """The sequence that it is cut from."""
    start: IntArray
    """Its first row in the flat batch."""
    size: IntArray
    """Its number of tokens, > 0."""
    core_start: IntArray
    """Its first token whose output is kept."""
    core_end: IntArray
    """One past its last token whose output is kept."""


def cut_windows(lengths: IntArray, window: Optional[int], context: int) -> Windows:
    """Cut sequences into windows of at most `window` tokens.

    A sequence that fits is one window. A longer one is cut into pieces of
    `window - 2 * context` tokens, each read with up to `context` tokens of its
    neighbours on both sides, whose outputs are thrown away.

    lengths: (n,) int64; empty sequences get no window.
    """
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
    return Windows(
        used[parent],
        starts[parent] + read_start,
        read_end - read_start,
        core_start - read_start,
        core_end - read_start,
    )


class Run(NamedTuple):
    """Windows that are read together, whose kept outputs are those of neighbouring tokens."""

    windows: Windows
    """With `start` counted from `rows`."""
    rows: slice
    """What they read of the flat batch."""
    kept: slice
    """Of these rows, the tokens whose outputs are kept."""


def cut_runs(windows: Windows, most: int) -> Iterator[Run]:
    """Cut the windows of a flat batch, in its order, into runs that keep the outputs of about `most` tokens, so that
    no more than these need to be in memory at a time. The kept tokens of all runs are the batch."""
    ends = windows.start + windows.core_end
    runs = np.cumsum(windows.core_end - windows.core_start) // most
    for part in np.split(np.arange(len(runs)), np.flatnonzero(np.diff(runs)) + 1 if len(runs) else []):
        if len(part):
            sequence, start, size, core_start, core_end = (column[part] for column in windows)
            first, last = int(start[0]), int((start + size).max())
            kept = slice(int(start[0] + core_start[0]) - first, int(ends[part[-1]]) - first)
            yield Run(Windows(sequence, start - first, size, core_start, core_end), slice(first, last), kept)


def cut_blocks(sizes: IntArray, max_cells: int) -> Iterator[slice]:
    """Cut sequences sorted by descending length, all > 0, into blocks of at most `max_cells`
    cells (one sequence at least), so that the whole costs least: padding and the fixed
    costs of blocks are weighed by dynamic programming over the places to cut."""
    if not len(sizes):
        return
    places = _places(len(sizes), most=max(1, max_cells // int(sizes[0])))
    starts, longest = places[:-1].tolist(), sizes[places[:-1]].tolist()
    cost = np.full(len(places), np.inf)
    cost[0] = 0.0
    cut_before = np.zeros(len(places), dtype=np.int64)
    for i, (start, steps) in enumerate(zip(starts, longest)):
        limit = int(np.searchsorted(places, start + max_cells // steps, side="right"))
        reached = slice(i + 1, max(limit, i + 2))
        found = cost[i] + steps * (places[reached] - start + _STEP_COST) + _BLOCK_COST
        better = found < cost[reached]
        cost[reached][better] = found[better]
        cut_before[reached][better] = i
    cuts = [len(starts)]
    while cuts[-1]:
        cuts.append(int(cut_before[cuts[-1]]))
    for last, first in zip(cuts[-2::-1], cuts[:0:-1]):
        yield slice(int(places[first]), int(places[last]))


def _places(n: int, most: int) -> IntArray:
    """Where blocks of `n` sequences may be cut, from 0 to n: at multiples of a power of two that
    is at most `most`, and more finely at the beginning, where single long sequences are."""
    quantum = min(_QUANTUM, 1 << (most.bit_length() - 1))
    while n > quantum * _PLACES and 2 * quantum <= most:
        quantum *= 2
    fine = 1 << np.arange(quantum.bit_length() - 1)
    places = np.concatenate([[0], fine, np.arange(quantum, n, quantum)])
    return np.append(places[places < n], n)


def lay_out(
    lengths: IntArray,
    *,
    window: Optional[int] = None,
    context: int = 0,
    max_cells: int = 8192,
    device: Optional[torch.device] = None,
) -> Iterator[Block]:
    """Lay out a flat batch of sequences as blocks.

    lengths: (n,) int64, tokens of each sequence; zeros are allowed and left out.
    window, context: see `cut_windows`; None reads every sequence whole.
    max_cells: the largest rectangle, in cells.
    """
    yield from lay_out_windows(cut_windows(lengths, window, context), max_cells=max_cells, device=device)


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
