"""Pooling of whole texts: a flat batch of vectors to one vector a text, in one step or by way of its segments."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Iterable, Iterator, List, Optional, Sequence, Tuple, Union

import numpy as np
import torch
from torch import Tensor, nn

from ..types import IntArray
from .layout import lay_out
from .linear import Maxout, RoundedLinear
from .rnn import RNN


@dataclass
class Pieces:
    """How the vectors of a flat batch belong to texts."""

    lengths: IntArray
    """(n_texts,): the number of vectors of each text, zeros allowed."""
    sizes: Optional[IntArray] = None
    """(n_segments,): the number of vectors of each segment, all > 0; the segments of all texts one after the other.
    None where texts are not cut."""
    counts: Optional[IntArray] = None
    """(n_texts,): the number of segments of each text."""


class SequencePool(nn.Module):
    """Any of several poolings of a sequence, joined.

    "last": the vectors at both ends, which hold the final states of both directions.
    "mean", "max": over the sequence, unit by unit.
    "attention": a mean weighted by learned weights, one set of weights a head: additive scores as in Bahdanau et al.
        2015 with one learned query a head instead of a decoder's state (Yang et al. 2016, eq. 5-7; several heads as in
        Lin et al. 2017, eq. 6).

    Nothing is padded where it could be seen: a sequence's result does not depend on its neighbours.

    width: of the vectors. kinds: the poolings. heads: of the attention.
    """

    def __init__(self, width: int, kinds: Sequence[str], *, heads: int = 1):
        super().__init__()
        self.kinds = tuple(kinds)
        self.heads = heads
        self.output_size = sum({"last": 2, "attention": heads}.get(kind, 1) for kind in kinds) * width
        if "attention" in kinds:
            self.hidden = RoundedLinear(width, width)
            self.query = RoundedLinear(width, heads, bias=False)

    def forward(self, x: Tensor, lengths: IntArray, weights: Optional[Tensor] = None) -> Tensor:
        """x: (n, width), the vectors of all sequences joined; lengths: (n_sequences,), zeros allowed.
        weights: (n,), where the attention weights are to be written, the mean of all heads.
        Returns (n_sequences, output_size), zeros for an empty sequence."""
        pooled, sequences = [], []
        for block in lay_out(lengths, device=x.device):
            y = x[block.rows]
            outside = ~block.mask.unsqueeze(2)
            attended = None
            if "attention" in self.kinds:
                scores = self.query(torch.tanh(self.hidden(y.flatten(0, 1)))).float().view(*y.shape[:2], self.heads)
                attended = torch.softmax(scores.masked_fill(outside, float("-inf")), dim=0)
                if weights is not None:
                    weights[block.targets] = attended.detach().mean(dim=2).flatten()[block.kept]
            pooled.append(self._pool(y, block.lengths, outside, attended))
            sequences.append(block.sequences)
        if not pooled:
            return x.new_zeros(len(lengths), self.output_size)
        joined = torch.cat(pooled)
        return joined.new_zeros(len(lengths), self.output_size).index_copy(0, torch.cat(sequences), joined)

    def _pool(self, y: Tensor, lengths: Tensor, outside: Tensor, attended: Optional[Tensor]) -> Tensor:
        """y: (steps, batch, width); lengths: (batch,); outside: (steps, batch, 1) bool, True at padding;
        attended: (steps, batch, heads). Returns (batch, output_size)."""
        parts = []
        for kind in self.kinds:
            if kind == "last":
                parts += [y[lengths - 1, torch.arange(y.shape[1], device=y.device)], y[0]]
            elif kind == "max":
                parts.append(y.masked_fill(outside, float("-inf")).amax(dim=0))
            elif kind == "mean":
                parts.append(y.masked_fill(outside, 0.0).sum(dim=0) / lengths.unsqueeze(1))
            elif attended is not None:
                # No matrix product, which would want a kernel for every shape.
                parts += [(attended[:, :, head, None].to(y.dtype) * y).sum(dim=0) for head in range(self.heads)]
        return torch.cat(parts, dim=1)


class TextPool(nn.Module):
    """A text's vector: pooled from all its vectors, or from those of its segments: each is pooled from its own, and a
    recurrent network reads them in order (the hierarchy of Yang et al. 2016). A segment's vector is joined with what
    the network says of it: without this shortcut long texts take many times as long to learn.

    width: of the vectors. kinds, heads: see `SequencePool`; the same on both levels.
    segment_width: of the recurrent network over segments, both directions together; None for texts in one piece.
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

    def forward(self, x: Union[Tensor, Iterable[Tensor]], pieces: Pieces, weights: Optional[Tensor] = None) -> Tensor:
        """x: (n, width), the vectors of all texts joined; with segments they may come in several tensors one after the
        other, and none is kept once its segments are pooled. weights: (n,), where the attention weights are to be
        written; they sum to 1 over each text. Returns (n_texts, output_size)."""
        if isinstance(x, Tensor) and self.second is None:
            pooled = self.first(x, pieces.lengths, weights)
        else:
            pooled = self._by_segments([x] if isinstance(x, Tensor) else x, *_segments(pieces), weights)
        return pooled if self.mix is None else self.mix(pooled)

    def _by_segments(
        self, runs: Iterable[Tensor], sizes: IntArray, counts: IntArray, weights: Optional[Tensor]
    ) -> Tensor:
        assert self.rnn is not None and self.second is not None
        parts, done = [], 0
        for x, own in whole_segments(runs, sizes):
            parts.append(self.first(x, own, None if weights is None else weights[done : done + len(x)]))
            done += len(x)
        if not parts:
            return next(self.parameters()).new_zeros(len(counts), self.second.output_size)
        segments = torch.cat(parts)
        blocks = lay_out(counts, window=SEGMENT_WINDOW, context=SEGMENT_CONTEXT, device=segments.device)
        read = torch.cat([segments, self.rnn(segments, blocks)], dim=1)
        of_segments = None if weights is None else weights.new_zeros(len(sizes))
        pooled = self.second(read, counts, of_segments)
        if weights is not None and of_segments is not None:
            weights *= torch.repeat_interleave(of_segments, torch.from_numpy(sizes).to(weights.device))
        return pooled


def whole_segments(runs: Iterable[Tensor], sizes: IntArray) -> Iterator[Tuple[Tensor, IntArray]]:
    """The vectors of a flat batch, regrouped so that no segment is cut, and the sizes of the segments of each group.

    runs: (n_i, width) each. sizes: (n_segments,), all > 0, as many as all runs are long together."""
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


# A text of more segments than this is read in overlapping windows of segments.
SEGMENT_WINDOW, SEGMENT_CONTEXT = 512, 32


def _segments(pieces: Pieces) -> Tuple[IntArray, IntArray]:
    assert pieces.sizes is not None and pieces.counts is not None
    return pieces.sizes, pieces.counts
