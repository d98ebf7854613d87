"""Attention against its equations, written out."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from spacy_rnn.nn.attention import POSITION_WIDTH, Attention, encode_positions


def make(kind: str) -> Attention:
    attention = Attention(3, 5, 4, kind).double()
    with torch.no_grad():
        for parameter in attention.parameters():
            parameter.normal_(0, 0.7)
    return attention


def plain(attention: Attention, query: Tensor, position: int, memory: Tensor) -> Tensor:
    """The weights of one query, step by step."""

    def at(i: int) -> Tensor:
        return encode_positions(torch.tensor([i]))[0].double()

    asked = attention.query.weight @ query + attention.query_place.weight @ at(position)
    scores = []
    for i, vector in enumerate(memory):
        key = attention.key.weight @ vector + attention.key_place.weight @ at(i)
        if attention.score is None:
            scores.append(asked @ key / math.sqrt(4))
        else:
            key = key + attention.key.bias
            scores.append(attention.score.weight[0] @ torch.tanh(asked + key))
    exponents = torch.stack(scores).exp()
    return exponents / exponents.sum()


@pytest.mark.parametrize("kind", ["dot", "additive"])
def test_weights_and_gradients(kind: str) -> None:
    attention = make(kind)
    memory = torch.randn(2, 4, 5, dtype=torch.float64, requires_grad=True)
    queries = torch.randn(2, 3, 3, dtype=torch.float64, requires_grad=True)
    lengths, positions = [4, 2], torch.tensor([5, 6, 7])
    mask = torch.arange(4) < torch.tensor(lengths).unsqueeze(1)
    found = attention(queries, positions, attention.keys(memory), mask)
    expected = torch.zeros(2, 3, 4, dtype=torch.float64)
    for i, length in enumerate(lengths):
        for j, position in enumerate(positions.tolist()):
            expected[i, j, :length] = plain(attention, queries[i, j], position, memory[i, :length])
    torch.testing.assert_close(found.double(), expected, atol=1e-6, rtol=0)
    weight = torch.randn_like(expected)
    parameters = [memory, queries, *attention.parameters()]
    pairs = zip(
        torch.autograd.grad((found * weight).sum(), parameters),
        torch.autograd.grad((expected * weight).sum(), parameters),
    )
    for gradient, wanted in pairs:
        torch.testing.assert_close(gradient, wanted, atol=1e-5, rtol=1e-4)


def test_what_lies_behind_the_mask_has_no_weight() -> None:
    attention = make("dot")
    memory = torch.randn(1, 3, 5, dtype=torch.float64)
    longer = torch.cat([memory, torch.full((1, 2, 5), 1e3, dtype=torch.float64)], dim=1)
    queries, positions = torch.randn(1, 2, 3, dtype=torch.float64), torch.arange(2)
    alone = attention(queries, positions, attention.keys(memory), torch.ones(1, 3, dtype=torch.bool))
    mask = torch.tensor([[True, True, True, False, False]])
    padded = attention(queries, positions, attention.keys(longer), mask)
    torch.testing.assert_close(padded[:, :, :3], alone)
    assert not padded[:, :, 3:].any()


def test_positions_differ() -> None:
    found = encode_positions(torch.arange(200))
    assert found.shape == (200, POSITION_WIDTH)
    assert torch.cdist(found, found).add(torch.eye(200)).min() > 0.1
