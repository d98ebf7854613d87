"""Torch as a program finds it when it starts, whatever the caller has set: a default device or dtype, `no_grad`,
`inference_mode` or `autocast`."""

from __future__ import annotations

import functools
import threading
from contextlib import ExitStack, contextmanager
from types import FunctionType
from typing import Any, Callable, Iterator, TypeVar, cast

import torch

Function = TypeVar("Function", bound=Callable[..., Any])
_DEVICE_TYPES = ("cpu", "cuda", "mps")


class _Thread(threading.local):
    inside = False
    """Whether a function that was decorated with `in_plain_torch` is running."""


_thread = _Thread()


def _is_plain() -> bool:
    """Whether nothing is set that matters to a call: a new tensor is an ordinary one on the CPU, gradients are recorded
    and nothing is cast."""
    tensor = torch.empty(0)
    is_ordinary = tensor.device.type == "cpu" and not tensor.is_inference() and torch.is_grad_enabled()
    return is_ordinary and not any(map(torch.is_autocast_enabled, _DEVICE_TYPES))


@contextmanager
def plain_torch(*, build: bool = False) -> Iterator[None]:
    """Set all of that back within the block.

    build: also the default dtype, which holds for all threads. Calls name their dtypes, so only what draws weights
        needs it.
    """
    with ExitStack() as stack:
        if build and torch.get_default_dtype() != torch.float32:
            stack.callback(torch.set_default_dtype, torch.get_default_dtype())
            torch.set_default_dtype(torch.float32)
        if not _is_plain():
            for context in (torch.inference_mode(False), torch.enable_grad(), torch.device("cpu")):
                stack.enter_context(context)
            for device_type in filter(torch.is_autocast_enabled, _DEVICE_TYPES):
                stack.enter_context(torch.autocast(device_type, enabled=False))
        yield


def in_plain_torch(function: Function) -> Function:
    """Decorate a function to run in `plain_torch`. So does a callback that it returns, alone or after its output, as
    the forward function of a Thinc layer does."""
    return cast(Function, functools.wraps(function)(_in_plain_torch(function)))


def _in_plain_torch(function: Callable) -> Callable:
    def call(*args: Any, **kwargs: Any) -> Any:
        if _thread.inside:
            return function(*args, **kwargs)
        _thread.inside = True
        try:
            if _is_plain():
                found = function(*args, **kwargs)
            else:
                with plain_torch():
                    found = function(*args, **kwargs)
        finally:
            _thread.inside = False
        if isinstance(found, FunctionType):
            return _in_plain_torch(found)
        if type(found) is tuple and len(found) == 2 and isinstance(found[1], FunctionType):
            return found[0], _in_plain_torch(found[1])
        return found

    return call
