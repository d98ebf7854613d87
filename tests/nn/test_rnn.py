"""Stacks of recurrent layers over blocks: padding, neighbours and windows do not change an output."""

from __future__ import annotations

from typing import Any, List

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from spacy_rnn.errors import SettingError
from spacy_rnn.nn.layout import lay_out
from spacy_rnn.nn.rnn import CELLS, RNN

VARIANTS = [
    {},
    {"bidirectional": False},
    {"depth": 2, "residual": True},
    {"depth": 2, "layer_norm": True, "learn_initial_state": True},
]
lengths_lists = st.lists(st.integers(0, 9), min_size=1, max_size=6)


def make_rnn(input_size: int = 3, hidden_size: int = 4, scale: float = 0.6, **settings: Any) -> RNN:
    rnn = RNN(input_size, hidden_size, **settings).double().eval()
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in rnn.parameters():
            parameter.normal_(0, scale, generator=generator)
    return rnn


def run(rnn: RNN, x: Tensor, lengths: List[int], **kwargs: Any) -> Tensor:
    return rnn(x, lay_out(np.array(lengths, dtype=np.int64), **kwargs))


@pytest.mark.parametrize("settings", VARIANTS, ids=str)
@pytest.mark.parametrize("cell", CELLS)
@given(lengths=lengths_lists)
def test_batch_equals_one_by_one(cell: str, settings: Any, lengths: List[int]) -> None:
    rnn = make_rnn(cell=cell, **settings)
    x = torch.randn(sum(lengths), 3, dtype=torch.float64)
    together = run(rnn, x, lengths)
    alone = [run(rnn, part, [len(part)]) for part in x.split(lengths)]
    torch.testing.assert_close(together, torch.cat(alone), rtol=0, atol=1e-10)


def test_both_directions_against_plain_reversal() -> None:
    """The backward half is a left-to-right layer over the reversed sequence, read backwards."""
    rnn = make_rnn()
    x = torch.randn(5, 1, 3, dtype=torch.float64)
    y = run(rnn, x[:, 0], [5])
    backward = rnn.backward_layers[0](x.flip(0)).flip(0)
    torch.testing.assert_close(y, torch.cat([rnn.forward_layers[0](x), backward], dim=2)[:, 0])


@pytest.mark.parametrize("settings", VARIANTS, ids=str)
@pytest.mark.parametrize("cell", CELLS)
def test_padding_never_matters(cell: str, settings: Any) -> None:
    """The values of padding change no output, and get no gradient."""
    rnn = make_rnn(cell=cell, **settings)
    (block,) = lay_out(np.array([6, 2, 5, 1]))
    x = torch.randn(6, 4, 3, dtype=torch.float64)
    poisoned = torch.where(block.mask.unsqueeze(2), x, 1e3).requires_grad_()
    clean = rnn.run_block(x, block.reverse).flatten(0, 1)[block.kept]
    found = rnn.run_block(poisoned, block.reverse).flatten(0, 1)[block.kept]
    torch.testing.assert_close(found, clean, rtol=0, atol=1e-12)
    found.square().sum().backward()
    assert poisoned.grad is not None
    assert not poisoned.grad[~block.mask].any()
    assert poisoned.grad[block.mask].any()


@given(length=st.integers(1, 120), window=st.integers(33, 50))
def test_windows_agree_away_from_the_cut(length: int, window: int) -> None:
    """Windows make no difference to a network whose memory is shorter than their context."""
    rnn = make_rnn(scale=0.1)
    x = torch.randn(length, 3, dtype=torch.float64)
    whole = run(rnn, x, [length])
    torch.testing.assert_close(run(rnn, x, [length], window=window, context=16), whole, rtol=0, atol=1e-5)


def test_windows_without_context_differ_at_the_cut_only() -> None:
    rnn = make_rnn(scale=0.1, bidirectional=False)
    x = torch.randn(40, 3, dtype=torch.float64)
    difference = (run(rnn, x, [40], window=20) - run(rnn, x, [40])).abs().amax(dim=1)
    assert difference[:20].max() < 1e-12
    assert difference[20] > 1e-4
    assert difference[35:].max() < 1e-5


def test_index_shares_rows() -> None:
    """Several tokens may read one row, whose gradient is the sum of theirs."""
    rnn = make_rnn()
    types = torch.randn(3, 3, dtype=torch.float64, requires_grad=True)
    index = torch.tensor([2, 0, 2, 1, 2])
    shared = rnn(types, lay_out(np.array([3, 2])), index)
    tokens = types.detach()[index].requires_grad_()
    torch.testing.assert_close(shared, run(rnn, tokens, [3, 2]))
    shared.square().sum().backward()
    run(rnn, tokens, [3, 2]).square().sum().backward()
    assert types.grad is not None and tokens.grad is not None
    torch.testing.assert_close(types.grad, torch.zeros_like(types).index_add(0, index, tokens.grad))


def test_given_initial_states() -> None:
    """Each direction of each layer starts from a state of its own for each sequence, and sends a gradient to it."""
    rnn = make_rnn(depth=2)
    lengths = [4, 0, 3]
    x = torch.randn(7, 3, dtype=torch.float64)
    initial = torch.randn(2, 2, 2, 3, 4, dtype=torch.float64, requires_grad=True)
    found = rnn(x, lay_out(np.array(lengths)), initial=initial)
    parts, outputs = x.split(lengths), found.split(lengths)
    for i in (0, 2):
        expected = parts[i].unsqueeze(1)
        for forward, backward, start in zip(rnn.forward_layers, rnn.backward_layers, initial[:, :, :, i : i + 1]):
            mirrored = backward(expected.flip(0), start[1]).flip(0)
            expected = torch.cat([forward(expected, start[0]), mirrored], dim=2)
        torch.testing.assert_close(outputs[i], expected[:, 0])
    found.square().sum().backward()
    assert initial.grad is not None
    assert [bool(gradient.all()) for gradient in initial.grad.unbind(3)] == [True, False, True]


def test_windows_start_from_given_states() -> None:
    rnn = make_rnn(bidirectional=False)
    x = torch.randn(5, 3, dtype=torch.float64)
    initial = torch.randn(1, 1, 2, 1, 4, dtype=torch.float64)
    found = rnn(x, lay_out(np.array([5]), window=3), initial=initial)
    alone = [rnn(part, lay_out(np.array([len(part)])), initial=initial) for part in x.split(3)]
    torch.testing.assert_close(found, torch.cat(alone))


def test_residual_adds_the_input() -> None:
    plain, residual = make_rnn(input_size=8), make_rnn(input_size=8, residual=True)
    x = torch.randn(4, 8, dtype=torch.float64)
    torch.testing.assert_close(run(residual, x, [4]), run(plain, x, [4]) + x)


def test_layer_norm_normalises() -> None:
    rnn = RNN(3, 8, layer_norm=True).eval()
    y = run(rnn, torch.randn(5, 3), [5])
    torch.testing.assert_close(y.mean(dim=1), torch.zeros(5), rtol=0, atol=1e-5)
    torch.testing.assert_close(y.var(dim=1, unbiased=False), torch.ones(5), rtol=0, atol=1e-2)


def test_no_tokens() -> None:
    assert run(make_rnn(), torch.zeros(0, 3, dtype=torch.float64), [0, 0]).shape == (0, 8)


def test_directions_have_weights_of_their_own() -> None:
    rnn: Any = RNN(3, 4)
    first, second = rnn.forward_layers[0].rnn.weight_ih_l0, rnn.backward_layers[0].rnn.weight_ih_l0
    assert first is not second and not torch.equal(first, second)


def test_unknown_cell() -> None:
    with pytest.raises(SettingError, match=r"R001.*cell = 'elman'.*rnn_sigmoid"):
        RNN(3, 4, cell="elman")
