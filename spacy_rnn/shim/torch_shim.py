"""A torch module as part of a Thinc model."""

from __future__ import annotations

import contextlib
import copy
import json
import pickle
import warnings
from typing import Any, Callable, Dict, Iterator, Optional, Tuple

import torch
from thinc.api import Model, Optimizer, Shim
from thinc.util import get_torch_default_device, torch2xp
from torch import Tensor, nn

from ..errors import Errors, ModelFileError, NotInitializedError, SettingError, UserError
from ..nn.dropout import set_dropout
from .ambient import in_plain_torch, plain_torch
from .convert import same_memory, to_tensor
from .memory import check_memory
from .precision import Autocast, resolve_precision
from .rows import update_rows, update_table
from .serialize import Sizes, from_safetensors, load_state, to_safetensors


class TorchShim(Shim):
    """Runs a torch module inside a Thinc model.

    Unlike `thinc.api.PyTorchShim`, it applies the optimizer's averages, supports rehearsal, gives each copy an id of
    its own, computes in bfloat16 on CPUs with units for it, and stores safetensors instead of a pickle.

    build: creates the module; called with `sizes` as keyword arguments.
    sizes: the sizes that depend on the data, such as the number of labels; None until `resize` is called or saved
        weights, which include their sizes, are loaded.
    precision: "auto", "bf16" or "fp32", see `resolve_precision`.

    Raises SettingError for an unknown precision and for a module that does not fit into memory.
    """

    _model: Optional[nn.Module]

    def __init__(self, build: Callable[..., nn.Module], sizes: Optional[Sizes] = None, *, precision: str = "auto"):
        super().__init__(None)
        resolve_precision(precision, torch.device("cpu"))
        self.precision = precision
        self.sizes: Optional[Sizes] = None
        self._build = build
        self.device = get_torch_default_device()
        self._changes = 0
        self._zeros: Dict[str, Tensor] = {}  # reused to make sparse gradients dense
        if sizes is not None:
            self.resize(sizes)

    def resize(self, sizes: Sizes) -> None:
        """Build the module with these sizes, unless it has them already."""
        if sizes != self.sizes:
            self._model = self._make(sizes)
            self.sizes = dict(sizes)
            self.mark_changed()

    def _make(self, sizes: Sizes) -> nn.Module:
        # `initialize` draws the weights. Drawing here must not change what a seed gives.
        with plain_torch(build=True), torch.random.fork_rng(devices=[]):
            check_memory(self._build, sizes)
            return self._build(**sizes).to(self.device)

    @property
    def module(self) -> nn.Module:
        """The torch module. Raises NotInitializedError if it is not built yet."""
        if self._model is None:
            raise NotInitializedError(Errors.R018)
        return self._model

    @property
    def version(self) -> Tuple[int, int, str, str]:
        """A value that is different whenever the weights, or how they are computed with, may have changed."""
        written = sum(parameter._version for parameter in self.module.parameters())
        return self._changes, written, str(self.device), self.precision

    def mark_changed(self) -> None:
        """Declare the weights changed."""
        self._changes += 1

    touch = mark_changed  # its former name

    @in_plain_torch
    def initialize(self) -> None:
        """Draw all weights from torch's random state, by each module's `reset_parameters`."""
        # Children first: a module may change the first weights of its children.
        for module in reversed(list(self.module.modules())):
            reset = getattr(module, "reset_parameters", None)
            if reset is not None:
                reset()
        for parameter in self.module.parameters():
            parameter.grad = None
        self.mark_changed()

    @in_plain_torch
    def predict(self, inputs: Tuple[Any, ...]) -> Tensor:
        """Call the module in evaluation mode, without recording gradients."""
        module = self.module
        if module.training:
            module.eval()
        with torch.inference_mode(), Autocast(self.precision, self.device, keep=False):
            return module(*inputs)

    @in_plain_torch
    def begin_update(self, inputs: Tuple[Any, ...]) -> Tuple[Tensor, Callable[[Any], None]]:
        """Call the module in training mode. Returns its output, and a callback that takes the gradient of the output
        and accumulates the gradients of the weights and the inputs."""
        self.mark_changed()
        module = self.module.train()
        with torch.enable_grad(), Autocast(self.precision, self.device):
            output = module(*inputs)

        def backprop(d_output: Any) -> None:
            if output.requires_grad:  # which it does not for a batch without tokens
                output.backward(to_tensor(d_output, output.device).to(output.dtype).view(output.shape))

        return output, backprop

    @in_plain_torch
    def finish_update(self, optimizer: Optimizer) -> None:
        """Let the optimizer update the weights under the keys (shim id, parameter name)."""
        for name, parameter in self.module.named_parameters():
            if parameter.grad is None:
                continue
            # A new array in each update, since `nlp.rehearse` keeps them.
            gradient, parameter.grad = parameter.grad, None
            weights: Any = torch2xp(parameter.data)
            if gradient.is_sparse and isinstance(optimizer, Optimizer):
                updated = self._update_table(optimizer, name, weights, gradient)
            else:
                d_weights: Any = torch2xp(gradient.to_dense())
                updated, _ = optimizer((self.id, name), weights, d_weights)
            if not same_memory(updated, parameter):
                with torch.no_grad():
                    parameter.copy_(to_tensor(updated, parameter.device))
        self.mark_changed()

    def _update_table(self, optimizer: Optimizer, name: str, weights: Any, gradient: Tensor) -> Any:
        """Update a table whose gradient is sparse. Returns the new weights."""
        key = (self.id, name)
        if getattr(self.module.get_submodule(name.rpartition(".")[0]), "lazy", False):
            gradient = gradient.coalesce()
            update_rows(optimizer, key, weights, torch2xp(gradient.indices()[0]), torch2xp(gradient.values()))
            return weights
        zeros = self._zeros.get(name)
        if zeros is None or zeros.shape != gradient.shape or zeros.device != gradient.device:
            zeros = self._zeros[name] = torch.zeros(gradient.shape, dtype=torch.float32, device=gradient.device)
        # Not coalesced, so that the sum is that of a dense gradient to the last bit.
        rows = gradient._indices()[0]
        whole: Any = torch2xp(zeros.index_add_(0, rows, gradient._values()))
        try:
            return update_table(optimizer, key, weights, whole)
        finally:
            zeros.index_fill_(0, rows, 0.0)

    @contextlib.contextmanager
    def use_params(self, params: Dict[Any, Any]) -> Iterator[None]:
        """Use the optimizer's averages within the block, and restore the weights in any case."""
        averaged = {
            parameter: to_tensor(params[(self.id, name)], parameter.device)
            for name, parameter in self.module.named_parameters()
            if (self.id, name) in params
        }
        if not averaged:
            yield
            return
        backup = {parameter: parameter.detach().clone() for parameter in averaged}
        try:
            self._write(averaged)
            yield
        finally:
            self._write(backup)

    @in_plain_torch
    def _write(self, values: Dict[nn.Parameter, Tensor]) -> None:
        with torch.no_grad():
            for parameter, value in values.items():
                parameter.copy_(value)
        self.mark_changed()

    @in_plain_torch
    def copy(self) -> "TorchShim":
        """A copy with an id of its own, so that no two copies share the optimizer's state."""
        copied = self.like()
        copied.sizes = copy.deepcopy(self.sizes)
        copied._model = copy.deepcopy(self._model)
        return copied

    def like(self) -> "TorchShim":
        """A new shim with the same settings, whose module is not built yet."""
        new = TorchShim(self._build, precision=self.precision)
        new.device = self.device
        return new

    def __getstate__(self) -> Dict[str, Any]:
        return {**self.__dict__, "_model": pickle.dumps(self._model), "_zeros": {}}

    def __setstate__(self, state: Dict[str, Any]) -> None:
        # In a pickle of its own, so that no tensor is made before this is called.
        with plain_torch():
            self.__dict__.update(state, _model=pickle.loads(state["_model"]))

    @in_plain_torch
    def to_device(self, device_type: str, device_id: int) -> None:
        """device_type: "cpu", "gpu" or "mps", as Thinc names them."""
        self.device = torch.device({"gpu": f"cuda:{device_id}"}.get(device_type, device_type))
        if self._model is not None:
            self._model.to(self.device)
        self.mark_changed()

    @in_plain_torch
    def to_bytes(self) -> bytes:
        return to_safetensors(self._model, self.sizes)

    @in_plain_torch
    def from_bytes(self, data: bytes) -> "TorchShim":
        """Load saved weights and the sizes of their module. Raises ModelFileError if the data is damaged or foreign or
        does not fit this module; the shim is then unchanged."""
        sizes, state = from_safetensors(data)
        if sizes is not None:
            module = self._build_for(sizes, state)
            load_state(module, state)
            self._model, self.sizes = module, sizes
        self.mark_changed()
        return self

    def _build_for(self, sizes: Sizes, state: Dict[str, Tensor]) -> nn.Module:
        # As JSON, which tells 1 from 1.0 and true.
        if self._model is not None and json.dumps(sizes) == json.dumps(self.sizes):
            return copy.deepcopy(self._model)
        try:
            # On the meta device first, so that a file with wrong sizes allocates no memory.
            with plain_torch(build=True), torch.random.fork_rng(devices=[]), warnings.catch_warnings():
                warnings.simplefilter("ignore", UserWarning)
                with torch.device("meta"):
                    load_state(self._build(**sizes), state)
            return self._make(sizes)
        except UserError:
            raise
        except Exception as error:  # a foreign header can make a module raise anything
            raise ModelFileError(Errors.R003.format(reason=f"its sizes are {sizes}")) from error

    def keep(self) -> Callable[[], None]:
        """Returns a callback that restores the present weights, for use after a load that failed halfway."""
        module, sizes = self._model, self.sizes

        def put_back() -> None:
            self._model, self.sizes = module, sizes
            self.mark_changed()

        return put_back


def shim_of(model: Model) -> TorchShim:
    """The shim of a Thinc node that wraps one torch module. Raises SettingError for any other node."""
    if len(model.shims) == 1 and isinstance(model.shims[0], TorchShim):
        return model.shims[0]
    raise SettingError(Errors.R002.format(name=model.name))


def torch_layer(model: Model) -> Tuple[TorchShim, nn.Module]:
    """The shim and the module of a Thinc node that wraps one torch module. The module's dropout rate is set to that of
    the node (see `thinc.api.set_dropout_rate`)."""
    shim = shim_of(model)
    rate: Optional[float] = model.attrs.get("dropout_rate")
    if rate is not None:
        set_dropout(shim.module, rate)
    return shim, shim.module


def mark_all_changed(model: Model) -> None:
    """Declare all weights of a Thinc model changed, so that no result kept from them is used again."""
    for node in model.walk():
        for shim in node.shims:
            if isinstance(shim, TorchShim):
                shim.mark_changed()
