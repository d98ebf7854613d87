"""The network over a batch of trees, and the layer for labels above it."""

from __future__ import annotations

from typing import Any, List, Optional

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from spacy_rnn.base.trees import Trees
from spacy_rnn.nn.dropout import set_dropout
from spacy_rnn.nn.tree.net import TreeNet, build_batch
from spacy_rnn.nn.tree.output import TREE_POOLINGS, TreeOutput

from .trees import forests, random_weights, recurse

VARIANTS: List[Any] = [
    {},
    {"top_down": True},
    {"label_size": 2},
    {"cell": "gru", "label_size": 2, "top_down": True, "attention": True},
    {"cell": "rnn_tanh", "by_relation": True, "min_count": 3},
]


def make_net(**settings: Any) -> TreeNet:
    net: Any = random_weights(TreeNet(3, 4, n_labels=6, **settings))
    if net.labels is not None:
        net.labels.learn(np.array([7, 8, 9]), np.array([5, 1, 9]))
    return net


def labels_for(net: TreeNet, n: int) -> Optional[np.ndarray]:
    return None if net.labels is None else np.random.default_rng(n).integers(0, 4, size=n)


def run(net: TreeNet, x: Tensor, heads: np.ndarray, index: Any = None) -> Tensor:
    batch = build_batch(Trees.from_heads(heads), index, len(x), top_down=net.down is not None)
    return net(x, batch, labels_for(net, len(heads)))


@pytest.mark.parametrize("settings", VARIANTS, ids=str)
@given(heads=forests())
def test_equals_recursion(settings: Any, heads: np.ndarray) -> None:
    """The upward pass, then the downward one over its states."""
    net = make_net(**settings)
    x = torch.randn(len(heads), 3, dtype=torch.float64)
    labels = labels_for(net, len(heads))
    vectors, relations = None, None
    if net.labels is not None and labels is not None:
        vectors = net.labels.weight.detach().numpy()[labels] if net.label_size else None
        relations = np.where(net.labels.counts.numpy()[labels] < net.min_count, 0, labels)
    up = recurse(net.up, x.numpy(), heads, vectors, relations)
    expected = [up]
    if net.down is not None:
        expected.append(recurse(net.down, up, heads, vectors, relations, upward=False))
    found = run(net, x, heads)
    assert found.shape == (len(heads), net.output_size)
    np.testing.assert_allclose(found.detach().numpy(), np.concatenate(expected, axis=1), atol=1e-10)


def test_rare_relations_share_a_matrix() -> None:
    net = make_net(cell="rnn_tanh", by_relation=True, min_count=3)
    heads, x = np.array([1, 1]), torch.randn(2, 3, dtype=torch.float64)
    batch = build_batch(Trees.from_heads(heads), None, 2, top_down=False)
    common, rare, other, unknown = (net(x, batch, np.array([row, 1]))[1] for row in (1, 2, 3, 0))
    assert torch.equal(rare, unknown)
    assert not torch.allclose(common, rare) and not torch.allclose(common, other)


@pytest.mark.parametrize("settings", VARIANTS, ids=str)
def test_nodes_may_share_rows(settings: Any) -> None:
    """Words are encoded once; the gradient of a row is the sum over its nodes."""
    net = make_net(**settings)
    heads, index = np.array([1, 1, 1, 2]), np.array([0, 1, 0, 0])
    rows = torch.randn(2, 3, dtype=torch.float64, requires_grad=True)
    nodes = rows.detach()[index].requires_grad_()
    shared, apart = run(net, rows, heads, index), run(net, nodes, heads)
    torch.testing.assert_close(shared, apart)
    shared.square().sum().backward()
    apart.square().sum().backward()
    assert rows.grad is not None and nodes.grad is not None
    torch.testing.assert_close(rows.grad, torch.zeros_like(rows).index_add(0, torch.from_numpy(index), nodes.grad))


def test_cycles_are_cut() -> None:
    net = make_net()
    x = torch.randn(4, 3, dtype=torch.float64)
    found = run(net, x, np.array([1, 2, 0, 0]))
    torch.testing.assert_close(found, run(net, x, np.array([0, 2, 0, 0])))


def test_dropout_in_training_only() -> None:
    net = make_net()
    x = torch.randn(4, 3, dtype=torch.float64)
    heads = np.array([1, 1, 1, 2])
    set_dropout(net, 0.5)
    assert torch.equal(run(net, x, heads), run(net, x, heads))
    net.train()
    assert not torch.equal(run(net, x, heads), run(net, x, heads))
    set_dropout(net, 0.0)
    torch.testing.assert_close(run(net, x, heads), run(net.eval(), x, heads))


@pytest.mark.parametrize("pooling", TREE_POOLINGS)
@given(owners=st.lists(st.integers(0, 3), max_size=6).map(sorted))
def test_output(pooling: str, owners: List[int]) -> None:
    """Nodes by the linear layer; documents by it over the average of their roots."""
    output: Any = random_weights(TreeOutput(4, 2, pooling))
    x = torch.randn(len(owners) + 2, 4, dtype=torch.float64)
    roots, owner = torch.arange(len(owners)) + 1, torch.tensor(owners, dtype=torch.int64)
    scores = output(x, roots, owner, 4)
    torch.testing.assert_close(scores[: len(x)], output.linear(x))
    for doc in range(4):
        own = x[roots[owner == doc]]
        share = torch.full((len(own), 1), 1.0, dtype=torch.float64)
        if pooling == "attention":
            share = torch.exp(output.query(torch.tanh(output.hidden(own))))
        vector = (own * share).sum(0) / share.sum() if len(own) else torch.zeros(4, dtype=torch.float64)
        torch.testing.assert_close(scores[len(x) + doc], output.linear(vector), rtol=1e-5, atol=1e-6)


def test_attention_begins_as_the_mean() -> None:
    output, mean = TreeOutput(4, 2, "attention"), TreeOutput(4, 2)
    x, owner = torch.randn(5, 4), torch.tensor([0, 0, 1, 1, 1])
    torch.testing.assert_close(output.pool(x, owner, 2)[0], mean.pool(x, owner, 2)[0])


def test_attention_far_apart_is_finite() -> None:
    """Scores of one document do not drown those of another."""
    output = TreeOutput(1, 2, "attention")
    with torch.no_grad():
        for name, value in {"hidden.weight": 100.0, "query.weight": 200.0}.items():
            output.get_parameter(name).fill_(value)
    pooled, _ = output.pool(torch.tensor([[1.0], [-1.0], [-1.0]]), torch.tensor([0, 1, 1]), 2)
    torch.testing.assert_close(pooled, torch.tensor([[1.0], [-1.0]]))
