"""Softmax and logistic function for arrays of Thinc's backend."""

from thinc.api import get_array_module

from ..types import Array

TINY = 1e-30
"""The smallest probability that a logarithm is taken of, and the smallest divisor."""


def softmax(scores: Array) -> Array:
    """The softmax of each row. Shape (n, n_labels) to the same."""
    raised = get_array_module(scores).exp(scores - scores.max(axis=1, keepdims=True))
    return raised / raised.sum(axis=1, keepdims=True)


def log_softmax(scores: Array) -> Array:
    """The logarithm of each row's softmax. Shape (n, n_labels) to the same."""
    xp = get_array_module(scores)
    shifted = scores - scores.max(axis=1, keepdims=True)
    return shifted - xp.log(xp.exp(shifted).sum(axis=1, keepdims=True))


def sigmoid(scores: Array) -> Array:
    """The logistic function, element by element. Far from zero it saturates, so that nothing overflows in float32."""
    return 1.0 / (1.0 + get_array_module(scores).exp(-scores.clip(-80.0, 80.0)))


def activate(scores: Array, exclusive: bool) -> Array:
    """Scores to probabilities, (n, n_labels) to the same: by softmax where exactly one label applies, else by the
    logistic function."""
    return softmax(scores) if exclusive else sigmoid(scores)
