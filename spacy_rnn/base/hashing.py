"""Hashes of keys, bytes and files."""

import hashlib
from pathlib import Path
from typing import Union

import numpy as np

from ..types import KeyArray

_CHUNK = 1 << 20


def sha256(*parts: Union[bytes, memoryview, Path]) -> str:
    """The SHA-256, in hexadecimal digits, of bytes and of the contents of files, one after another."""
    digest = hashlib.sha256()
    for part in parts:
        if isinstance(part, Path):
            with part.open("rb") as opened:
                while chunk := opened.read(_CHUNK):
                    digest.update(chunk)
        else:
            digest.update(part)
    return digest.hexdigest()


def mix_bits(keys: KeyArray) -> KeyArray:
    """Spread keys evenly over 64 bits, by the finalizer of splitmix64 (Steele et al. 2014). (n,) to (n,)."""
    keys = keys + np.uint64(0x9E3779B97F4A7C15)
    keys = (keys ^ (keys >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    keys = (keys ^ (keys >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return keys ^ (keys >> np.uint64(31))
