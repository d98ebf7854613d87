"""Thinc layers that run a torch module, for features of words and other inputs without a network below."""

from typing import Any, Callable, List, Tuple

from thinc.api import Model
from thinc.types import Floats2d
from torch import nn

from ...shim import TorchShim, gradient_of, in_plain_torch, shim_of, to_array, to_tensor, torch_layer
from ..types import WordFeature, WordTypes

Forward = Callable[[Model, WordTypes, bool], Tuple[Floats2d, Callable]]


def torch_feature(
    name: str, forward: Forward, build: Callable[[], nn.Module], width: int, precision: str, **attrs: Any
) -> WordFeature:
    """A layer from distinct words to vectors, (n_types, width), computed by a torch module. attrs: settings that
    `forward` reads."""
    return Model(
        name,
        forward,
        init=init_torch_layer,
        shims=[TorchShim(build, {}, precision=precision)],
        dims={"nO": width},
        attrs={"dropout_rate": 0.0, **attrs},
    )


def init_torch_layer(model: Model, X: Any = None, Y: Any = None) -> None:
    shim_of(model).initialize()


@in_plain_torch
def run_torch_layer(model: Model, X: Floats2d, is_train: bool, *more: Any) -> Tuple[Floats2d, Callable]:
    """Call the module on X, (n, nI) to (n, nO), and on more arrays, which take no gradient."""
    shim, _ = torch_layer(model)
    x = to_tensor(X, shim.device, requires_grad=is_train)
    output, backward = run_torch_feature(shim, (x, *(to_tensor(array, shim.device) for array in more)), is_train)

    def backprop(d_output: Floats2d) -> Floats2d:
        backward(d_output)
        return gradient_of(x)

    return output, backprop


def run_torch_feature(shim: TorchShim, inputs: Tuple[Any, ...], is_train: bool) -> Tuple[Floats2d, Callable]:
    """Call the module on tensors without a layer below that takes their gradient."""
    if not is_train:
        return to_array(shim.predict(inputs)), lambda d_vectors: []
    output, backprop = shim.begin_update(inputs)

    def finish(d_vectors: Floats2d) -> List:
        backprop(d_vectors)
        return []

    return to_array(output), finish
