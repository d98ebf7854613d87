"""The best way to divide sequences into entities and other tokens (Viterbi 1967), over the states of `chain`."""

from __future__ import annotations

from typing import List, Tuple

import numpy as np
import torch
from torch import Tensor

from ...types import IntArray
from .chain import NEVER, Steps, Transitions, split_steps

# How many scores of transitions are in memory together, unless one token has more.
_MOST_CELLS = 1 << 20


def best_tags(scores: Tensor, lengths: IntArray, transitions: Transitions) -> IntArray:
    """The tags with the highest score of each sequence, (n,). For the arguments see `sum_prefixes`."""
    steps = Steps.of(lengths, scores.device)
    start, between, end = transitions
    enter, inside = start.expand(len(lengths), -1), start.new_full((len(lengths), len(start) - 1), NEVER)
    origins: List[Tensor] = []
    continued, finals = [], []
    for size, (other, begin, further) in zip([*steps.sizes[1:], 0], split_steps(scores, steps, False)):
        begun, stayed = enter[:, None, 1:] + begin, inside.unsqueeze(1) + further
        continued.append(stayed > begun)
        both = torch.maximum(begun, stayed)
        outside = torch.cat([enter[:, :1] + other, both[:, 1]], dim=1)
        if size < len(outside):
            finals.append((outside[size:] + end).argmax(dim=1))
        if size:
            inside = both[:size, 0]
            enter, origin = _best_before(outside[:size], between)
            origins.append(origin)
    last = torch.cat(finals[::-1]).cpu().numpy()
    found = _trace_back(last, steps.sizes, *(_arrays(part) for part in (continued, origins)))
    return found[steps.ranks.cpu().numpy()]


def _best_before(outside: Tensor, between: Tensor) -> Tuple[Tensor, Tensor]:
    """The best score before each kind of what is outside, and the kind that it comes from. outside: (m, k + 1). Returns
    (m, k + 1) twice."""
    n = max(1, _MOST_CELLS // between.numel())
    parts = [(part.unsqueeze(1) + between.t()).max(dim=2) for part in outside.split(n)]
    scores, origins = zip(*parts)
    return torch.cat(scores), torch.cat(origins)


def _arrays(tensors: List[Tensor]) -> List[np.ndarray]:
    return [tensor.cpu().numpy() for tensor in tensors]


def _trace_back(last: IntArray, sizes: List[int], continued: List[np.ndarray], origins: List[np.ndarray]) -> IntArray:
    """Follow the best choices from the ends to the starts.

    last: (n_sequences,), the kind of what is outside at the end of each sequence, longest first. sizes: see `Steps`.
    continued: for each step whether an entity comes from before, if it stays and if it ends here, (size, 2, k).
    origins: for each step but the first one the kind before each kind, (size, k + 1).
    Returns the tags of all tokens, step by step.
    """
    k = continued[0].shape[2]
    kind, stays = last.copy(), np.zeros(len(last), dtype=bool)
    tags = []
    for step in range(len(sizes) - 1, -1, -1):
        size = sizes[step]
        rows = np.arange(size)
        own, ends = kind[:size], ~stays[:size]
        label = np.maximum(own, 1) - 1
        is_entity = own > 0
        comes = is_entity & continued[step][rows, ends.astype(np.int64), label] & (step > 0)
        tags.append(np.where(is_entity, 1 + k * (2 * comes + ends) + label, 0))
        stays[:size] = comes
        if step:
            kind[:size] = np.where(comes, own, origins[step - 1][rows, own])
    return np.concatenate(tags[::-1])
