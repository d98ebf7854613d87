"""Where Thinc meets torch: calls, conversions, precision, devices and serialization."""

from . import fork as fork
from .convert import to_array, to_tensor
from .precision import PRECISIONS, Precision, resolve_precision
from .torch_shim import TorchShim, torch_layer

__all__ = [
    "PRECISIONS",
    "Precision",
    "TorchShim",
    "resolve_precision",
    "to_array",
    "to_tensor",
    "torch_layer",
]
