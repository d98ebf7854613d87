"""The vector of a whole text, pooled in one step or by way of its segments."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Iterable, Iterator, List, Optional, Tuple, Union

import numpy as np
import torch
from torch import Tensor, nn

from ..types import IntArray
from .layout import lay_out
from .linear import Maxout
from .pooling import SequencePool
from .rnn import RNN

# A text of more segments than this is read in overlapping windows of segments.
SEGMENT_WINDOW, SEGMENT_CONTEXT = 512, 32

Pooled = Tuple[Tensor, Optional[Tensor]]


@dataclass
class Pieces:
    """How the vectors of a flat batch belong to texts."""

    lengths: IntArray
    """(n_texts,): the number of vectors of each text, zeros allowed."""
    sizes: Optional[IntArray] = None
    """(n_segments,): the number of vectors of each segment, all > 0, in the order of the texts; None for texts in one
    piece."""
    counts: Optional[IntArray] = None
    """(n_texts,): the number of segments of each text."""


class TextPool(nn.Module):
    """Pools a text from all its vectors, or in two levels (Yang et al. 2016): each segment from its own vectors, and
    the text from its segments, which a recurrent network reads in order. The outputs of the network are joined with its
    inputs: without this shortcut, long texts take many times as long to learn.

    width: of the vectors. kinds, heads: see `SequencePool`; the same on both levels.
    segment_width: of the recurrent network over segments, both directions together; None for one level.
    cell: of that network.
    hidden: the width of a maxout layer on top; None for none.
    """

    def __init__(
        self,
        width: int,
        kinds: List[str],
        *,
        heads: int = 1,
        segment_width: Optional[int] = None,
        cell: str = "lstm",
        hidden: Optional[int] = None,
    ):
        super().__init__()
        self.first = SequencePool(width, kinds, heads=heads)
        self.output_size = self.first.output_size
        self.rnn = self.second = self.mix = None
        if segment_width is not None:
            self.rnn = RNN(self.output_size, segment_width // 2, cell=cell)
            self.second = SequencePool(self.output_size + segment_width, kinds, heads=heads)
            self.output_size = self.second.output_size
        if hidden is not None:
            self.mix = Maxout(self.output_size, hidden)
            self.output_size = hidden

    def forward(
        self, x: Union[Tensor, Iterable[Tensor]], pieces: Pieces, attend: bool = False
    ) -> Union[Tensor, Pooled]:
        """x: (n, width), the vectors of all texts joined. With two levels, they may come as several tensors in order,
        none of which is kept once its segments are pooled.

        Returns (n_texts, output_size); with `attend` also the attention weights, (n,), which sum to 1 over each text,
        or None without attention."""
        if isinstance(x, Tensor) and self.second is None:
            pooled, weights = self.first.attend(x, pieces.lengths)
        else:
            pooled, weights = self._by_segments([x] if isinstance(x, Tensor) else x, pieces)
        if self.mix is not None:
            pooled = self.mix(pooled)
        return (pooled, weights) if attend else pooled

    def _by_segments(self, runs: Iterable[Tensor], pieces: Pieces) -> Pooled:
        assert self.rnn is not None and self.second is not None
        assert pieces.sizes is not None and pieces.counts is not None
        parts = [self.first.attend(x, sizes) for x, sizes in whole_segments(runs, pieces.sizes)]
        if not parts:
            parameter = next(self.parameters())
            return parameter.new_zeros(len(pieces.counts), self.second.output_size), parameter.new_zeros(0)
        vectors, weights = zip(*parts)
        segments = torch.cat(vectors)
        blocks = lay_out(pieces.counts, window=SEGMENT_WINDOW, context=SEGMENT_CONTEXT, device=segments.device)
        read = torch.cat([segments, self.rnn(segments, blocks)], dim=1)
        pooled, of_segments = self.second.attend(read, pieces.counts)
        if of_segments is None:
            return pooled, None
        sizes = torch.from_numpy(pieces.sizes).to(segments.device)
        return pooled, torch.cat(weights) * torch.repeat_interleave(of_segments, sizes)


def whole_segments(runs: Iterable[Tensor], sizes: IntArray) -> Iterator[Tuple[Tensor, IntArray]]:
    """Regroup the vectors of a flat batch so that no segment is cut. Yields the vectors of each group, and the sizes of
    its segments.

    runs: (n_i, width) each. sizes: (n_segments,), all > 0, together as many as all runs have vectors."""
    ends = np.cumsum(sizes)
    given, kept = 0, 0
    rest: Optional[Tensor] = None
    for run in runs:
        x = run if rest is None else torch.cat([rest, run])
        start = int(ends[kept - 1]) if kept else 0
        given += len(run)
        complete = int(np.searchsorted(ends, given, side="right"))
        if complete > kept:
            n = int(ends[complete - 1]) - start
            yield x[:n], sizes[kept:complete]
            x, kept = x[n:], complete
        rest = x
