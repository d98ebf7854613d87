"""Sums over all ways to divide sequences into entities and other tokens.

The tags are those of `spacy_rnn.base.entities`. After each token, a sequence is either inside an entity with some
label, or outside of entities, and then it counts what the token was: outside itself, or the last one of an entity with
some label. So there are 2k + 1 states for k labels, where a chain of tags has 4k + 1, and transitions have a score only
between the k + 1 kinds of what is outside. No sequence of tags other than a valid one has a score.
"""

from __future__ import annotations

from typing import List, NamedTuple, Optional, Tuple

import numpy as np
import torch
from torch import Tensor

from ...base.entities import Spans, spanned, tags_of
from ...types import IntArray

NEVER = -1e30
"""The score of what is impossible: finite, so that no difference is undefined, and far below any other one."""


_LEAST = 1e-37
"""Of sums whose logarithm is taken: where transitions differ so much, a sum may round to 0."""


class Transitions(NamedTuple):
    """The scores of what follows what: 0 for a token outside, then the k labels of entities."""

    start: Tensor
    """(k + 1,): of the first one of a sequence."""
    between: Tensor
    """(k + 1, k + 1): from each to each."""
    end: Tensor
    """(k + 1,): of the last one."""

    def reversed(self) -> Transitions:
        """Those of sequences that are read backwards."""
        return Transitions(self.end, self.between.t(), self.start)


class Steps(NamedTuple):
    """The tokens of a batch by their place in the sequence, which needs no padding: first the first tokens of all
    sequences, the longest sequence first, then all second ones, and so on."""

    tokens: Tensor
    """(n,) int64: the tokens in this order."""
    ranks: Tensor
    """(n,) int64: where each token stands in this order."""
    sizes: List[int]
    """The number of tokens of each step, which never grows."""
    sequences: Tensor
    """(n_sequences,) int64: the sequences, longest first."""

    @classmethod
    def of(cls, lengths: IntArray, device: torch.device, *, backwards: bool = False) -> Steps:
        """lengths: (n_sequences,), all > 0. backwards: from the last token of each sequence to the first one."""
        order = np.argsort(-lengths, kind="stable")
        rank = np.empty_like(order)
        rank[order] = np.arange(len(order))
        places = np.arange(lengths.sum()) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        if backwards:
            places = np.repeat(lengths, lengths) - 1 - places
        tokens = np.lexsort((np.repeat(rank, lengths), places))
        ranks = np.empty_like(tokens)
        ranks[tokens] = np.arange(len(tokens))
        on_device = [torch.from_numpy(array).to(device) for array in (tokens, ranks, order)]
        return cls(on_device[0], on_device[1], np.bincount(places).tolist(), on_device[2])


class Prefixes(NamedTuple):
    """The logarithms of sums over all beginnings of sequences, tokens in the order of the batch."""

    enter: Tensor
    """(n, k + 1): over all tags of the tokens before each one, so that it is outside (0) or begins an entity."""
    inside: Tensor
    """(n, k): over all tags of the tokens before each one, so that it continues an entity."""
    total: Tensor
    """(n_sequences,): over all tags of the sequence, the log partition function."""


def sum_prefixes(scores: Tensor, lengths: IntArray, transitions: Transitions, *, backwards: bool = False) -> Prefixes:
    """The forward algorithm.

    scores: (n, 4k + 1) float32, of the tags of the tokens of all sequences joined. lengths: (n_sequences,), all > 0.
    backwards: read the sequences from their ends, with `transitions.reversed()`: the sums are over all endings.
    """
    steps = Steps.of(lengths, scores.device, backwards=backwards)
    start, between, end = transitions.reversed() if backwards else transitions
    shift = between.amax(dim=0).detach()
    factors = (between - shift).exp()
    n = len(lengths)
    enter, inside = start.expand(n, -1), start.new_full((n, len(start) - 1), NEVER)
    enters, insides, finals = [], [], []
    for size, (other, begin, further) in zip([*steps.sizes[1:], 0], split_steps(scores, steps, backwards)):
        enters.append(enter)
        insides.append(inside)
        both = torch.logaddexp(enter[:, None, 1:] + begin, inside.unsqueeze(1) + further)
        outside = torch.cat([enter[:, :1] + other, both[:, 1]], dim=1)
        if size < len(outside):
            finals.append((outside[size:] + end).logsumexp(dim=1))
        if size:
            inside, outside = both[:size, 0], outside[:size]
            most = outside.amax(dim=1, keepdim=True).detach()
            with torch.autocast(scores.device.type, enabled=False):
                sums = (outside - most).exp() @ factors
            enter = sums.clamp_min(_LEAST).log() + (most + shift)
    total = torch.empty_like(steps.sequences, dtype=scores.dtype)
    total = total.index_copy(0, steps.sequences, torch.cat(finals[::-1]))
    return Prefixes(torch.cat(enters)[steps.ranks], torch.cat(insides)[steps.ranks], total)


def split_steps(scores: Tensor, steps: Steps, backwards: bool) -> List[Tuple[Tensor, Tensor, Tensor]]:
    """For the tokens of each step the scores of being outside (m, 1), of beginning an entity and staying in it or not
    (m, 2, k), and of continuing an entity and staying in it or not (m, 2, k)."""
    other, begin, single, inner, last = split_tags(scores[steps.tokens])
    first, final = (last, begin) if backwards else (begin, last)
    parts = other, torch.stack([first, single], dim=1), torch.stack([inner, final], dim=1)
    return list(zip(*(part.split(steps.sizes) for part in parts)))


def split_tags(scores: Tensor) -> Tuple[Tensor, ...]:
    """The scores of being outside (n, 1), of beginning (n, k), of being alone, of being inside and of being last.
    scores: (n, 4k + 1)."""
    return scores[:, :1], *scores[:, 1:].chunk(4, dim=1)


def entity_log_partition(scores: Tensor, lengths: IntArray, transitions: Transitions) -> Tensor:
    """The logarithm of the sum over all valid tags of each sequence, (n_sequences,). For the arguments see
    `sum_prefixes`."""
    return sum_prefixes(scores, lengths, transitions).total


def tag_marginals(scores: Tensor, lengths: IntArray, transitions: Transitions) -> Tensor:
    """The probability of each tag of each token, (n, 4k + 1). For the arguments see `sum_prefixes`."""
    before = sum_prefixes(scores, lengths, transitions)
    after = sum_prefixes(scores, lengths, transitions, backwards=True)
    other, begin, single, inner, last = split_tags(scores)
    enter, leave = before.enter[:, 1:], after.enter[:, 1:]
    parts = [
        before.enter[:, :1] + other + after.enter[:, :1],
        enter + begin + after.inside,
        enter + single + leave,
        before.inside + inner + after.inside,
        before.inside + last + leave,
    ]
    return (torch.cat(parts, dim=1) - _of_tokens(before.total, lengths).unsqueeze(1)).exp()


def span_marginals(
    scores: Tensor, lengths: IntArray, transitions: Transitions, spans: Spans, *, before: Optional[Prefixes] = None
) -> Tensor:
    """The probability of each span: that exactly these tokens are an entity with this label, (m,). For the other
    arguments see `sum_prefixes`.

    spans: each lies in one sequence, and they do not overlap. before: the sums over beginnings, if they are known.
    """
    before = before or sum_prefixes(scores, lengths, transitions)
    after = sum_prefixes(scores, lengths, transitions, backwards=True)
    starts, ends, labels = (torch.from_numpy(part).to(scores.device) for part in spans)
    tags = tags_of(spans, len(scores), before.inside.shape[1])
    tokens = spanned(spans)
    own = scores[torch.from_numpy(tokens).to(scores.device), torch.from_numpy(tags[tokens]).to(scores.device)]
    owner = torch.from_numpy(np.repeat(np.arange(len(spans.starts)), spans.ends - spans.starts + 1)).to(scores.device)
    within = own.new_zeros(len(starts)).index_add(0, owner, own)
    whole = before.enter[starts, labels + 1] + within + after.enter[ends, labels + 1]
    return (whole - _of_tokens(before.total, lengths)[starts]).exp()


def _of_tokens(values: Tensor, lengths: IntArray) -> Tensor:
    """The value of the sequence of each token. values: (n_sequences,). Returns (n,)."""
    return values.repeat_interleave(torch.from_numpy(lengths).to(values.device))
