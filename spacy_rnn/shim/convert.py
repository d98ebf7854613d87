"""Conversion between arrays and tensors, without copies where they can share memory."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from thinc.api import get_array_module
from thinc.util import torch2xp, xp2torch
from torch import Tensor


def to_tensor(array: Any, device: torch.device, *, requires_grad: bool = False) -> Tensor:
    """Convert an array of Thinc's backend, or of numpy, to a tensor on `device`."""
    if isinstance(array, np.ndarray):
        tensor = torch.from_numpy(array if array.flags.writeable else array.copy()).to(device)
    else:
        tensor = xp2torch(array, device=device)
    return tensor.requires_grad_() if requires_grad else tensor


def to_array(tensor: Tensor) -> Any:
    """Convert a tensor to a float32 array of Thinc's backend. It shares no memory with the graph, so that an in-place
    edit by the caller does not change what a later backward pass reads."""
    detached = tensor.detach().float()
    if detached.data_ptr() == tensor.data_ptr() and tensor.requires_grad:
        detached = detached.clone()
    return torch2xp(detached)


def gradient_of(tensor: Tensor) -> Any:
    """The gradient that backward passes accumulated in a tensor, zeros if there was none, as an array of Thinc's
    backend."""
    return to_array(torch.zeros_like(tensor) if tensor.grad is None else tensor.grad)


def same_memory(array: Any, tensor: Tensor) -> bool:
    """Whether an array is a view of a CPU tensor's memory."""
    return get_array_module(array) is np and tensor.device.type == "cpu" and array.ctypes.data == tensor.data_ptr()
