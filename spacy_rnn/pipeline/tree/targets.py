"""The targets of `tree_rnn`: one label of several, any number of labels, ordered labels, and values."""

from typing import Literal, Tuple, get_args

import numpy as np
from thinc.api import get_array_module

from ...base.arrays import TINY, sigmoid, softmax
from ...types import Array, IntArray

Target = Literal["exclusive", "multilabel", "ordinal", "regression"]
TARGETS: Tuple[str, ...] = get_args(Target)


def score_width(target: str, n_labels: int) -> int:
    """The number of columns of the model's output. Ordered labels have one for each threshold between them."""
    return max(1, n_labels - 1) if target == "ordinal" else n_labels


def to_values(scores: Array, target: str) -> Array:
    """Convert the model's output (n, n_scores) to the probabilities of labels, or to values, (n, n_labels).

    ordinal: a score is the log odds that the label lies above a threshold (Frank & Hall 2001; as a network, Niu et al.
    2016). The probability of a label is the difference of two.
    """
    xp = get_array_module(scores)
    if target == "exclusive":
        return softmax(scores)
    if target == "multilabel":
        return sigmoid(scores)
    if target == "regression":
        return scores
    above = xp.minimum.accumulate(sigmoid(scores), axis=1)
    edge = xp.ones_like(above[:, :1])
    return xp.concatenate([edge, above], axis=1) - xp.concatenate([above, 0 * edge], axis=1)


def best_label(values: Array, target: str, threshold: float) -> IntArray:
    """The label of each row of values (n, n_labels), -1 for none. Ordered labels: the median. Several labels: the
    likeliest one, if its probability reaches the threshold. Values: none."""
    if not values.shape[1] or target == "regression":
        return np.full(len(values), -1, dtype=np.int64)
    if target == "ordinal":
        return (np.cumsum(values, axis=1)[:, :-1] < 0.5).sum(axis=1).astype(np.int64)
    best = values.argmax(axis=1)
    return np.where(values.max(axis=1) >= threshold, best, -1) if target == "multilabel" else best


def tree_loss(scores: Array, truths: Array, target: str) -> Tuple[Array, Array]:
    """The loss of each row, (n,), and its gradient, (n, n_scores).

    scores: (n, n_scores). truths: (n, n_labels), probabilities or values. A NaN leaves out its label, or its row with
    exclusive and ordered labels.
    """
    xp = get_array_module(scores)
    if target == "exclusive":
        probabilities = softmax(scores)
        known = ~xp.isnan(truths).any(axis=1, keepdims=True)
        truths = xp.where(known, truths, 0.0)
        losses = -(truths * xp.log(xp.maximum(probabilities, TINY))).sum(axis=1)
        return losses, known * (probabilities * truths.sum(axis=1, keepdims=True) - truths)
    if target == "ordinal":
        # The probability that the label lies above each threshold.
        truths = xp.cumsum(truths[:, ::-1], axis=1)[:, ::-1][:, 1:] if truths.shape[1] > 1 else truths
        truths = xp.where(xp.isnan(truths).any(axis=1, keepdims=True), xp.nan, truths)
    known = ~xp.isnan(truths)
    truths = xp.where(known, truths, 0.0)
    if target == "regression":
        difference = known * (scores - truths)
        return 0.5 * (difference**2).sum(axis=1), difference
    # The cross-entropy of a sigmoid, from the scores, so that nothing overflows.
    losses = xp.maximum(scores, 0) - scores * truths + xp.log1p(xp.exp(-xp.abs(scores)))
    return (known * losses).sum(axis=1), known * (sigmoid(scores) - truths)
