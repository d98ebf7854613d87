"""The cross-entropy over groups of labels, of which some truths may be missing or negative."""

from typing import Collection, Optional, Sequence, Tuple

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


def _bounds(groups: Collection[slice]) -> Tuple[IntArray, IntArray]:
    """The first column and the number of columns of each group."""
    return np.array([group.start for group in groups]), np.array([group.stop - group.start for group in groups])
