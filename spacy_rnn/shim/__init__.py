"""The bridge between Thinc and torch: calls, conversions, precision, devices and serialization."""

from . import fork as fork
from .ambient import in_plain_torch, plain_torch
from .convert import gradient_of, to_array, to_tensor
from .precision import PRECISIONS, Autocast, Precision, resolve_precision
from .torch_shim import TorchShim, mark_all_changed, shim_of, torch_layer

__all__ = [
    "TorchShim", "shim_of", "torch_layer", "mark_all_changed", "gradient_of", "to_array", "to_tensor",
    "PRECISIONS", "Precision", "resolve_precision", "Autocast", "in_plain_torch", "plain_torch",
]  # fmt: skip
