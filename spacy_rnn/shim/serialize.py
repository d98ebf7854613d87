"""Weights to bytes and back: safetensors with a JSON header. Loading runs no code."""

from __future__ import annotations

import json
from typing import Any, Dict, Iterator, Optional, Tuple, Union

import safetensors.torch
import torch
from safetensors import SafetensorError
from torch import Tensor, nn

from ..base.hashing import sha256
from ..errors import Errors, ModelFileError

FORMAT = "spacy-rnn"
# 1: without a checksum. 2: with one. 3: with sizes that are not all positive integers. All are read.
VERSION = 3

Sizes = Dict[str, Any]
"""The arguments that a module is built with: strings, integers, floats, booleans and None, by name."""
_SCALARS = (str, int, float, bool, type(None))


def to_safetensors(module: Optional[nn.Module], sizes: Optional[Sizes], **notes: Any) -> bytes:
    """Serialize a module's parameters and buffers, with the sizes that it was built with and notes in the header. A
    layer that is not built yet (None) is stored without weights."""
    state = {} if module is None else module.state_dict()
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in state.items()}
    version = 2 if all(type(value) is int and value > 0 for value in (sizes or {}).values()) else VERSION
    header = {"format": FORMAT, "version": version, "sizes": sizes, "sha256": checksum(sizes, tensors), **notes}
    return safetensors.torch.save(tensors, metadata={FORMAT: json.dumps(header)})


def from_safetensors(data: bytes) -> Tuple[Optional[Sizes], Dict[str, Tensor]]:
    """Read the sizes and the tensors from what `to_safetensors` returned.

    Raises ModelFileError for anything else, for a newer version of the format, and if a single bit was changed.
    """
    try:
        state = safetensors.torch.load(data)
        header = read_header(data)
        sizes, version = header.get("sizes"), header.get("version")
    except (SafetensorError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ModelFileError(Errors.R003.format(reason=str(error) or type(error).__name__)) from error
    are_sizes = sizes is None or (type(sizes) is dict and all(isinstance(size, _SCALARS) for size in sizes.values()))
    if type(version) is not int or version < 1 or not are_sizes:
        raise ModelFileError(Errors.R003.format(reason=f"its header is {header}"))
    if version > VERSION:
        raise ModelFileError(Errors.R180.format(found=version, known=VERSION))
    if version > 1 and header.get("sha256") != checksum(sizes, state):
        raise ModelFileError(Errors.R003.format(reason="their checksum is another one"))
    return sizes, state


def read_header(data: bytes, key: str = FORMAT) -> Dict[str, Any]:
    """The JSON object that a safetensors file has under a key of its metadata. Raises ValueError, KeyError or TypeError
    if it has none."""
    size = int.from_bytes(data[:8], "little")
    return dict(json.loads(json.loads(data[8 : 8 + size])["__metadata__"][key]))


def checksum(sizes: Optional[Sizes], tensors: Dict[str, Tensor]) -> str:
    """The SHA-256 of sizes, and of the names, types, shapes and numbers of tensors."""

    def parts() -> Iterator[Union[bytes, memoryview]]:
        yield json.dumps(sizes, sort_keys=True).encode("utf8")
        for name, tensor in sorted(tensors.items()):
            yield json.dumps([name, str(tensor.dtype), list(tensor.shape)]).encode("utf8")
            yield tensor.reshape(-1).view(torch.uint8).numpy().data

    return sha256(*parts())


def load_state(module: nn.Module, state: Dict[str, Tensor]) -> None:
    """Load tensors into a module. Raises ModelFileError unless all names and shapes fit."""
    try:
        module.load_state_dict(state, strict=True)
    except RuntimeError as error:
        reason = " ".join(str(error).split())
        raise ModelFileError(Errors.R004.format(module=type(module).__name__, reason=reason)) from error
