"""Beam search over a batch."""

from __future__ import annotations

from typing import Callable, List, NamedTuple

import torch
from torch import Tensor

Step = Callable[[Tensor, int], Tensor]
"""The symbols written last, (batch, beams) int64, and the number of the step, to the logarithm of the probability of
each next symbol, (batch, beams, n_symbols)."""

Keep = Callable[[Tensor, Tensor], None]
"""Which rows of the batch go on, (rows,) int64, and which beam each of their beams continues, (rows, beams) int64."""


class Hypothesis(NamedTuple):
    """One sequence that was found."""

    symbols: List[int]
    """Without the end."""
    score: float
    """The logarithm of its probability, divided by its length (the end counts) to the power of the penalty."""
    ended: bool
    """False where it reached its limit without an end."""


@torch.no_grad()
def beam_search(
    step: Step, keep: Keep, limits: Tensor, *, end: int, beams: int = 1, length_penalty: float = 1.0
) -> List[List[Hypothesis]]:
    """The most probable sequences, as far as `beams` unfinished ones a row of the batch can tell.

    A row is done when `beams` sequences have ended and none of the unfinished ones is better so far than the best of
    those. One beam is greedy search.

    limits: (batch,) int64, the most symbols of each row, at least 1. end: the symbol that ends a sequence, and that the
    first step is given. length_penalty: 0 compares sums of logarithms, which favours short sequences; 1 their mean.
    Returns at most `beams` hypotheses a row, the best one first.
    """
    batch, device = len(limits), limits.device
    found: List[List[Hypothesis]] = [[] for _ in range(batch)]
    rows = torch.arange(batch, device=device)
    previous = torch.full((batch, beams), end, device=device)
    written = previous.new_zeros(batch, beams, 0)
    # The beams are all the same at first, so only one of them counts.
    scores = torch.full((batch, beams), float("-inf"), device=device)
    scores[:, 0] = 0.0
    for place in range(int(limits.max()) if batch else 0):
        extended = scores.unsqueeze(2) + step(previous, place)
        n_symbols = extended.shape[2]
        best, index = extended.flatten(1).topk(min(2 * beams, beams * n_symbols), dim=1)
        origin, symbol = index // n_symbols, index % n_symbols
        ending = symbol == end
        length = place + 1
        # What ends counts only among the best, so that ending early is not easier than going on.
        for i, j in (ending[:, :beams] & best[:, :beams].isfinite()).nonzero().tolist():
            symbols = written[i, origin[i, j]].tolist()
            found[int(rows[i])].append(Hypothesis(symbols, float(best[i, j]) / length**length_penalty, True))
        # Those that go on, in their order; there are always enough, since each beam ends in one way only.
        order = torch.argsort(ending.to(torch.uint8), dim=1, stable=True)[:, :beams]
        scores, origin, symbol = (values.gather(1, order) for values in (best, origin, symbol))
        scores = scores.masked_fill(ending.gather(1, order), float("-inf"))
        written = torch.cat([written.gather(1, origin.unsqueeze(2).expand(-1, -1, place)), symbol.unsqueeze(2)], dim=2)
        so_far = (scores[:, 0] / length**length_penalty).tolist()
        going = [
            length < limit and not _is_done(found[row], beams, score)
            for row, limit, score in zip(rows.tolist(), limits.tolist(), so_far)
        ]
        for i, row in enumerate(rows.tolist()):
            if not going[i] and not found[row]:
                found[row].append(
                    Hypothesis(written[i, 0].tolist(), float(scores[i, 0]) / length**length_penalty, False)
                )
        left = torch.tensor(going, device=device).nonzero().squeeze(1)
        if not len(left):
            break
        keep(left, origin[left])
        rows, limits, scores, previous, written = (values[left] for values in (rows, limits, scores, symbol, written))
    return [sorted(ended, key=lambda hypothesis: -hypothesis.score)[:beams] for ended in found]


def _is_done(ended: List[Hypothesis], beams: int, unfinished: float) -> bool:
    if len(ended) < beams:
        return False
    return beams == 1 or max(hypothesis.score for hypothesis in ended) >= unfinished
