"""A check whether a module fits into memory, before it is allocated."""

from __future__ import annotations

import os
from typing import Any, Callable, Dict, Optional, Tuple

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from ..errors import Errors, SettingError
from .serialize import Sizes


def check_memory(build: Callable[..., nn.Module], sizes: Sizes) -> None:
    """Raises SettingError if the module `build(**sizes)` is larger than this machine's memory. Allocates none."""
    try:
        with torch.device("meta"), _Undrawn():
            module = build(**sizes)
    except RuntimeError as error:  # the number of bytes overflows
        raise SettingError(Errors.R185.format(found="more memory than can be counted", sizes=sizes)) from error
    needed = sum(tensor.numel() * tensor.element_size() for tensor in (*module.parameters(), *module.buffers()))
    if needed > physical_memory():
        found = f"{needed / 2**30:,.0f} GB of memory where there are {physical_memory() / 2**30:,.0f}"
        raise SettingError(Errors.R185.format(found=found, sizes=sizes))


class _Undrawn(TorchFunctionMode):
    """Skips operations that change a tensor in place, such as drawing first weights. Tensors on the meta device have no
    values, and for some operations on them torch imports its compiler, which takes seconds."""

    def __torch_function__(
        self, func: Any, types: Any, args: Tuple[Any, ...] = (), kwargs: Optional[Dict[str, Any]] = None
    ) -> Any:
        name = getattr(func, "__name__", "")
        # torch.nn.init passes its tensor by name.
        changed = args[0] if args else (kwargs or {}).get("tensor")
        if name.endswith("_") and not name.endswith("__") and isinstance(changed, Tensor):
            return changed
        return func(*args, **(kwargs or {}))


def physical_memory() -> float:
    """The size of the memory in bytes, infinite if the system does not report it."""
    try:
        return float(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    except (AttributeError, ValueError, OSError):
        return float("inf")
