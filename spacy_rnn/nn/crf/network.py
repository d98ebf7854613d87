"""A conditional random field over the entities of sequences (Lafferty et al. 2001; Lample et al. 2016)."""

from __future__ import annotations

from typing import Iterator, List, Optional, Tuple, Union

import numpy as np
import torch
from torch import Tensor, nn

from ...base.entities import (
    APART,
    OUTSIDE,
    PARTS,
    UNKNOWN,
    WITHIN,
    EntitySearch,
    EntityTags,
    EntityTargets,
    EntityTask,
    count_tags,
    spans_of,
)
from ...types import IntArray
from ..dropout import UnitDropout
from ..linear import RoundedLinear
from .chain import NEVER, Transitions, entity_log_partition, span_marginals
from .viterbi import best_tags

# How many tokens are searched together, unless one sequence has more.
_MOST_TOKENS = 1 << 14


class EntityCRF(nn.Module):
    """Scores the tags of each token, and what follows what: a token outside of entities, or an entity with some label.

    input_size: of a token's vector. labels: the number of labels of entities.
    """

    def __init__(self, input_size: int, labels: int):
        super().__init__()
        self.labels = labels
        self.dropout = UnitDropout()
        self.tags = RoundedLinear(input_size, count_tags(labels))
        self.start = nn.Parameter(torch.empty(labels + 1))
        self.between = nn.Parameter(torch.empty(labels + 1, labels + 1))
        self.end = nn.Parameter(torch.empty(labels + 1))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Zeros, so that an untrained network prefers no entity."""
        for weight in self.parameters():
            nn.init.zeros_(weight)

    @property
    def transitions(self) -> Transitions:
        return Transitions(self.start.float(), self.between.float(), self.end.float())

    def forward(self, x: Tensor, lengths: IntArray, task: EntityTask) -> Union[Tensor, EntityTags]:
        """Score targets, see `learn`, or find the best entities, see `search`. x: (n, input_size), the tokens of all
        sequences joined. lengths: (n_sequences,), all > 0."""
        return self.learn(x, lengths, task) if isinstance(task, EntityTargets) else self.search(x, lengths, task)

    def learn(self, x: Tensor, lengths: IntArray, targets: EntityTargets) -> Tensor:
        """The log-probability of what is known of each sequence, (n_sequences,) float32: of all entities that agree
        with the known tags, taken together. It is 0 where nothing is known."""
        if not len(lengths):
            return x.new_zeros(0, dtype=torch.float32)
        scores = self.score_tags(x)
        tags = torch.from_numpy(targets.tags).to(scores.device).unsqueeze(1)
        others = (tags != UNKNOWN) & (tags != torch.arange(scores.shape[1], device=scores.device))
        both = torch.cat([scores.masked_fill(others, NEVER), scores])
        known, total = entity_log_partition(both, np.concatenate([lengths, lengths]), self.transitions).chunk(2)
        return known - total

    @torch.no_grad()
    def search(self, x: Tensor, lengths: IntArray, search: EntitySearch) -> EntityTags:
        """The best entities of each sequence within the limits."""
        tags: List[IntArray] = [np.zeros(0, dtype=np.int64)]
        probabilities = [np.zeros(0, dtype=np.float32)]
        for sequences, tokens in _runs(lengths):
            limits = None if search.limits is None else search.limits[tokens]
            found = self._search(self.score_tags(x[tokens], limits), lengths[sequences], search.marginals)
            tags.append(found.tags)
            if found.probabilities is not None:
                probabilities.append(found.probabilities)
        return EntityTags(np.concatenate(tags), np.concatenate(probabilities) if search.marginals else None)

    def _search(self, scores: Tensor, lengths: IntArray, marginals: bool) -> EntityTags:
        tags = best_tags(scores, lengths, self.transitions)
        if not marginals:
            return EntityTags(tags, None)
        probabilities = np.zeros(len(tags), dtype=np.float32)
        spans = spans_of(tags, self.labels)
        if len(spans.starts):
            # In double precision: they are differences between sums that grow with the sequence.
            exact = Transitions(*(part.double() for part in self.transitions))
            own = span_marginals(scores.double(), lengths, exact, spans).clamp(1e-30, 1.0).cpu().numpy()
            probabilities[tags != OUTSIDE] = np.repeat(own, spans.ends - spans.starts + 1)
        return EntityTags(tags, probabilities)

    def score_tags(self, x: Tensor, limits: Optional[IntArray] = None) -> Tensor:
        """The scores of the tags, (n, 4k + 1) float32, the best one 0. x: (n, input_size). limits: see
        `EntitySearch`."""
        if not torch.is_autocast_enabled(x.device.type):  # the encoder may have another precision
            x = x.to(self.tags.weight.dtype)
        scores = self.tags(self.dropout(x)).float()
        if limits is not None and limits.any():
            scores = scores.masked_fill(self._forbidden(scores.device)[torch.from_numpy(limits).to(x.device)], NEVER)
        return scores - scores.amax(dim=1, keepdim=True).detach()

    def _forbidden(self, device: torch.device) -> Tensor:
        """Whether each limit forbids each tag, (3, 4k + 1)."""
        forbidden = torch.zeros(3, count_tags(self.labels), dtype=torch.bool, device=device)
        forbidden[APART, 1:] = True
        forbidden[WITHIN, 1:] = True
        first = 1 + PARTS.index("I") * self.labels
        forbidden[WITHIN, first : first + self.labels] = False
        return forbidden


def _runs(lengths: IntArray) -> Iterator[Tuple[slice, slice]]:
    """Consecutive sequences with about `_MOST_TOKENS` tokens, and their tokens."""
    ends = np.cumsum(lengths)
    runs = np.flatnonzero(np.diff((ends - lengths) // _MOST_TOKENS, prepend=-1)).tolist()
    for first, after in zip(runs, [*runs[1:], len(lengths)]):
        yield slice(first, after), slice(int(ends[first] - lengths[first]), int(ends[after - 1]))
