"""All valid tags of short sequences, scored one by one."""

from functools import lru_cache
from itertools import product
from typing import List, Tuple

import numpy as np
import torch

from spacy_rnn.base.entities import PARTS, Spans, spans_of
from spacy_rnn.nn.crf.chain import Transitions

Tags = Tuple[int, ...]


def part_of(tag: int, k: int) -> Tuple[str, int]:
    """A tag as its part, "O" for none, and what the next token sees: 0 or 1 + the label."""
    return ("O", 0) if tag == 0 else (PARTS[(tag - 1) // k], 1 + (tag - 1) % k)


def may_follow(first: int, second: int, k: int) -> bool:
    (part, label), (next_part, next_label) = part_of(first, k), part_of(second, k)
    if part in "BI":
        return next_part in "IL" and next_label == label
    return next_part in "BUO"


@lru_cache(maxsize=None)
def all_tags(n: int, k: int) -> List[Tags]:
    """All valid tags of n tokens with k labels."""
    return [
        tags
        for tags in product(range(4 * k + 1), repeat=n)
        if part_of(tags[0], k)[0] in "BUO"
        and part_of(tags[-1], k)[0] in "ULO"
        and all(may_follow(*pair, k) for pair in zip(tags, tags[1:]))
    ]


def weight(tags: Tags, scores: np.ndarray, transitions: Transitions) -> float:
    """The score of tags, as a chain with a full matrix of transitions between tags has it."""
    k = (scores.shape[1] - 1) // 4
    start, between, end = (part.detach().double().numpy() for part in transitions)
    total = sum(float(scores[i, tag]) for i, tag in enumerate(tags))
    total += start[part_of(tags[0], k)[1]] + end[part_of(tags[-1], k)[1]]
    for first, second in zip(tags, tags[1:]):
        if part_of(first, k)[0] in "ULO":
            total += between[part_of(first, k)[1], part_of(second, k)[1]]
    return float(total)


def weights(scores: np.ndarray, transitions: Transitions) -> np.ndarray:
    """The scores of `all_tags`."""
    k = (scores.shape[1] - 1) // 4
    return np.array([weight(tags, scores, transitions) for tags in all_tags(len(scores), k)])


def probabilities(scores: np.ndarray, transitions: Transitions) -> np.ndarray:
    """The probabilities of `all_tags`."""
    own = weights(scores, transitions)
    own = np.exp(own - own.max())
    return own / own.sum()


def spans_in(tags: Tags, k: int) -> List[Tuple[int, int, int]]:
    return list(zip(*map(np.ndarray.tolist, spans_of(np.array(tags), k))))


def random_transitions(k: int, scale: float, seed: int) -> Transitions:
    generator = torch.Generator().manual_seed(seed)
    return Transitions(
        *(torch.randn(shape, generator=generator) * scale for shape in ((k + 1,), (k + 1, k + 1), (k + 1,)))
    )


def random_scores(n: int, k: int, scale: float, seed: int) -> torch.Tensor:
    return torch.randn(n, 4 * k + 1, generator=torch.Generator().manual_seed(seed)) * scale


def as_spans(spans: List[Tuple[int, int, int]]) -> Spans:
    return Spans(*np.array(spans, dtype=np.int64).reshape(-1, 3).T)
