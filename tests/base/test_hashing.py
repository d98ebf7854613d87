"""Hashes of bytes and files."""

import hashlib
from pathlib import Path

import pytest

from spacy_rnn.base import hashing


@pytest.mark.parametrize("size", [0, 1, 10, 25])
def test_files_are_read_in_chunks(size: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hashing, "_CHUNK", 10)
    content = bytes(range(size))
    (tmp_path / "file").write_bytes(content)
    expected = hashlib.sha256(b"name" + content + b"end").hexdigest()
    assert hashing.sha256(b"name", tmp_path / "file", memoryview(b"end")) == expected
