"""Whether a module fits into the machine, told before it takes any memory."""

from __future__ import annotations

import os
from typing import Any, Callable, Dict, Optional, Tuple

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from ..errors import Errors, SettingError
from .serialize import Sizes


def check_memory(build: Callable[..., nn.Module], sizes: Sizes) -> None:
    """Raise ValueError for a module that cannot fit into this machine's memory, before it takes any."""
    try:
        with torch.device("meta"), _Undrawn():
            module = build(**sizes)
    except RuntimeError as error:  # more than can be counted
        raise SettingError(Errors.R185.format(found="more memory than can be counted", sizes=sizes)) from error
    needed = sum(tensor.numel() * tensor.element_size() for tensor in (*module.parameters(), *module.buffers()))
    if needed > physical_memory():
        found = f"{needed / 2**30:,.0f} GB of memory where there are {physical_memory() / 2**30:,.0f}"
        raise SettingError(Errors.R185.format(found=found, sizes=sizes))


class _Undrawn(TorchFunctionMode):
    """Leaves out what changes a tensor in place, such as drawing first weights: there are none to change, and
    for a tensor without memory torch would import its compiler to do so, which takes seconds."""

    def __torch_function__(
        self, func: Any, types: Any, args: Tuple[Any, ...] = (), kwargs: Optional[Dict[str, Any]] = None
    ) -> Any:
        name = getattr(func, "__name__", "")
        # torch.nn.init hands its tensor over by name.
        changed = args[0] if args else (kwargs or {}).get("tensor")
        if name.endswith("_") and not name.endswith("__") and isinstance(changed, Tensor):
            return changed
        return func(*args, **(kwargs or {}))


def physical_memory() -> float:
    """In bytes; infinite where the system does not tell."""
    try:
        return float(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    except (AttributeError, ValueError, OSError):
        return float("inf")
