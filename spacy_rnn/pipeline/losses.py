"""Cross-entropies over groups of labels: with truths, of which some may be missing or negative, and with the
probabilities that a teacher gives."""

from typing import Collection, Optional, Sequence, Tuple, Union

import numpy as np

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
    gradient = softmax_groups(scores, groups)
    rows = np.arange(len(scores))[:, None]
    negative = truths <= NEGATIVE
    columns = starts + np.where(negative, NEGATIVE - truths, np.maximum(truths, 0))
    p = gradient[rows, columns]
    right = np.maximum(np.where(negative, 1.0 - p, p), TINY)
    off = np.where((sizes > 1) & ~negative, label_smoothing / np.maximum(sizes - 1, 1), 0.0)
    on = 1.0 - off * sizes  # in addition to what every label gets
    losses = -on * np.log(right)
    if label_smoothing:
        losses -= off * np.add.reduceat(np.log(np.maximum(gradient, TINY)), starts, axis=1)
        gradient -= np.repeat(off.astype(gradient.dtype), sizes, axis=1)
    # Of a known label, the gradient is p minus the target; of a wrong one, with it as the target, -p / (1 - p) of that.
    gradient[rows, columns] -= on.astype(gradient.dtype)
    counted = (truths != MISSING) * (1.0 if weights is None else np.asarray(weights))
    gradient *= np.repeat((np.where(negative, -p / right, 1.0) * counted).astype(gradient.dtype), sizes, axis=1)
    return float((losses * counted).sum()), gradient


def soft_cross_entropy(
    scores: FloatArray,
    targets: FloatArray,
    groups: Collection[slice],
    *,
    weights: Optional[Sequence[float]] = None,
    temperature: Union[float, FloatArray] = 1.0,
) -> Tuple[FloatArray, FloatArray]:
    """The cross-entropy with a teacher's probabilities, summed over groups, of each token, and its gradient (Hinton et
    al. 2015, sect. 2). Both are zero in a group where the teacher says nothing.

    scores: (n, n_labels). targets: (n, n_labels), the teacher's probabilities, which in each group sum to 1 or are all
        zero. groups: see `softmax_groups`. weights: of each group; None for 1.
    temperature: a number, or (n, 1). The scores of both are divided by it, and the loss is multiplied by its square, so
        that the gradient keeps its size.
    Returns (n,) and (n, n_labels).
    """
    starts, sizes = _bounds(groups)
    softened = targets
    if np.any(np.asarray(temperature) != 1.0):
        scores, softened = scores / temperature, targets ** (1.0 / temperature)
    gradient = softmax_groups(scores, groups)
    sums = np.add.reduceat(softened, starts, axis=1)
    counted = (sums > 0) * (1.0 if weights is None else np.asarray(weights))
    rows, columns = np.nonzero(softened)  # few of the labels
    of_group = np.repeat(np.arange(len(starts)), sizes)[columns]
    shares = softened[rows, columns] / sums[rows, of_group]
    losses = -shares * counted[rows, of_group] * np.log(np.maximum(gradient[rows, columns], TINY))
    gradient[rows, columns] -= shares
    gradient *= np.repeat((counted * temperature).astype(gradient.dtype), sizes, axis=1)
    return np.bincount(rows, losses, len(scores)) * np.ravel(temperature) ** 2, gradient


def _bounds(groups: Collection[slice]) -> Tuple[IntArray, IntArray]:
    """The first column and the number of columns of each group."""
    return np.array([group.start for group in groups]), np.array([group.stop - group.start for group in groups])
