"""Each cell against its equations, written out in plain numpy."""

from __future__ import annotations

from typing import Any, Callable, Dict, Tuple

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from spacy_rnn.nn.rnn import CELLS, RecurrentLayer

Weights = Dict[str, np.ndarray]
sizes = st.tuples(*(st.integers(1, 4) for _ in range(4)))


def sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


def lstm_step(w: Weights, x: np.ndarray, state: np.ndarray) -> np.ndarray:
    hidden, memory = state
    gates = x @ w["weight_ih_l0"].T + w["bias_ih_l0"] + hidden @ w["weight_hh_l0"].T + w["bias_hh_l0"]
    written, forgotten, candidate, shown = np.split(gates, 4, axis=1)
    memory = sigmoid(forgotten) * memory + sigmoid(written) * np.tanh(candidate)
    return np.stack([sigmoid(shown) * np.tanh(memory), memory])


def gru_step(w: Weights, x: np.ndarray, state: np.ndarray) -> np.ndarray:
    reset_x, update_x, new_x = np.split(x @ w["weight_ih_l0"].T + w["bias_ih_l0"], 3, axis=1)
    reset_h, update_h, new_h = np.split(state[0] @ w["weight_hh_l0"].T + w["bias_hh_l0"], 3, axis=1)
    update = sigmoid(update_x + update_h)
    new = np.tanh(new_x + sigmoid(reset_x + reset_h) * new_h)
    return ((1 - update) * new + update * state[0])[None]


def plain_step(activation: Callable) -> Callable:
    def step(w: Weights, x: np.ndarray, state: np.ndarray) -> np.ndarray:
        recurrent = state[0] @ w["weight_hh_l0"].T + w["bias_hh_l0"]
        return activation(x @ w["weight_ih_l0"].T + w["bias_ih_l0"] + recurrent)[None]

    return step


STEPS = {
    "lstm": lstm_step,
    "gru": gru_step,
    "rnn_tanh": plain_step(np.tanh),
    "rnn_relu": plain_step(lambda x: np.maximum(x, 0)),
    "rnn_sigmoid": plain_step(sigmoid),
}


def run_equations(cell: str, w: Weights, x: np.ndarray, state: np.ndarray) -> np.ndarray:
    """x: (steps, batch, input); state: (states, batch, hidden). Returns (steps, batch, hidden)."""
    outputs = []
    for step in x:
        state = STEPS[cell](w, step, state)
        outputs.append(state[0])
    return np.stack(outputs)


def make_layer(cell: str, sizes: Tuple[int, int, int, int], **kwargs: bool) -> Tuple[RecurrentLayer, np.ndarray]:
    """A layer in double precision with weights that all change the output, and its input."""
    steps, batch, input_size, hidden_size = sizes
    layer = RecurrentLayer(input_size, hidden_size, cell, **kwargs).double()
    generator = torch.Generator().manual_seed(sum(sizes))
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter.normal_(0, 0.7, generator=generator)
    return layer, torch.randn(steps, batch, input_size, generator=generator, dtype=torch.float64).numpy()


def weights_of(layer: RecurrentLayer) -> Weights:
    return {name: parameter.detach().numpy().copy() for name, parameter in layer.rnn.named_parameters()}


def n_states(cell: str) -> int:
    return 2 if cell == "lstm" else 1


@pytest.mark.parametrize("cell", CELLS)
@given(sizes=sizes)
def test_forward_follows_equations(cell: str, sizes: Tuple[int, int, int, int]) -> None:
    layer, x = make_layer(cell, sizes)
    zeros = np.zeros((n_states(cell), sizes[1], sizes[3]))
    y = layer(torch.from_numpy(x)).detach().numpy()
    np.testing.assert_allclose(y, run_equations(cell, weights_of(layer), x, zeros), atol=1e-12)


@pytest.mark.parametrize("cell", CELLS)
@given(sizes=sizes)
def test_initial_state(cell: str, sizes: Tuple[int, int, int, int]) -> None:
    """Each sequence starts from the learned state, or from a given state instead."""
    layer, x = make_layer(cell, sizes, learn_initial_state=True)
    assert layer.initial is not None
    learned = np.repeat(layer.initial.detach().numpy()[:, None], sizes[1], axis=1)
    y = layer(torch.from_numpy(x)).detach().numpy()
    np.testing.assert_allclose(y, run_equations(cell, weights_of(layer), x, learned), atol=1e-12)
    state = np.random.default_rng(1).normal(size=learned.shape)
    y = layer(torch.from_numpy(x), torch.from_numpy(state)).detach().numpy()
    np.testing.assert_allclose(y, run_equations(cell, weights_of(layer), x, state), atol=1e-12)


@pytest.mark.parametrize("cell", CELLS)
def test_gradients_agree_with_finite_differences(cell: str) -> None:
    """Of the equations in numpy, with respect to the input, the initial state and every weight."""
    layer, x = make_layer(cell, (4, 2, 3, 3), learn_initial_state=True)
    direction = np.random.default_rng(2).normal(size=(4, 2, 3))
    tensor = torch.from_numpy(x.copy()).requires_grad_()
    (layer(tensor) * torch.from_numpy(direction)).sum().backward()
    assert layer.initial is not None and tensor.grad is not None

    arrays = {**weights_of(layer), "x": x, "initial": layer.initial.detach().numpy().copy()}
    found: Dict[str, Any] = {"x": tensor.grad, "initial": layer.initial.grad}
    found.update({name: parameter.grad for name, parameter in layer.rnn.named_parameters()})

    def loss() -> float:
        state = np.repeat(arrays["initial"][:, None], 2, axis=1)
        return float((run_equations(cell, arrays, arrays["x"], state) * direction).sum())

    for name, array in arrays.items():
        expected = np.zeros_like(array)
        for place in np.ndindex(array.shape):
            value = array[place]
            array[place] = value + 1e-6
            above = loss()
            array[place] = value - 1e-6
            expected[place] = (above - loss()) / 2e-6
            array[place] = value
        np.testing.assert_allclose(found[name].numpy(), expected, rtol=1e-5, atol=1e-7, err_msg=name)


@pytest.mark.parametrize("cell", CELLS)
def test_initialization(cell: str) -> None:
    """Every gate's recurrent matrix is orthogonal; biases are 0, but 1 for the forget gate."""
    layer = RecurrentLayer(5, 6, cell, learn_initial_state=True)
    weights = weights_of(layer)
    gates = {"lstm": 4, "gru": 3}.get(cell, 1)
    for gate in np.split(weights["weight_hh_l0"], gates):
        np.testing.assert_allclose(gate @ gate.T, np.eye(6), atol=1e-5)
    bound = np.sqrt(6 / (5 + 6))
    for gate in np.split(weights["weight_ih_l0"], gates):
        assert 0 < np.abs(gate).max() <= bound
    bias = weights["bias_ih_l0"] + weights["bias_hh_l0"]
    expected = np.repeat([0.0, 1.0, 0.0, 0.0], 6) if cell == "lstm" else np.zeros(gates * 6)
    np.testing.assert_array_equal(bias, expected)
    assert layer.initial is not None and not layer.initial.any()


def test_gates_start_from_different_matrices() -> None:
    """One orthogonal matrix copied into all gates would tie them together."""
    gates = np.split(weights_of(RecurrentLayer(4, 4, "lstm"))["weight_hh_l0"], 4)
    assert all(np.abs(gates[0] - other).max() > 1e-3 for other in gates[1:])
