"""Optimizer steps on a table of which a batch uses only some rows."""

from __future__ import annotations

import copy
from typing import Any, List

import hypothesis.strategies as st
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from thinc.api import SGD, Adam, Optimizer, RAdam
from thinc.types import Floats2d

from spacy_rnn.nn.embed.tables import GrowingEmbedding
from spacy_rnn.shim import TorchShim
from spacy_rnn.shim.rows import update_rows

N, WIDTH = 6, 3
KEY = (1, "table")


def table() -> Any:
    return np.random.default_rng(0).normal(size=(N, WIDTH)).astype("f")


def weight_of(shim: TorchShim) -> Any:
    return shim.module.get_parameter("weight").detach().numpy()


def gradients(n: int, steps: int) -> List[Any]:
    return [np.random.default_rng(step).normal(size=(n, WIDTH)).astype("f") for step in range(steps)]


@pytest.mark.parametrize("make", [Adam, RAdam, SGD])
def test_with_all_rows_it_is_a_step_without_momentum(make: Any) -> None:
    rowwise, whole = table(), table()
    first, second = make(0.1, use_averages=True), make(0.1, use_averages=True)
    second.b1 = min(second.b1, 1e-12)
    order = np.arange(N)[::-1].copy()
    for gradient in gradients(N, 5):
        update_rows(first, KEY, rowwise, order, gradient[order])
        whole, _ = second(KEY, whole, gradient)
    np.testing.assert_allclose(rowwise, whole, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(first.averages[KEY], second.averages[KEY], rtol=1e-5, atol=1e-6)


@settings(max_examples=15)
@given(batches=st.lists(st.lists(st.integers(0, N - 1), unique=True, min_size=1), min_size=1, max_size=5))
def test_each_row_sees_only_its_own_steps(batches: List[List[int]]) -> None:
    found = table()
    optimizer = Adam(0.1, L2=0.0, grad_clip=0.0)
    steps = [dict(zip(rows, gradients(len(rows), 1)[0])) for rows in batches]
    for step in steps:
        update_rows(optimizer, KEY, found, np.array(list(step)), np.stack(list(step.values())))
    for row in range(N):
        # A table of this row alone: batches that do not use the row only increase the number of steps.
        expected, alone = table()[row : row + 1], Adam(0.1, L2=0.0, grad_clip=0.0, beta1=1e-12)
        for number, step in enumerate(steps):
            if row in step:
                alone.nr_update[KEY] = number
                expected, _ = alone(KEY, expected, step[row][None].copy())
        np.testing.assert_allclose(found[row : row + 1], expected, rtol=1e-5, atol=1e-6)


def test_averages_of_unused_rows_go_on() -> None:
    found = table()
    optimizer = Adam(0.1, use_averages=True)
    for _ in range(40):
        update_rows(optimizer, KEY, found, np.array([0]), np.ones((1, WIDTH), dtype="f"))
    np.testing.assert_array_equal(found[1:], table()[1:])
    distance = np.abs(optimizer.averages[KEY] - found).max(axis=1)
    assert (distance[1:] < 1e-3).all() and distance[0] > 1e-2


def test_an_error_leaves_the_optimizer_whole() -> None:
    found = table()
    optimizer = Adam(0.1, use_averages=True)
    update_rows(optimizer, KEY, found, np.array([0, 2]), gradients(2, 1)[0])
    with pytest.raises((ValueError, IndexError)):
        update_rows(optimizer, KEY, found, np.array([N]), gradients(1, 1)[0])
    assert optimizer.mom2[KEY].shape == (N * WIDTH,) and not optimizer.mom1
    assert optimizer.averages is not None and optimizer.b1 == 0.9


@pytest.mark.parametrize("batches", [[[1, 2, 1]], [[0], [3, 3], [2, 0]]])
def test_shim_hands_over_rows(batches: List[List[int]]) -> None:
    """The gradients of several backward passes, and of rows used twice, add up."""
    calls = []

    class Spy(Optimizer):
        def __call__(self, key: Any, weights: Any, gradient: Any, **kwargs: Any) -> Any:
            calls.append((weights.shape, gradient.copy()))
            return super().__call__(key, weights, gradient, **kwargs)

    shim = TorchShim(lambda: GrowingEmbedding(N, WIDTH, lazy=True), {}, precision="fp32")
    before = weight_of(shim).copy()
    expected = np.zeros((N, WIDTH), dtype="f")
    for number, batch in enumerate(batches, start=1):
        output, backprop = shim.begin_update((torch.tensor(batch),))
        backprop(np.full(output.shape, number, dtype="f"))
        np.add.at(expected, batch, np.float32(number))
    shim.finish_update(Spy(0.1, grad_clip=0.0))
    used = sorted({row for batch in batches for row in batch})
    assert [shape for shape, _ in calls] == [(len(used), WIDTH)]
    np.testing.assert_array_equal(calls[0][1], expected[used])
    changed = np.abs(weight_of(shim) - before).max(axis=1) > 0
    assert changed.nonzero()[0].tolist() == used


def test_other_optimizers_get_the_whole_table() -> None:
    shim = TorchShim(lambda: GrowingEmbedding(N, WIDTH, lazy=True), {}, precision="fp32")
    _, backprop = shim.begin_update((torch.tensor([4]),))
    backprop(np.ones((1, WIDTH), dtype="f"))
    shapes = []

    def plain(key: Any, weights: Floats2d, gradient: Floats2d) -> Any:
        shapes.append(gradient.shape)
        return weights - 0.1 * gradient, gradient

    shim.finish_update(plain)  # type: ignore[arg-type]
    assert shapes == [(N, WIDTH)]


@pytest.mark.parametrize("make", [Adam, RAdam, SGD])
@pytest.mark.parametrize("batches", [[[1, 2, 1]], [[0], [3, 3, 0], [2, 0]]])
def test_sparse_gradients_of_a_table_give_the_steps_of_dense_ones(make: Any, batches: List[List[int]]) -> None:
    """Equal to the last bit, even though memory is reused for gradients; averages are equal up to rounding."""
    shims = [TorchShim(lambda sparse=sparse: GrowingEmbedding(N, WIDTH, sparse=sparse), {}) for sparse in (True, False)]
    shims[1].module.load_state_dict(shims[0].module.state_dict())
    optimizers = [make(0.1, use_averages=True, L2=0.01, grad_clip=1.0) for _ in shims]
    for number, batch in enumerate(batches):
        for shim, optimizer in zip(shims, optimizers):
            for _ in range(2):  # gradients of two backward passes add up
                _, backprop = shim.begin_update((torch.tensor(batch),))
                backprop(gradients(len(batch), number + 1)[number])
            weight = shim.module.get_parameter("weight")
            assert weight.grad is not None and weight.grad.is_sparse == (shim is shims[0])
            shim.finish_update(optimizer)
            assert weight.grad is None
        np.testing.assert_array_equal(*map(weight_of, shims))
    found, expected = (optimizer.averages[shim.id, "weight"] for shim, optimizer in zip(shims, optimizers))
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


def test_memory_for_gradients_is_not_copied() -> None:
    shim = TorchShim(lambda: GrowingEmbedding(N, WIDTH, sparse=True), {})
    _, backprop = shim.begin_update((torch.tensor([4]),))
    backprop(np.ones((1, WIDTH), dtype="f"))
    shim.finish_update(SGD(0.1))
    assert shim._zeros and not copy.deepcopy(shim)._zeros and not shim.copy()._zeros


def test_a_table_forgets_a_gradient_that_was_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    shim = TorchShim(lambda: GrowingEmbedding(N, WIDTH, sparse=True), {})
    optimizer = SGD(0.1, grad_clip=0.0)
    for value in (np.inf, 1.0):
        _, backprop = shim.begin_update((torch.tensor([4]),))
        backprop(np.full((1, WIDTH), value, dtype="f"))
        before = weight_of(shim).copy()
        if np.isinf(value):
            with monkeypatch.context() as patch:
                patch.setattr(Optimizer, "__call__", refuse)
                with pytest.raises(ValueError, match="no step"):
                    shim.finish_update(optimizer)
        else:
            shim.finish_update(optimizer)
    moved = weight_of(shim) - before
    np.testing.assert_allclose(moved[4], -0.1, rtol=1e-5)
    assert not moved[:4].any() and not moved[5:].any()


def refuse(*args: Any, **kwargs: Any) -> Any:
    raise ValueError("no step")
