"""What `tree_rnn` can learn: one label of several, any number of labels, ordered labels, values."""

from typing import Any, Literal, Tuple, get_args

import numpy as np

from ...types import Array, IntArray

Target = Literal["exclusive", "multilabel", "ordinal", "regression"]
TARGETS: Tuple[str, ...] = get_args(Target)

# Keeps logarithms finite.
_TINY = 1e-30


def score_width(target: str, n_labels: int) -> int:
    """Columns of the model's output. Ordered labels are told by the thresholds between them."""
    return max(1, n_labels - 1) if target == "ordinal" else n_labels


def to_values(scores: Array, target: str, xp: Any = np) -> Array:
    """The model's output (n, n_scores) as probabilities of labels, or values. (n, n_labels)

    ordinal: an output is the log odds that the label lies above a threshold (Frank & Hall
    2001; as a network, Niu et al. 2016). A label's probability is the difference of two.
    """
    if target == "exclusive":
        raised = xp.exp(scores - scores.max(axis=1, keepdims=True))
        return raised / raised.sum(axis=1, keepdims=True)
    if target == "multilabel":
        return _sigmoid(scores, xp)
    if target == "regression":
        return scores
    above = xp.minimum.accumulate(_sigmoid(scores, xp), axis=1)
    edge = xp.ones_like(above[:, :1])
    return xp.concatenate([edge, above], axis=1) - xp.concatenate([above, 0 * edge], axis=1)


def best_label(values: Array, target: str, threshold: float) -> IntArray:
    """The label of each row of values (n, n_labels), -1 for none. Ordered labels: the median;
    several: the likeliest one from the threshold on; values: none."""
    if not values.shape[1] or target == "regression":
        return np.full(len(values), -1, dtype=np.int64)
    if target == "ordinal":
        return (np.cumsum(values, axis=1)[:, :-1] < 0.5).sum(axis=1).astype(np.int64)
    best = values.argmax(axis=1)
    return np.where(values.max(axis=1) >= threshold, best, -1) if target == "multilabel" else best


def tree_loss(scores: Array, truths: Array, target: str, xp: Any = np) -> Tuple[Array, Array]:
    """The loss of each row, (n,), and its gradient, (n, n_scores).

    scores: (n, n_scores); truths: (n, n_labels) probabilities or values. NaN is missing: with
    exclusive and ordered labels the whole row, elsewhere the label.
    """
    if target == "exclusive":
        probabilities = to_values(scores, target, xp)
        known = ~xp.isnan(truths).any(axis=1, keepdims=True)
        truths = xp.where(known, truths, 0.0)
        losses = -(truths * xp.log(xp.maximum(probabilities, _TINY))).sum(axis=1)
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
    return (known * losses).sum(axis=1), known * (_sigmoid(scores, xp) - truths)


def _sigmoid(x: Array, xp: Any) -> Array:
    return 0.5 * (xp.tanh(0.5 * x) + 1)
