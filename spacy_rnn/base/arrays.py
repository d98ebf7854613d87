"""Small functions of arrays: lengths, attributes of tokens, softmax and logistic function."""

from typing import Collection, Sequence, Sized

import numpy as np
from spacy.tokens import Doc
from thinc.api import get_array_module

from ..types import Array, IntArray, KeyArray

TINY = 1e-30
"""The smallest probability that a logarithm is taken of, and the smallest divisor."""


def lengths_of(items: Collection[Sized]) -> IntArray:
    """The length of each item, (n,)."""
    return np.fromiter(map(len, items), dtype=np.int64, count=len(items))


def token_attrs(docs: Sequence[Doc], *attrs: int) -> KeyArray:
    """Attributes of the tokens of all documents joined, (n_tokens, n_attrs). Signed ones are to be viewed as int64."""
    empty: KeyArray = np.zeros((0, len(attrs)), dtype=np.uint64)
    found = (doc.to_array(list(attrs)).reshape(-1, len(attrs)) for doc in docs if len(doc))
    return np.concatenate([empty, *(values.astype(np.uint64, copy=False) for values in found)])


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
