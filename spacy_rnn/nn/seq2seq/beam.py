"""Beam search over a batch."""

from __future__ import annotations

from typing import Callable, List

import torch
from torch import Tensor

from ...base.sequences import Hypothesis

Step = Callable[[Tensor, int], Tensor]
"""Maps the last symbols, (batch, beams) int64, and the position of the next ones to the log-probability of each next
symbol, (batch, beams, n_symbols)."""

Keep = Callable[[Tensor, Tensor], None]
"""Is told which rows of the batch continue, (rows,) int64, and which beam each of their beams extends, (rows, beams)
int64."""


@torch.no_grad()
def beam_search(
    step: Step, keep: Keep, limits: Tensor, *, end: int, beams: int = 1, length_penalty: float = 1.0
) -> List[List[Hypothesis]]:
    """Search for the most probable sequences, with the `beams` best unfinished ones of each row of the batch.

    A row is done when `beams` sequences have ended and no unfinished one is better so far than the best of them. One
    beam is greedy search.

    limits: (batch,) int64, the most symbols of each row, at least 1.
    end: the symbol that ends a sequence, and that the first step reads.
    length_penalty: 0 compares sums of log-probabilities, which favours short sequences; 1 compares their means.
    Returns at most `beams` hypotheses a row, the best one first.
    """
    batch, device = len(limits), limits.device
    found: List[List[Hypothesis]] = [[] for _ in range(batch)]
    rows = torch.arange(batch, device=device)
    previous = torch.full((batch, beams), end, device=device)
    written = previous.new_zeros(batch, beams, 0)
    # All beams are equal at first, so that only one of them may count.
    scores = torch.full((batch, beams), float("-inf"), dtype=torch.float32, device=device)
    scores[:, 0] = 0.0
    for position in range(int(limits.max()) if batch else 0):
        extended = scores.unsqueeze(2) + step(previous, position)
        n_symbols = extended.shape[2]
        best, index = extended.flatten(1).topk(min(2 * beams, beams * n_symbols), dim=1)
        origin, symbol = index // n_symbols, index % n_symbols
        ending = symbol == end
        divisor = (position + 1) ** length_penalty
        # A sequence that ends counts only among the best, so that to end is not easier than to continue.
        for i, j in (ending[:, :beams] & best[:, :beams].isfinite()).nonzero().tolist():
            symbols = written[i, origin[i, j]].tolist()
            found[int(rows[i])].append(Hypothesis(symbols, float(best[i, j]) / divisor, True))
        # Of twice as many, at least `beams` continue: each beam can end in one way only.
        order = torch.argsort(ending.to(torch.uint8), dim=1, stable=True)[:, :beams]
        scores, origin, symbol = (values.gather(1, order) for values in (best, origin, symbol))
        scores = scores.masked_fill(ending.gather(1, order), float("-inf"))
        extension = written.gather(1, origin.unsqueeze(2).expand(-1, -1, position))
        written = torch.cat([extension, symbol.unsqueeze(2)], dim=2)
        so_far = (scores[:, 0] / divisor).tolist()
        continues = [
            position + 1 < limit and not _is_done(found[row], beams, score)
            for row, limit, score in zip(rows.tolist(), limits.tolist(), so_far)
        ]
        for i, row in enumerate(rows.tolist()):
            if not continues[i] and not found[row]:
                found[row].append(Hypothesis(written[i, 0].tolist(), float(scores[i, 0]) / divisor, False))
        left = torch.tensor(continues, device=device).nonzero().squeeze(1)
        if not len(left):
            break
        keep(left, origin[left])
        rows, limits, scores, previous, written = (values[left] for values in (rows, limits, scores, symbol, written))
    return [sorted(ended, key=lambda hypothesis: -hypothesis.score)[:beams] for ended in found]


def _is_done(ended: List[Hypothesis], beams: int, unfinished: float) -> bool:
    if len(ended) < beams:
        return False
    return beams == 1 or max(hypothesis.score for hypothesis in ended) >= unfinished
