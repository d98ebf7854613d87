"""Hashes of keys, bytes and files."""

import hashlib
from contextlib import nullcontext
from functools import lru_cache
from pathlib import Path
from typing import IO, Iterable, Union

import numpy as np

from ..types import FloatArray, KeyArray

_CHUNK = 1 << 20


def sha256(*parts: Union[bytes, memoryview, Path, IO[bytes]]) -> str:
    """The SHA-256, in hexadecimal digits, of bytes, of files and of the rest of streams, one after another."""
    return sha256_of(parts)


def sha256_of(parts: Iterable[Union[bytes, memoryview, Path, IO[bytes]]]) -> str:
    """The same for parts of which each is made when it is its turn."""
    digest = hashlib.sha256()
    for part in parts:
        if isinstance(part, (bytes, memoryview)):
            digest.update(part)
            continue
        with part.open("rb") if isinstance(part, Path) else nullcontext(part) as opened:
            while chunk := opened.read(_CHUNK):
                digest.update(chunk)
    return digest.hexdigest()


def mix_bits(keys: KeyArray) -> KeyArray:
    """Spread keys evenly over 64 bits, by the finalizer of splitmix64 (Steele et al. 2014). (n,) to (n,)."""
    keys = keys + np.uint64(0x9E3779B97F4A7C15)
    keys = (keys ^ (keys >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    keys = (keys ^ (keys >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return keys ^ (keys >> np.uint64(31))


def hash_rows(rows: FloatArray) -> KeyArray:
    """A hash of the bits of each row, (n, width) float32 to (n,): two sums modulo 2**64 of a row's numbers, each times
    a random one (multilinear hashing, Carter & Wegman 1979)."""
    width = rows.shape[1]
    if width % 2:
        rows = np.pad(rows, ((0, 0), (0, 1)))
    pairs = np.ascontiguousarray(rows).view(np.uint64)
    first, second = (pairs @ _factors(-(-width // 2))).T
    return mix_bits(first) ^ mix_bits(~mix_bits(second))


@lru_cache(maxsize=8)
def _factors(n: int) -> KeyArray:
    """Odd random numbers, (n, 2), the same in each process."""
    return np.random.default_rng(n).integers(2**63, size=(n, 2), dtype=np.uint64) * np.uint64(2) + np.uint64(1)
