"""Biaffine scores of all spans of a sentence (Yu, Bohnet & Poesio 2020)."""

from __future__ import annotations

from typing import Iterator, List, NamedTuple, Optional, Tuple, Union

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ...base.spans import FoundSpans, Spans, SpanSearch, SpanTargets, SpanTask
from ...types import BoolArray, FloatArray, IntArray
from ..dropout import UnitDropout
from ..linear import RoundedLinear, over_rounded
from .blocks import SentenceBlock, lay_out_sentences, take
from .nesting import best_nesting

_SLOPE = 0.1
# How many scores, or numbers from which they are computed, are in memory together, unless one window has more.
_MOST_CELLS = 1 << 19
# What an untrained network says of every span (Lin et al. 2017, sect. 4.1): most spans have no label.
_PRIOR = 0.01
# The distance of a threshold from 0 and from 1.
_LEAST, _MARGIN = 1e-30, 2.0**-24


class Windows(NamedTuple):
    """Parts of sequences. Each span begins in one of them, at the first `width` tokens or so, and ends in it."""

    starts: IntArray
    """(n_windows,): the first token of each."""
    sizes: IntArray
    """(n_windows,)"""
    owners: IntArray
    """(n_windows,): the sequence of each."""


def cut_windows(lengths: IntArray, width: int) -> Windows:
    """For spans of at most `width` tokens. A sequence that is not longer is one window. lengths: (n,), all > 0."""
    counts = -(-lengths // width)
    owners = np.repeat(np.arange(len(lengths)), counts)
    offsets = width * (np.arange(len(owners)) - (np.cumsum(counts) - counts)[owners])
    starts = (np.cumsum(lengths) - lengths)[owners] + offsets
    return Windows(starts, np.minimum(2 * width - 1, lengths[owners] - offsets), owners)


class ScoredBlock(NamedTuple):
    """The scores of the spans of a block of windows."""

    block: SentenceBlock
    scores: Tensor
    """(batch, t, labels, n) float32: of the spans from one of the first t tokens of a window to one of its n tokens."""
    mask: Tensor
    """(batch, t, 1, n) bool: which of these are spans."""


class BiaffineSpans(nn.Module):
    """Scores all labels of all spans of each sequence, each by itself (sect. 3): a span may have several labels. Memory
    is O(n * min(n, width) * labels) for n tokens and spans of at most `width`.

    input_size: of a token's vector. labels: the number of labels.
    edge_size: of the vectors that say what a token is as the first and as the last one of a span.
    """

    def __init__(self, input_size: int, labels: int, *, edge_size: int = 128):
        super().__init__()
        self.labels, self.edge_size = labels, edge_size
        self.dropout = UnitDropout()
        self.roles = RoundedLinear(input_size, 2 * edge_size)
        self.pairs = nn.Linear(edge_size, labels * edge_size)
        self.first = nn.Linear(edge_size, labels)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Zeros in the last layers, so that an untrained network finds nothing and prefers no label."""
        for weight in self.roles.weight.split(self.edge_size):
            nn.init.orthogonal_(weight) if self.edge_size > 1 else nn.init.xavier_uniform_(weight)
        for layer in (self.pairs, self.first):
            nn.init.zeros_(layer.weight)
        nn.init.zeros_(self.roles.bias)
        nn.init.zeros_(self.pairs.bias)
        nn.init.constant_(self.first.bias, log_odds(_PRIOR))

    def forward(self, x: Tensor, lengths: IntArray, task: SpanTask) -> Union[Tensor, FoundSpans]:
        """Score targets, see `learn`, or find spans, see `search`. x: (n, input_size), the tokens of all sequences
        joined. lengths: (n_sequences,), all > 0."""
        return self.learn(x, lengths, task) if isinstance(task, SpanTargets) else self.search(x, lengths, task)

    def learn(self, x: Tensor, lengths: IntArray, targets: SpanTargets) -> Tensor:
        """The log-probability of what is known of each sequence, (n_sequences,) float32: that the spans that are there
        have their labels, and that no others are there."""
        windows = cut_windows(lengths, _width(targets.max_width, lengths))
        starts, ends, labels = targets.spans
        owners = np.searchsorted(windows.starts, starts, side="right") - 1
        unknown = targets.unknown if targets.unknown is not None and targets.unknown.any() else None
        hidden = None if unknown is None else np.concatenate([[0], np.cumsum(unknown)])
        result = x.new_zeros(len(lengths), dtype=torch.float32)
        for part in self.score(x, windows, targets.edges, _width(targets.max_width, lengths)):
            block, scores = part.block, part.scores
            places = np.full(len(windows.starts), -1)
            places[block.sentences] = np.arange(len(block.sentences))
            own = np.flatnonzero(places[owners] >= 0)
            first = windows.starts[owners[own]]
            index = [places[owners[own]], starts[own] - first, labels[own], ends[own] - first]
            rows, *cells = (torch.from_numpy(column).to(x.device) for column in index)
            right = scores[(rows, *cells)]
            mask = part.mask
            if hidden is not None:
                mask = mask & self._known(block, hidden, scores.shape[1])
                is_hidden = torch.from_numpy(hidden[ends[own] + 1] > hidden[starts[own]]).to(x.device)
                right = torch.where(is_hidden, F.logsigmoid(right), right)
            likelihoods = -F.softplus(scores.masked_fill(~mask, -torch.inf)).sum(dim=(1, 2, 3))
            likelihoods = likelihoods.index_add(0, rows, right)
            result = result.index_add(0, self._tensor(windows.owners[block.sentences]), likelihoods)
        return result

    def _known(self, block: SentenceBlock, hidden: IntArray, t: int) -> Tensor:
        """Whether no token of each span is hidden, (batch, t, 1, n). hidden: (n + 1,), how many are hidden before each
        token."""
        before, after = (self._tensor(part)[block.cells] for part in (hidden[:-1], hidden[1:]))
        return before[:, :t, None, None] == after[:, None, None]

    @torch.no_grad()
    def search(self, x: Tensor, lengths: IntArray, search: SpanSearch) -> FoundSpans:
        """The spans and labels that are likely enough."""
        least = log_odds(search.threshold)
        width = _width(search.max_width, lengths)
        windows = cut_windows(lengths, width)
        found: List[Tuple[IntArray, FloatArray, Optional[FloatArray]]] = []
        for block, table, mask in self.score(x, windows, search.edges, width):
            rows, first, label, last = ((table >= least) & mask).nonzero(as_tuple=True)
            places = torch.stack([block.cells[rows, first], block.cells[rows, last], label])
            others = table[rows, first, :, last].cpu().numpy() if search.all_labels else None
            found.append((places.cpu().numpy(), table[rows, first, label, last].cpu().numpy(), others))
        spans = np.concatenate([np.zeros((3, 0), dtype=np.int64), *(part[0] for part in found)], axis=1)
        scores: FloatArray = np.concatenate([np.zeros(0, dtype=np.float32), *(part[1] for part in found)])
        kept = _choose(spans, scores, least, search)
        of_labels = None
        if search.all_labels:
            empty = np.zeros((0, self.labels), dtype=np.float32)
            of_labels = _sigmoid(np.concatenate([empty, *(part[2] for part in found if part[2] is not None)])[kept])
        return FoundSpans(Spans(*spans[:, kept]), _sigmoid(scores[kept]), of_labels)

    def score(self, x: Tensor, windows: Windows, edges: BoolArray, width: int) -> Iterator[ScoredBlock]:
        """The scores of all spans, block by block. x: (n, input_size). edges: see `SpanTargets`."""
        if not torch.is_autocast_enabled(x.device.type):  # the encoder may have another precision
            x = x.to(self.roles.weight.dtype)
        first, last = self.dropout(F.leaky_relu(self.roles(x), _SLOPE)).split(self.edge_size, dim=1)
        is_edge = self._tensor(edges)

        def count(n: int) -> int:
            return self.labels * min(n, width) * max(n, self.edge_size)

        layout = lay_out_sentences(
            windows.sizes, starts=windows.starts, count=count, max_cells=_MOST_CELLS, device=x.device
        )
        for block in layout:
            n = block.cells.shape[1]
            t = min(n, width)
            begins = block.cells[:, :t]
            scores = self._score_pairs(take(first, begins), take(last, block.cells))
            i, j = torch.arange(t, device=x.device).unsqueeze(1), torch.arange(n, device=x.device)
            mask = (j >= i) & (j < i + width) & (j < block.lengths[:, None, None])
            mask = mask & is_edge[begins].unsqueeze(2) & is_edge[block.cells].unsqueeze(1)
            yield ScoredBlock(block, scores, mask.unsqueeze(2))

    def _score_pairs(self, first: Tensor, last: Tensor) -> Tensor:
        """The scores of all labels, (batch, t, labels, n) float32. first: (batch, t, edge_size). last: (batch, n,
        edge_size)."""
        batch, t = first.shape[:2]
        tokens = first.flatten(0, 1)
        queries = over_rounded(self.pairs, tokens).view(batch, t * self.labels, self.edge_size)
        alone = over_rounded(self.first, tokens).view(batch, t, self.labels, 1)
        # In single precision, for probabilities that mean something.
        with torch.autocast(first.device.type, enabled=False):
            pairs = torch.bmm(queries.float(), last.float().transpose(1, 2))
        return pairs.view(batch, t, self.labels, -1) + alone.float()

    def _tensor(self, array: Union[IntArray, BoolArray]) -> Tensor:
        return torch.from_numpy(array).to(self.first.bias.device)


def log_odds(p: float) -> float:
    """The score of a probability, which is taken to be neither 0 nor 1."""
    p = min(max(p, _LEAST), 1.0 - _MARGIN)
    return float(np.log(p) - np.log1p(-p))


def _sigmoid(scores: FloatArray) -> FloatArray:
    exact = 1.0 / (1.0 + np.exp(-scores.astype(np.float64).clip(-500.0, 500.0)))
    return exact.astype(np.float32)


def _width(most: Optional[int], lengths: IntArray) -> int:
    """The tokens of the longest possible span."""
    longest = int(lengths.max(initial=1))
    return longest if most is None else min(most, longest)


def _choose(spans: IntArray, scores: FloatArray, least: float, search: SpanSearch) -> IntArray:
    """Which spans are found, in order. spans: (3, m). scores: (m,). least: the score that all of them reach."""
    kept = np.lexsort((-scores, spans[1], spans[0]))
    if search.max_positive is not None:
        starts, ends = spans[:2, kept]
        new = np.diff(starts, prepend=-1).astype(bool) | np.diff(ends, prepend=-1).astype(bool)
        rows = np.arange(len(kept))
        kept = kept[rows - np.maximum.accumulate(np.where(new, rows, 0)) < search.max_positive]
    if not search.allow_crossing:
        kept = kept[best_nesting(spans[0, kept], spans[1, kept], scores[kept] - least)]
    return kept[np.lexsort((spans[2, kept], spans[1, kept], spans[0, kept]))]
