"""Losses over groups of labels."""

from typing import Any, Collection, Optional, Sequence, Tuple

import numpy as np

from ..types import Array, IntArray
from .labels import MISSING, NEGATIVE

# Keeps logarithms and quotients finite.
_TINY = 1e-30


def softmax_groups(scores: Array, groups: Collection[slice], xp: Any = np) -> Array:
    """A softmax within each group of columns. Shape (n, n_labels) to the same."""
    probabilities = xp.empty_like(scores)
    for group in groups:
        part = scores[:, group]
        part = xp.exp(part - part.max(axis=1, keepdims=True))
        probabilities[:, group] = part / part.sum(axis=1, keepdims=True)
    return probabilities


def grouped_cross_entropy(
    scores: Array,
    truths: IntArray,
    groups: Collection[slice],
    *,
    weights: Optional[Sequence[float]] = None,
    label_smoothing: float = 0.0,
    xp: Any = np,
) -> Tuple[float, Array]:
    """The cross-entropy of each group's softmax, summed over tokens and groups, and its
    gradient. Where the truth is MISSING, loss and gradient are zero; where it says which
    label is wrong, the loss is -log(1 - p) of that label.

    scores: (n, n_labels); truths: (n, n_groups), a column within the group, MISSING, or
    NEGATIVE minus a column. weights: how much each group counts; None is 1 each.
    label_smoothing: the share of probability that the truth gives to all other labels of
        its group (Szegedy et al. 2016, sect. 7).
    """
    gradient = softmax_groups(scores, groups, xp)
    loss = 0.0
    for i, (group, column) in enumerate(zip(groups, truths.T)):
        part = gradient[:, group]
        wrong = np.flatnonzero(column <= NEGATIVE)
        against = _negative(part[wrong], NEGATIVE - column[wrong], xp) if len(wrong) else None
        known = column > MISSING
        truth = xp.asarray(np.where(known, column, 0))
        group_loss = _positive(part, truth, xp.asarray(known), label_smoothing, xp)
        if against is not None:
            group_loss += against[0]
            part[wrong] = against[1]
        if weights is not None:
            part *= weights[i]
            group_loss *= weights[i]
        loss += group_loss
    return loss, gradient


def _positive(part: Array, truth: Array, known: Array, smoothing: float, xp: Any) -> float:
    """The loss where the right label is known; turns probabilities into the gradient in place."""
    size = part.shape[1]
    off = smoothing / (size - 1) if size > 1 else 0.0
    on = 1.0 - off * (size - 1)
    rows = xp.arange(len(part))
    losses = -(on - off) * xp.log(xp.maximum(part[rows, truth], _TINY))
    if off:
        losses -= off * xp.log(xp.maximum(part, _TINY)).sum(axis=1)
        part -= off
    part[rows, truth] -= on - off
    part *= known[:, None]
    return float((losses * known).sum())


def _negative(part: Array, wrong: IntArray, xp: Any) -> Tuple[float, Array]:
    """The loss where only one wrong label is known, and its gradient."""
    rows, columns = xp.arange(len(part)), xp.asarray(wrong)
    p = part[rows, columns]
    left = xp.maximum(1.0 - p, _TINY)
    gradient = -part * (p / left)[:, None]
    gradient[rows, columns] += p / left
    return float(-xp.log(left).sum()), gradient
