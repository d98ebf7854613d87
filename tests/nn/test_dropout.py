"""Dropout of units, tokens and words."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from spacy_rnn.nn.dropout import SequenceDropout, TokenDropout, drop_rows, set_dropout
from spacy_rnn.nn.layout import lay_out
from spacy_rnn.nn.rnn import RNN


def test_variational_mask_is_shared_by_all_steps() -> None:
    dropout = SequenceDropout(variational=True)
    dropout.p = 0.5
    y = dropout(torch.ones(6, 5, 40))
    assert torch.equal(y, y[:1].expand_as(y))
    assert not torch.equal(y[0, 0], y[0, 1])


def test_plain_mask_is_not() -> None:
    dropout = SequenceDropout(variational=False)
    dropout.p = 0.5
    y = dropout(torch.ones(6, 5, 40))
    assert not torch.equal(y[0], y[1])


@pytest.mark.parametrize("variational", [True, False])
@pytest.mark.parametrize("rate", [0.1, 0.5, 0.9])
def test_mean_is_kept(variational: bool, rate: float) -> None:
    dropout = SequenceDropout(variational)
    dropout.p = rate
    y = dropout(torch.ones(2, 100, 500))
    assert (y == 0).float().mean().item() == pytest.approx(rate, abs=0.02)
    assert y.mean().item() == pytest.approx(1.0, abs=0.1)


@pytest.mark.parametrize("variational", [True, False])
def test_nothing_is_dropped_in_evaluation_or_at_rate_zero(variational: bool) -> None:
    dropout = SequenceDropout(variational)
    x = torch.randn(3, 2, 4)
    assert torch.equal(dropout(x), x)
    dropout.p = 0.9
    assert torch.equal(dropout.eval()(x), x)


def test_set_dropout_reaches_every_layer() -> None:
    rnn = RNN(3, 4, depth=3)
    set_dropout(rnn, 0.3)
    assert [child.p for child in rnn.modules() if isinstance(child, SequenceDropout)] == [0.3]


def test_drop_rows() -> None:
    rows = torch.arange(1, 2001)
    assert torch.equal(drop_rows(rows, torch.zeros(2000)), rows)
    assert not drop_rows(rows, torch.ones(2000)).any()
    dropped = drop_rows(rows, torch.full((2000,), 0.25))
    assert ((dropped == 0) | (dropped == rows)).all()
    assert (dropped == 0).float().mean().item() == pytest.approx(0.25, abs=0.04)


def test_token_dropout_replaces_whole_tokens() -> None:
    """By one vector, which gets their gradients; `set_dropout` does not change the rate."""
    dropout = TokenDropout(3, 0.3)
    torch.nn.init.constant_(dropout.blank, 7.0)
    set_dropout(dropout, 0.9)
    y = dropout(torch.zeros(20, 100, 3))
    replaced = (y == 7.0).all(dim=2)
    assert torch.equal(replaced, (y == 7.0).any(dim=2))
    assert replaced.float().mean().item() == pytest.approx(0.3, abs=0.04)
    y.sum().backward()
    assert dropout.blank.grad is not None
    torch.testing.assert_close(dropout.blank.grad, torch.full((3,), float(replaced.sum())))
    assert not dropout.eval()(torch.zeros(20, 100, 3)).any()


def test_token_dropout_of_a_network() -> None:
    """Nothing is replaced in evaluation; without a rate there is no vector to learn."""
    rnn = RNN(3, 4, token_dropout=0.5)
    x, (block,) = torch.randn(6, 2, 3), lay_out(np.array([6, 6]))
    rnn.eval()
    assert torch.equal(rnn.run_block(x, block.reverse), rnn.run_block(x, block.reverse))
    rnn.train()
    assert not torch.equal(rnn.run_block(x, block.reverse), rnn.run_block(x, block.reverse))
    assert "token_dropout.blank" in dict(rnn.named_parameters())
    assert not [name for name, _ in RNN(3, 4).named_parameters() if "token_dropout" in name]
