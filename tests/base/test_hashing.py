"""Hashes of bytes and files."""

import hashlib
from pathlib import Path
from typing import List

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacy_rnn.base import hashing


@pytest.mark.parametrize("size", [0, 1, 10, 25])
def test_files_are_read_in_chunks(size: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hashing, "_CHUNK", 10)
    content = bytes(range(size))
    (tmp_path / "file").write_bytes(content)
    expected = hashlib.sha256(b"name" + content + b"end").hexdigest()
    assert hashing.sha256(b"name", tmp_path / "file", memoryview(b"end")) == expected


rows = st.lists(st.lists(st.floats(width=32), min_size=3, max_size=3), min_size=1, max_size=8)


@given(rows=rows, place=st.integers(0, 2), bit=st.integers(0, 31))
def test_rows_are_told_apart_by_every_bit(rows: List[List[float]], place: int, bit: int) -> None:
    """Each row has its own hash, whatever is around it; one bit changes it."""
    array = np.array(rows, dtype=np.float32)
    found = hashing.hash_rows(array)
    assert found.tolist() == [hashing.hash_rows(array[i : i + 1])[0] for i in range(len(array))]
    changed = array.copy()
    changed.view(np.uint32)[:, place] ^= np.uint32(1 << bit)
    assert not (hashing.hash_rows(changed) == found).any()
    distinct = {row.tobytes(): key for row, key in zip(array, found.tolist())}
    assert len(set(distinct.values())) == len(distinct)


@pytest.mark.parametrize("width", [0, 1, 2, 7, 300])
def test_rows_of_any_width(width: int) -> None:
    """Also rows that differ in their signs, or in the order of their numbers."""
    numbers = np.arange(1, width + 1, dtype=np.float32)
    others = np.stack([numbers, -numbers, np.roll(numbers, 1), 2 * numbers])
    distinct = len({row.tobytes() for row in others})
    assert len(set(hashing.hash_rows(others).tolist())) == distinct
    assert hashing.hash_rows(others[:0]).shape == (0,)
