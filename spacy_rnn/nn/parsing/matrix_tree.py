"""Sums over all trees with one root, by the matrix-tree theorem, in float64.

The probability of a tree is proportional to the exponential of the sum of the scores of its arcs.
"""

from __future__ import annotations

from typing import Tuple

import torch
from torch import Tensor

from .mst import MOST

# Below anything that scores can sum to, and far enough from infinity for gradients to be numbers.
_NONE = -1e12
_RANGE = 1e4
# How far the marginals of a token may be from summing to 1 before they are computed without subtractions.
_TOLERANCE = 1e-6


def log_partition(scores: Tensor, lengths: Tensor) -> Tensor:
    """The logarithm of the sum over all trees of the exponential of their scores, (batch,) float64. Its gradient is the
    marginal probability of each arc.

    Tokens are eliminated one by one, as in Gaussian elimination of the Laplacian, with pivots that are sums of what is
    left instead of differences (Grassmann, Taksar & Heyman 1985), so that no digit is lost. O(n^3) time.

    scores: (batch, n, n + 1), see `max_spanning_tree`. Scores more than 10,000 below the best one of their row count as
        so far below. lengths: (batch,) int64, all > 0.
    """
    q, total = _prepare(scores, lengths)
    for k in range(scores.shape[1] - 1, 0, -1):
        # The weight of token k is passed on to its possible heads.
        out = q[:, k, : k + 1]
        pivot = torch.where(k < lengths, out[:, 1:].logsumexp(dim=1), 0.0)
        total = total + pivot
        out = out - pivot.unsqueeze(1)
        q = torch.logaddexp(q[:, :k, : k + 1], q[:, :k, k + 1 :] + out.unsqueeze(1))
    return total + q[:, 0, 0]


def arc_marginals(scores: Tensor, lengths: Tensor) -> Tensor:
    """The marginal probability of each arc (Koo et al. 2007, sect. 3.2), (batch, n, n + 1) float64: 0 for padding.

    scores, lengths: see `log_partition`.
    """
    with torch.no_grad():
        q, _ = _prepare(scores, lengths)
        weights = q.exp()
        arcs, roots = weights[:, :, 1:].transpose(1, 2), weights[:, :, 0]
        # Laplacians with the weights of root arcs in their first row, and 1 on the diagonal of padding.
        padding = _is_padding(scores, lengths)
        degrees = torch.where(padding, 1.0, arcs.sum(dim=1))
        laplacian = torch.diag_embed(degrees) - arcs
        laplacian[:, 0] = torch.where(padding, 0.0, roots)
        inverse, _ = torch.linalg.inv_ex(laplacian)
        inside = torch.diagonal(inverse, dim1=1, dim2=2).unsqueeze(1).expand_as(inverse).clone()
        across = inverse.transpose(1, 2).clone()
        inside[:, :, 0], across[:, 0] = 0.0, 0.0
        found = torch.cat([(roots * inverse[:, :, 0]).unsqueeze(1), arcs * (inside - across)], dim=1).transpose(1, 2)
        found = found.masked_fill(padding.unsqueeze(2), 0.0)
        off = (found.sum(dim=2) - 1.0).abs().masked_fill(padding, 0.0).amax(dim=1)
        exact = (off < _TOLERANCE) & (found.flatten(1).amin(dim=1) > -_TOLERANCE)
        found = found.clamp(0.0, 1.0)
    # Where strong arcs form a cycle, the digits of the Laplacian do not suffice.
    inexact = (~exact).nonzero().squeeze(1)
    if len(inexact):
        found[inexact] = _gradients(scores[inexact], lengths[inexact])
    return found


def _gradients(scores: Tensor, lengths: Tensor) -> Tensor:
    """The gradient of `log_partition`."""
    with torch.inference_mode(False), torch.enable_grad():
        x = _finite(scores.detach()).clone().requires_grad_()
        (gradient,) = torch.autograd.grad(log_partition(x, lengths).sum(), x)
    return gradient


def _finite(scores: Tensor) -> Tensor:
    """In float64, see `MOST`."""
    return torch.nan_to_num(scores.double(), nan=-MOST).clamp(-MOST, MOST)


def _is_padding(scores: Tensor, lengths: Tensor) -> Tensor:
    """(batch, n) bool."""
    return torch.arange(scores.shape[1], device=scores.device) >= lengths.unsqueeze(1)


def _prepare(scores: Tensor, lengths: Tensor) -> Tuple[Tensor, Tensor]:
    """Scores in float64, less the best one of their row, (batch, n, n + 1), with what is no arc far below; and the sum
    of what was subtracted, (batch,)."""
    scores = _finite(scores)
    padding = _is_padding(scores, lengths)
    n = scores.shape[1]
    itself = torch.diag(torch.ones(n, dtype=torch.bool, device=scores.device))
    excluded = itself | padding.unsqueeze(1) | padding.unsqueeze(2)
    excluded = torch.cat([padding.unsqueeze(2), excluded], dim=2)
    kept = scores.masked_fill(excluded, _NONE)
    best = kept.detach().amax(dim=2, keepdim=True).masked_fill(padding.unsqueeze(2), 0.0)
    shifted = kept - best
    # The gradient takes no notice of the bound: also an arc beyond it may be in every tree.
    bounded = shifted + (shifted.detach().clamp(min=-_RANGE) - shifted.detach())
    return torch.where(excluded, _NONE, bounded), best.sum(dim=(1, 2))
