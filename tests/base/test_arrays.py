"""Softmax and logistic function, also of scores that are far from zero."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacy_rnn.base.arrays import log_softmax, sigmoid, softmax

EXTREME = np.array([[1e4, -1e4, 0.0], [0.0, 0.0, 0.0]], dtype="f")


def test_extreme_scores_are_finite() -> None:
    np.testing.assert_allclose(softmax(EXTREME), [[1.0, 0.0, 0.0], [1 / 3] * 3], atol=1e-6)
    np.testing.assert_allclose(log_softmax(EXTREME), [[0.0, -2e4, -1e4], [-np.log(3)] * 3], rtol=1e-6)
    np.testing.assert_allclose(sigmoid(EXTREME), [[1.0, 0.0, 0.5], [0.5] * 3], atol=1e-6)
    assert softmax(EXTREME).dtype == log_softmax(EXTREME).dtype == sigmoid(EXTREME).dtype == np.float32


@given(seed=st.integers(0, 99), shift=st.floats(-50, 50))
def test_against_the_definitions(seed: int, shift: float) -> None:
    scores = np.random.default_rng(seed).normal(size=(4, 3)) + shift
    raised = np.exp(scores)
    np.testing.assert_allclose(softmax(scores), raised / raised.sum(axis=1, keepdims=True))
    np.testing.assert_allclose(np.exp(log_softmax(scores)), softmax(scores))
    np.testing.assert_allclose(sigmoid(scores), raised / (1.0 + raised))


@pytest.mark.parametrize("function", [softmax, log_softmax, sigmoid])
def test_no_rows(function) -> None:  # type: ignore[no-untyped-def]
    assert function(np.zeros((0, 3), dtype="f")).shape == (0, 3)
