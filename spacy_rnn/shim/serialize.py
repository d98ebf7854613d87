"""Weights to bytes and back: safetensors with a JSON header. Loading runs no code."""

from __future__ import annotations

import hashlib
import json
from typing import Any, Dict, Optional, Tuple

import safetensors.torch
import torch
from safetensors import SafetensorError
from torch import Tensor, nn

from ..errors import Errors, ModelFileError

FORMAT = "spacy-rnn"
# 1: without a checksum, still read. 2: with one.
VERSION = 2

Sizes = Dict[str, int]


def to_safetensors(module: Optional[nn.Module], sizes: Optional[Sizes], **notes: Any) -> bytes:
    """A module's parameters and buffers; the header holds the sizes it was built with, and
    notes. A layer that is not built yet is stored without weights."""
    state = {} if module is None else module.state_dict()
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in state.items()}
    header = {"format": FORMAT, "version": VERSION, "sizes": sizes, "sha256": checksum(sizes, tensors), **notes}
    return safetensors.torch.save(tensors, metadata={FORMAT: json.dumps(header)})


def from_safetensors(data: bytes) -> Tuple[Optional[Sizes], Dict[str, Tensor]]:
    """Read what `to_safetensors` wrote: the sizes and the tensors. Raises ValueError for
    anything else, for what a newer version wrote, and where a bit of it was changed."""
    try:
        state = safetensors.torch.load(data)
        header = _read_header(data)
        sizes, version = header.get("sizes"), header.get("version")
    except (SafetensorError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ModelFileError(Errors.R003.format(reason=str(error) or type(error).__name__)) from error
    if type(version) is not int or version < 1 or not _are_sizes(sizes):
        raise ModelFileError(Errors.R003.format(reason=f"its header is {header}"))
    if version > VERSION:
        raise ModelFileError(Errors.R180.format(found=version, known=VERSION))
    if version > 1 and header.get("sha256") != checksum(sizes, state):
        raise ModelFileError(Errors.R003.format(reason="their checksum is another one"))
    return sizes, state


def read_notes(data: bytes) -> Dict[str, Any]:
    """The header of what `from_safetensors` can read, with the notes."""
    return _read_header(data)


def checksum(sizes: Optional[Sizes], tensors: Dict[str, Tensor]) -> str:
    """The SHA-256 of everything that a file of weights says: names, types, shapes and numbers."""
    digest = hashlib.sha256(json.dumps(sizes, sort_keys=True).encode("utf8"))
    for name, tensor in sorted(tensors.items()):
        digest.update(json.dumps([name, str(tensor.dtype), list(tensor.shape)]).encode("utf8"))
        digest.update(tensor.reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()


def load_state(module: nn.Module, state: Dict[str, Tensor]) -> None:
    """Load tensors into a module; raises ValueError unless names and shapes all fit."""
    try:
        module.load_state_dict(state, strict=True)
    except RuntimeError as error:
        reason = " ".join(str(error).split())
        raise ModelFileError(Errors.R004.format(module=type(module).__name__, reason=reason)) from error


def _read_header(data: bytes) -> Dict[str, Any]:
    size = int.from_bytes(data[:8], "little")
    metadata = json.loads(data[8 : 8 + size])["__metadata__"]
    return dict(json.loads(metadata[FORMAT]))


def _are_sizes(sizes: Any) -> bool:
    return sizes is None or (
        isinstance(sizes, dict) and all(type(value) is int and value > 0 for value in sizes.values())
    )
