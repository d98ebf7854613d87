"""Sums over all trees, beside all trees."""

from typing import Any, List

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from spacy_rnn.nn.parsing.matrix_tree import arc_marginals, log_partition

from .trees import ODD, padded, random_scores, score_arrays, sums


def tensors(sentences: List[Any]) -> Any:
    block, lengths = padded(sentences)
    return torch.from_numpy(block), torch.from_numpy(lengths)


@given(sentences=st.lists(score_arrays(), min_size=1, max_size=4))
def test_value_gradient_and_marginals(sentences: List[Any]) -> None:
    """Of sentences of different lengths together, at any scale."""
    block, lengths = tensors(sentences)
    x = block.clone().requires_grad_()
    total = log_partition(x, lengths)
    (gradient,) = torch.autograd.grad(total.sum(), x)
    found = arc_marginals(block, lengths)
    for i, scores in enumerate(sentences):
        n = len(scores)
        value, marginals = sums(scores)
        assert float(total[i].detach()) == pytest.approx(value, rel=1e-9, abs=1e-7)
        for array in (gradient[i], found[i]):
            np.testing.assert_allclose(array[:n, : n + 1].numpy(), marginals, atol=1e-6)
            assert not array[n:].any() and not array[:, n + 1 :].any()


@pytest.mark.parametrize("gap", [10.0, 30.0, 100.0, 3000.0])
def test_strong_cycle(gap: float) -> None:
    """Two tokens that are each other's best head by far: the digits of the Laplacian are lost, those of the result are
    not."""
    scores = random_scores(4, 3)
    scores[0, 2] += gap
    scores[1, 1] += gap
    value, marginals = sums(scores)
    block, lengths = tensors([scores])
    assert float(log_partition(block, lengths)) == pytest.approx(value, rel=1e-12, abs=1e-9)
    np.testing.assert_allclose(arc_marginals(block, lengths)[0].numpy(), marginals, atol=1e-6)


@pytest.mark.parametrize("n", [1, 2, 40])
def test_marginals_are_probabilities(n: int) -> None:
    """Each token has a head, and one token of the sentence is the root; single precision in, double precision out."""
    block, lengths = tensors([random_scores(n, seed, 5.0) for seed in range(3)])
    found = arc_marginals(block.float(), lengths)
    assert found.dtype == torch.float64 and bool(((found >= 0) & (found <= 1)).all())
    torch.testing.assert_close(found.sum(dim=2), torch.ones_like(found[:, :, 0]))
    torch.testing.assert_close(found[:, :, 0].sum(dim=1), torch.ones_like(found[:, 0, 0]))


@given(seed=st.integers(0, 1000), n=st.integers(1, 6))
def test_extreme_scores_give_probabilities(seed: int, n: int) -> None:
    rng = np.random.default_rng(seed)
    scores = rng.choice(ODD, size=(n, n + 1))
    found = arc_marginals(*tensors([scores]))
    assert bool(found.isfinite().all())
    torch.testing.assert_close(found.sum(dim=2), torch.ones_like(found[:, :, 0]), atol=1e-5, rtol=0)
