"""The number format of matrix products."""

from __future__ import annotations

from typing import Any, Literal, Tuple, get_args

import torch

from ..errors import Errors, SettingError

Precision = Literal["auto", "bf16", "fp32"]
PRECISIONS: Tuple[str, ...] = get_args(Precision)


def has_bf16_units() -> bool:
    """Whether this CPU has units for products of bfloat16 matrices (AMX or AVX512-BF16)."""
    checks = ("_is_amx_tile_supported", "_is_avx512_bf16_supported")
    return any(getattr(torch.cpu, check, lambda: False)() for check in checks)


def resolve_precision(precision: str, device: torch.device) -> torch.dtype:
    """The type of matrix products: "auto" is bfloat16 on a CPU that has units for it and float32 elsewhere. Weights,
    gradients and results are always float32. Raises SettingError for an unknown precision."""
    if precision not in PRECISIONS:
        raise SettingError(Errors.R001.format(name="precision", value=precision, allowed=", ".join(PRECISIONS)))
    if precision == "auto":
        return torch.bfloat16 if device.type == "cpu" and has_bf16_units() else torch.float32
    return torch.bfloat16 if precision == "bf16" else torch.float32


class Autocast(torch.autocast):
    """Compute in a precision, see `resolve_precision`.

    keep: convert each weight once in the block. If the caller has an autocast of its own around the block, torch would
        also keep what it converted for the blocks that follow, whose weights may be others.
    """

    def __init__(self, precision: str, device: torch.device, *, keep: bool = True):
        enabled = resolve_precision(precision, device) is torch.bfloat16
        super().__init__(device.type, dtype=torch.bfloat16, enabled=enabled, cache_enabled=keep)

    def __exit__(self, *error: Any) -> None:
        super().__exit__(*error)
        torch.clear_autocast_cache()
