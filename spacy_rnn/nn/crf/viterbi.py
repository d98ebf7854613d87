"""The best way to divide sequences into entities and other tokens (Viterbi 1967), over the states of `chain`. Mostly in
numpy, whose small steps take half the time of torch's."""

from __future__ import annotations

from typing import List

import numpy as np
import torch
from torch import Tensor

from ...types import BoolArray, FloatArray, IntArray
from .chain import NEVER, Steps, Transitions

# How many scores of transitions are in memory together, unless one token has more.
_MOST_CELLS = 1 << 20


def best_tags(scores: Tensor, lengths: IntArray, transitions: Transitions) -> IntArray:
    """The tags with the highest score of each sequence, (n,). For the arguments see `sum_prefixes`."""
    steps = Steps.of(lengths, torch.device("cpu"))
    arrays = [part.detach().cpu().contiguous().numpy() for part in transitions]
    with np.errstate(over="ignore", invalid="ignore"):  # of scores that are too large, or no numbers
        found = _search(scores.detach().cpu()[steps.tokens].numpy(), steps.sizes, *arrays)
    return found[steps.ranks.numpy()]


def _search(tokens: FloatArray, sizes: List[int], start: FloatArray, between: FloatArray, end: FloatArray) -> IntArray:
    """tokens: (n, 4k + 1), the scores of the tags, step by step. sizes: see `Steps`. Returns the tags in this order."""
    k, into = len(start) - 1, torch.from_numpy(np.ascontiguousarray(between.T))
    # (n, 2, k): of beginning an entity, and of continuing one, each to stay in it or not.
    begin, further = tokens[:, 1 : 1 + 2 * k].reshape(-1, 2, k), tokens[:, 1 + 2 * k :].reshape(-1, 2, k)
    enter, inside = np.broadcast_to(start, (sizes[0], k + 1)), np.full((sizes[0], k), NEVER, tokens.dtype)
    continued, outsides, finals = [], [], []
    after = 0
    for size, left in zip(sizes, [*sizes[1:], 0]):
        first, after = after, after + size
        begun, stayed = enter[:, None, 1:] + begin[first:after], inside[:, None] + further[first:after]
        continued.append(stayed > begun)
        both = np.maximum(begun, stayed)
        outside = np.concatenate([enter[:, :1] + tokens[first:after, :1], both[:, 1]], axis=1)
        finals.append((outside[left:] + end).argmax(axis=1))
        outsides.append(outside[:left])
        if left:
            inside, enter = both[:left, 0], _best_before(outside[:left], into)
    return _trace_back(np.concatenate(finals[::-1]), continued, outsides, into.numpy())


def _best_before(outside: FloatArray, into: Tensor) -> FloatArray:
    """The best score before each kind of what is outside, (m, k + 1). outside: (m, k + 1). into: (k + 1, k + 1), the
    transitions to each kind. By torch, whose maxima take a third of the time of numpy's."""
    n = max(1, _MOST_CELLS // into.numel())
    parts = [
        (torch.from_numpy(outside[i : i + n]).unsqueeze(1) + into).amax(dim=2).numpy()
        for i in range(0, len(outside), n)
    ]
    return parts[0] if len(parts) == 1 else np.concatenate(parts)


def _trace_back(last: IntArray, continued: List[BoolArray], outsides: List[FloatArray], into: FloatArray) -> IntArray:
    """Follow the best choices from the ends to the starts.

    last: (n_sequences,), the kind of what is outside at the end of each sequence, longest first.
    continued: for each step whether an entity comes from before, if it stays and if it ends here, (size, 2, k).
    outsides: for each step the scores of what is outside after it, of the sequences that go on, (next size, k + 1).
    into: (k + 1, k + 1), the transitions to each kind.
    Returns the tags of all tokens, step by step.
    """
    k = len(into) - 1
    kind, stays = last.copy(), np.zeros(len(last), dtype=bool)
    all_rows = np.arange(len(last))
    tags = []
    for step in range(len(continued) - 1, -1, -1):
        rows = all_rows[: len(continued[step])]
        own, ends = kind[: len(rows)], ~stays[: len(rows)]
        is_entity = own > 0
        label = own - is_entity
        comes = is_entity & continued[step][rows, ends.astype(np.int64), label] & (step > 0)
        tags.append(np.where(is_entity, 1 + k * (2 * comes + ends) + label, 0))
        stays[: len(rows)] = comes
        if step:
            kind[: len(rows)] = np.where(comes, own, (outsides[step - 1] + into[own]).argmax(axis=1))
    return np.concatenate(tags[::-1])
