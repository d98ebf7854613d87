"""Recursive layers against a recursion in numpy, node by node, and gradients against numeric ones."""

from __future__ import annotations

from typing import Any, Dict

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from spacy_rnn.base.trees import Trees
from spacy_rnn.nn.tree.cells import TREE_CELLS, RowIndex, TreeLayer
from spacy_rnn.nn.tree.net import by_node
from spacy_rnn.nn.tree.replay import ReplayedScan
from spacy_rnn.nn.tree.schedule import TreeSchedule, schedule_downward, schedule_upward

from .trees import chain, forests, random_weights, recurse

VARIANTS: list[Dict[str, Any]] = [
    *({"cell": cell} for cell in TREE_CELLS),
    *({"cell": cell, "attention": True} for cell in TREE_CELLS),
    {"cell": "lstm", "label_size": 2},
    {"cell": "rnn_tanh", "n_relations": 3},
    {"cell": "rnn_relu", "n_relations": 3, "attention": True, "label_size": 2},
]
SIZES: Dict[str, Any] = {"input_size": 3, "hidden_size": 4}


def make_layer(**settings: Any) -> TreeLayer:
    return random_weights(TreeLayer(**SIZES, **settings))  # type: ignore[return-value]


def run(
    layer: TreeLayer, x: Tensor, heads: np.ndarray, labels: Any = None, relations: Any = None, upward: bool = True
) -> Tensor:
    """States in the order of the nodes."""
    schedule = (schedule_upward if upward else schedule_downward)(Trees.from_heads(heads))
    index = by_node(schedule)
    kinds = None
    if relations is not None:
        kinds = torch.from_numpy(relations)[schedule.order[schedule.sources if upward else schedule.targets]]
    return layer(x, index, schedule, labels, None if labels is None else index, kinds)[schedule.position]


def inputs_for(layer: TreeLayer, n: int) -> Dict[str, Any]:
    generator = np.random.default_rng(n)
    return {
        "x": generator.normal(size=(n, 3)),
        "labels": generator.normal(size=(n, 2)) if layer.label is not None else None,
        "relations": generator.integers(0, 3, size=n) if layer.by_relation is not None else None,
    }


def as_tensors(given: Dict[str, Any]) -> Dict[str, Any]:
    return {
        name: torch.from_numpy(value) if value is not None and name != "relations" else value
        for name, value in given.items()
    }


@pytest.mark.parametrize("upward", [True, False], ids=["up", "down"])
@pytest.mark.parametrize("settings", VARIANTS, ids=str)
@given(heads=forests())
def test_equals_recursion(settings: Any, upward: bool, heads: np.ndarray) -> None:
    layer = make_layer(**settings)
    given_inputs = inputs_for(layer, len(heads))
    expected = recurse(
        layer, given_inputs["x"], heads, given_inputs["labels"], given_inputs["relations"], upward=upward
    )
    found = run(layer, heads=heads, upward=upward, **as_tensors(given_inputs))
    np.testing.assert_allclose(found.detach().numpy(), expected, atol=1e-10)


@pytest.mark.parametrize("upward", [True, False], ids=["up", "down"])
@pytest.mark.parametrize("settings", VARIANTS, ids=str)
@given(heads=forests(max_nodes=7), seed=st.integers(0, 100))
def test_gradients_equal_those_of_the_recursion(settings: Any, upward: bool, heads: np.ndarray, seed: int) -> None:
    """Along random directions of the inputs and of every weight, against differences of the numpy recursion."""
    layer = make_layer(**settings)
    plain = inputs_for(layer, len(heads))
    tensors = as_tensors(plain)
    tensors["x"].requires_grad_()
    rng = np.random.default_rng(seed)
    output = run(layer, heads=heads, upward=upward, **tensors)
    d_output = rng.normal(size=tuple(output.shape))
    output.backward(torch.from_numpy(d_output))

    def value() -> float:
        states = recurse(layer, plain["x"], heads, plain["labels"], plain["relations"], upward=upward)
        return float((states * d_output).sum())

    shared = [(parameter.detach().numpy(), parameter.grad) for parameter in layer.parameters()]
    for array, gradient in [(plain["x"], tensors["x"].grad), *shared]:
        direction = rng.normal(size=array.shape)
        found = 0.0 if gradient is None else float((gradient.numpy() * direction).sum())
        original, step = array.copy(), 1e-6
        array += step * direction
        above = value()
        array -= 2 * step * direction
        below = value()
        array[...] = original
        assert found == pytest.approx((above - below) / (2 * step), rel=1e-4, abs=1e-6)


@pytest.mark.parametrize("settings", VARIANTS, ids=str)
def test_gradcheck(settings: Any) -> None:
    """Every single derivative, by torch's own checker."""
    layer = make_layer(**settings)
    heads = np.array([1, 1, 1, 2, 2, 5, 3])
    given_inputs = as_tensors(inputs_for(layer, len(heads)))
    x = given_inputs.pop("x").requires_grad_()
    assert torch.autograd.gradcheck(lambda x, *weights: run(layer, x, heads, **given_inputs), (x, *layer.parameters()))


@pytest.mark.parametrize("upward", [True, False], ids=["up", "down"])
@pytest.mark.parametrize("cell", TREE_CELLS)
@given(heads=forests())
def test_fast_pass_equals_replay(cell: str, upward: bool, heads: np.ndarray) -> None:
    """The hand-written passes and the one that replays levels agree, in values and gradients."""
    layer = make_layer(cell=cell)
    schedule = (schedule_upward if upward else schedule_downward)(Trees.from_heads(heads))
    no_relation = torch.zeros_like(schedule.sources)

    def replay(x: Tensor, index: RowIndex, schedule: TreeSchedule) -> Tensor:
        inputs = layer.input(x)[index.rows]
        return ReplayedScan.apply(layer.step, schedule, no_relation, layer.hidden_size, inputs, layer.recurrent)

    found = []
    for forward in (layer, replay):
        layer.zero_grad()
        x = torch.from_numpy(inputs_for(layer, len(heads))["x"]).requires_grad_()
        output = forward(x, by_node(schedule), schedule)
        output.backward(torch.linspace(-1, 1, output.numel(), dtype=torch.float64).view(output.shape))
        gradients = {n: torch.zeros_like(p) if p.grad is None else p.grad for n, p in layer.named_parameters()}
        found.append({"output": output.detach(), "x": x.grad, **gradients})
    torch.testing.assert_close(*found)


@pytest.mark.parametrize(
    "settings", [{"cell": cell} for cell in TREE_CELLS] + [{"cell": "gru", "attention": True}], ids=str
)
def test_order_of_siblings_does_not_matter(settings: Any) -> None:
    layer = make_layer(**settings)
    heads = np.array([4, 4, 4, 2, 4])
    x = torch.randn(5, 3, dtype=torch.float64)
    moved = np.array([2, 0, 3, 1, 4])
    other = torch.empty_like(x)
    other[moved] = x
    new_heads = np.empty_like(heads)
    new_heads[moved] = moved[heads]
    torch.testing.assert_close(run(layer, other, new_heads)[moved], run(layer, x, heads))


@pytest.mark.parametrize("settings", VARIANTS, ids=str)
@given(parts=st.lists(forests(max_nodes=6), min_size=1, max_size=4))
def test_batch_equals_one_by_one(settings: Any, parts: Any) -> None:
    layer = make_layer(**settings)
    starts = np.cumsum([0, *map(len, parts)])
    joined = np.concatenate([heads + start for heads, start in zip(parts, starts)])
    given_inputs = inputs_for(layer, len(joined))
    together = run(layer, heads=joined, **as_tensors(given_inputs))
    for heads, start in zip(parts, starts):
        own = {n: v if v is None else v[start : start + len(heads)] for n, v in given_inputs.items()}
        alone = run(layer, heads=heads, **as_tensors(own))
        torch.testing.assert_close(together[start : start + len(heads)], alone, rtol=0, atol=1e-12)


@pytest.mark.parametrize(
    ("settings", "n"), [({"cell": "lstm"}, 10_000), ({"cell": "rnn_tanh", "n_relations": 2}, 1000)], ids=str
)
def test_very_deep_chain(settings: Any, n: int) -> None:
    layer = TreeLayer(**SIZES, **settings)
    heads = chain(n)
    x = torch.randn(n, 3, requires_grad=True)
    run(layer, x, heads, relations=np.zeros(n, dtype=np.int64)).square().sum().backward()
    assert x.grad is not None and torch.isfinite(x.grad).all() and x.grad.any()


def test_forget_gate_starts_open() -> None:
    layer = TreeLayer(3, 4)
    assert layer.input.bias.tolist() == [0.0] * 12 + [1.0] * 4
