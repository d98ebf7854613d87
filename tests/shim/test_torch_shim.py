"""Calls, gradients, averages, copies and seeds of a torch module inside a Thinc model."""

from __future__ import annotations

from functools import partial
from typing import Any, Dict, Tuple

import numpy as np
import pytest
import torch
from thinc.api import Adam, Model, fix_random_seed, set_dropout_rate
from torch import Tensor, nn

from spacy_rnn.nn.dropout import SequenceDropout
from spacy_rnn.shim import TorchShim, to_array, to_tensor, torch_layer


class Affine(nn.Module):
    """A small module with weights, dropout, and a parameter that is not used."""

    def __init__(self, size: int = 2):
        super().__init__()
        self.linear = nn.Linear(3, size)
        self.unused = nn.Parameter(torch.ones(2))
        self.dropout = SequenceDropout()

    def forward(self, x: Tensor) -> Tensor:
        return self.dropout(self.linear(x))


X = np.random.default_rng(0).normal(size=(4, 3)).astype("f")


def make_shim(**kwargs: Any) -> Any:
    return TorchShim(Affine, {}, precision="fp32", **kwargs)


def weights(shim: TorchShim) -> Dict[str, np.ndarray]:
    return {name: parameter.detach().numpy().copy() for name, parameter in shim.module.named_parameters()}


def step(shim: TorchShim, optimizer: Any) -> None:
    output, backprop = shim.begin_update((torch.from_numpy(X),))
    backprop(np.ones(output.shape, dtype="f"))
    shim.finish_update(optimizer)


def same(first: Dict[str, np.ndarray], second: Dict[str, np.ndarray]) -> bool:
    return all(np.array_equal(first[name], second[name]) for name in first)


def test_predict_and_update_agree_without_dropout() -> None:
    shim = make_shim()
    predicted = to_array(shim.predict((torch.from_numpy(X),)))
    output, _ = shim.begin_update((torch.from_numpy(X),))
    np.testing.assert_array_equal(to_array(output), predicted)
    expected = X @ shim.module.linear.weight.detach().numpy().T + shim.module.linear.bias.detach().numpy()
    np.testing.assert_allclose(predicted, expected, atol=1e-6)


def test_gradients_of_inputs_and_weights() -> None:
    shim = make_shim()
    x = to_tensor(X, shim.device, requires_grad=True)
    output, backprop = shim.begin_update((x,))
    gradient = np.random.default_rng(1).normal(size=output.shape).astype("f")
    backprop(gradient)
    assert x.grad is not None
    np.testing.assert_allclose(x.grad.numpy(), gradient @ shim.module.linear.weight.detach().numpy(), atol=1e-6)
    np.testing.assert_allclose(shim.module.linear.weight.grad.numpy(), gradient.T @ X, atol=1e-6)


def test_updates_add_up_until_finished() -> None:
    shim = make_shim()
    for _ in range(2):
        output, backprop = shim.begin_update((torch.from_numpy(X),))
        backprop(np.ones(output.shape, dtype="f"))
    np.testing.assert_allclose(shim.module.linear.bias.grad.numpy(), np.full(2, 8.0))
    shim.finish_update(Adam(0.01))
    assert all(parameter.grad is None for parameter in shim.module.parameters())


def test_finished_update_changes_weights_down_the_slope() -> None:
    shim = make_shim()
    before = weights(shim)
    step(shim, Adam(0.01, use_averages=False))
    after = weights(shim)
    np.testing.assert_allclose(after["linear.bias"], before["linear.bias"] - 0.01, atol=1e-4)
    np.testing.assert_array_equal(after["unused"], before["unused"])


def test_optimizer_may_keep_the_gradient() -> None:
    """`nlp.rehearse` collects gradients and applies them later; they must not be cleared."""
    shim = make_shim()
    kept: Dict[Any, Tuple] = {}

    def collect(key: Any, W: Any, dW: Any) -> Tuple:
        kept[key] = (W, dW)
        return W, dW

    step(shim, collect)
    step(shim, lambda key, W, dW: (W, dW))
    assert set(kept) == {(shim.id, "linear.weight"), (shim.id, "linear.bias")}
    np.testing.assert_allclose(kept[(shim.id, "linear.bias")][1], np.full(2, 4.0))


def test_optimizer_that_returns_new_arrays() -> None:
    shim = make_shim()
    step(shim, lambda key, W, dW: (np.zeros_like(W), dW))
    assert not weights(shim)["linear.weight"].any()


def test_output_is_cut_loose_from_autograd() -> None:
    """An in-place edit of the output array changes no gradient."""
    shim: Any = TorchShim(partial(nn.Sequential, nn.Linear(3, 2), nn.Sigmoid()), {}, precision="fp32")
    x = to_tensor(X, shim.device, requires_grad=True)
    output, backprop = shim.begin_update((x,))
    array = to_array(output)
    values = array.copy()
    array[:] = 100.0
    backprop(np.ones(output.shape, dtype="f"))
    assert x.grad is not None
    expected = (values * (1 - values)) @ shim.module[0].weight.detach().numpy()
    np.testing.assert_allclose(x.grad.numpy(), expected, atol=1e-6)


def test_dropout_rate_reaches_the_module() -> None:
    model: Model = Model("affine", lambda model, X, is_train: X, shims=[make_shim()], attrs={"dropout_rate": 0.0})
    set_dropout_rate(model, 0.4)
    module: Any = torch_layer(model)[1]
    assert module.dropout.p == 0.4
    set_dropout_rate(model, 0.0)
    torch_layer(model)
    assert module.dropout.p == 0.0


def test_averages_are_used_and_put_back() -> None:
    shim, optimizer = make_shim(), Adam(0.1, use_averages=True)
    for _ in range(3):
        step(shim, optimizer)
    own = weights(shim)
    with shim.use_params(optimizer.averages):
        averaged = weights(shim)
    np.testing.assert_allclose(averaged["linear.bias"], optimizer.averages[(shim.id, "linear.bias")])
    assert not np.array_equal(averaged["linear.bias"], own["linear.bias"])
    assert same(weights(shim), own)


def test_averages_are_put_back_after_an_error() -> None:
    shim, optimizer = make_shim(), Adam(0.1, use_averages=True)
    step(shim, optimizer)
    step(shim, optimizer)
    own = weights(shim)
    with pytest.raises(RuntimeError, match="evaluation failed"), shim.use_params(optimizer.averages):
        raise RuntimeError("evaluation failed")
    assert same(weights(shim), own)


def test_averages_of_others_are_left_alone() -> None:
    shim = make_shim()
    own = weights(shim)
    with shim.use_params({(shim.id + 1000, "linear.bias"): np.zeros(2, dtype="f"), "W": np.zeros(2)}):
        assert same(weights(shim), own)


def test_copies_are_independent() -> None:
    """A copy has weights and an id of its own, so that copies share no state of the optimizer."""
    shim = make_shim()
    copied = shim.copy()
    assert copied.id != shim.id and same(weights(copied), weights(shim))
    before = weights(copied)
    step(shim, Adam(0.1))
    assert same(weights(copied), before) and not same(weights(shim), before)


def test_initialize_resets_and_seeds_repeat() -> None:
    shim = make_shim()
    fix_random_seed(3)
    shim.initialize()
    first = weights(shim)
    step(shim, Adam(0.1))
    shim.initialize()
    assert not np.array_equal(weights(shim)["linear.weight"], first["linear.weight"])
    fix_random_seed(3)
    shim.initialize()
    np.testing.assert_array_equal(weights(shim)["linear.weight"], first["linear.weight"])


def test_resize_builds_for_the_sizes() -> None:
    shim: Any = TorchShim(Affine, precision="fp32")
    with pytest.raises(ValueError, match="R018"):
        shim.module  # noqa: B018
    shim.resize({"size": 5})
    assert shim.module.linear.weight.shape == (5, 3)
    before = shim.module
    shim.resize({"size": 5})
    assert shim.module is before


def test_every_change_has_a_version() -> None:
    """Caches are valid as long as the version stays the same."""
    shim, optimizer = make_shim(), Adam(0.1, use_averages=True)
    step(shim, optimizer)
    seen = {shim.version}

    def changed() -> bool:
        new = shim.version not in seen
        seen.add(shim.version)
        return new

    step(shim, optimizer)
    assert changed()
    with shim.use_params(optimizer.averages):
        assert changed()
    assert changed()
    shim.from_bytes(shim.to_bytes())
    assert changed()
    shim.initialize()
    assert changed()
    with torch.no_grad():
        shim.module.linear.bias.add_(1)
    assert changed()
    shim.module.load_state_dict(shim.module.state_dict())
    assert changed()
    shim.resize({"size": 4})
    assert changed()
    shim.to_device("cpu", 0)
    assert changed()
    shim.predict((torch.from_numpy(X),))
    assert not changed()


def test_layer_without_its_module() -> None:
    for shims in ([], [make_shim(), make_shim()]):
        with pytest.raises(ValueError, match="R002.*'broken'"):
            torch_layer(Model("broken", lambda model, X, is_train: X, shims=shims))
