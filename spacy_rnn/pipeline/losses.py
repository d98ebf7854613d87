"""The cross-entropy over groups of labels, of which some truths may be missing or negative."""

from typing import Collection, Optional, Sequence, Tuple

import numpy as np
import numpy.typing as npt

from ..base.arrays import TINY
from ..types import FloatArray, IntArray

MISSING = -1
NEGATIVE = -2
"""NEGATIVE - i stands for "not label i"."""


def softmax_groups(scores: FloatArray, groups: Collection[slice]) -> FloatArray:
    """The softmax of each group of columns. The groups lie side by side and cover all columns. Shape (n, n_labels) to
    the same."""
    starts, sizes = _bounds(groups)
    probabilities = scores - np.repeat(np.maximum.reduceat(scores, starts, axis=1), sizes, axis=1)
    np.exp(probabilities, out=probabilities)
    probabilities /= np.repeat(np.add.reduceat(probabilities, starts, axis=1), sizes, axis=1)
    return probabilities


def grouped_cross_entropy(
    scores: FloatArray,
    truths: IntArray,
    groups: Collection[slice],
    *,
    weights: Optional[Sequence[float]] = None,
    label_smoothing: float = 0.0,
) -> Tuple[float, FloatArray]:
    """The cross-entropy of the softmax of each group, summed over tokens and groups, and its gradient. Where the truth
    is MISSING, both are zero. Where only a wrong label is known, the loss is -log(1 - p) of that label.

    scores: (n, n_labels). truths: (n, n_groups), a column within the group, MISSING, or NEGATIVE minus a column.
    groups: see `softmax_groups`. weights: of each group; None for 1. label_smoothing: the share of probability that the
        truth gives to all other labels of its group (Szegedy et al. 2016, sect. 7).
    """
    starts, sizes = _bounds(groups)
    weight = np.ones(len(sizes)) if weights is None else np.asarray(weights)
    gradient = softmax_groups(scores, groups)
    negative = [(i, np.flatnonzero(column <= NEGATIVE)) for i, column in enumerate(truths.T)]
    against = [
        (group, rows, *_negative(gradient[rows, group], NEGATIVE - truths[rows, i]), weight[i])
        for (i, rows), group in zip(negative, groups)
        if len(rows)
    ]
    counted = (truths > MISSING) * weight
    loss = _positive(gradient, starts, sizes, truths, counted, label_smoothing)
    for group, rows, group_loss, group_gradient, group_weight in against:
        loss += group_weight * group_loss
        gradient[rows, group] = group_weight * group_gradient
    return loss, gradient


def _bounds(groups: Collection[slice]) -> Tuple[IntArray, IntArray]:
    """The first column and the number of columns of each group."""
    return np.array([group.start for group in groups]), np.array([group.stop - group.start for group in groups])


def _positive(
    probabilities: FloatArray,
    starts: IntArray,
    sizes: IntArray,
    truths: IntArray,
    counted: npt.NDArray[np.floating],
    smoothing: float,
) -> float:
    """The loss where the right label is known. Turns the probabilities into the gradient, in place.
    counted: (n, n_groups), the weight of each truth, 0 where there is none."""
    off = np.where(sizes > 1, smoothing / np.maximum(sizes - 1, 1), 0.0)
    on = 1.0 - off * sizes  # in addition to what every label gets
    rows = np.arange(len(probabilities))[:, None]
    columns = starts + np.maximum(truths, 0)
    losses = -on * np.log(np.maximum(probabilities[rows, columns], TINY))
    if smoothing:
        logarithms = np.log(np.maximum(probabilities, TINY))
        losses -= off * np.add.reduceat(logarithms, starts, axis=1)
        probabilities -= np.repeat(off, sizes).astype(probabilities.dtype)
    probabilities[rows, columns] -= on.astype(probabilities.dtype)
    probabilities *= np.repeat(counted.astype(probabilities.dtype), sizes, axis=1)
    return float((losses * counted).sum())


def _negative(part: FloatArray, wrong: IntArray) -> Tuple[float, FloatArray]:
    """The loss where only one wrong label is known, and its gradient."""
    rows = np.arange(len(part))
    p = part[rows, wrong]
    left = np.maximum(1.0 - p, TINY)
    gradient = -part * (p / left)[:, None]
    gradient[rows, wrong] += p / left
    return float(-np.log(left).sum()), gradient
