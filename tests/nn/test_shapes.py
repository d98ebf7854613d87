"""Rounded numbers of rows."""

import torch
from hypothesis import given
from hypothesis import strategies as st

from spacy_rnn.nn.linear import RoundedLinear, round_up


@given(n=st.integers(0, 100_000), bits=st.integers(0, 4))
def test_few_sizes_that_are_not_much_larger(n: int, bits: int) -> None:
    rounded = round_up(n, bits)
    assert n <= rounded <= n * (1 + 2**-bits)
    assert round_up(rounded, bits) == rounded


def test_sizes_come_back() -> None:
    assert len({round_up(n) for n in range(1, 1025)}) < 80


@given(n=st.integers(0, 40))
def test_rounding_changes_no_row_and_no_gradient(n: int) -> None:
    layer = RoundedLinear(3, 2).double()
    x = torch.randn(n, 3, dtype=torch.float64, requires_grad=True)
    gradient = torch.randn(n, 2, dtype=torch.float64)
    found = layer(x)
    found.backward(gradient)
    torch.testing.assert_close(found, x @ layer.weight.T + layer.bias)
    torch.testing.assert_close(x.grad, gradient @ layer.weight)
    torch.testing.assert_close(layer.weight.grad, gradient.T @ x)
    torch.testing.assert_close(layer.bias.grad, gradient.sum(dim=0))
