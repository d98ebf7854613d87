"""Text files of every compression, and errors that name file and line."""

import bz2
import gzip
import lzma
import os
import pickle
import zlib
from pathlib import Path
from typing import Any, Callable, List

import pytest

from spacy_rnn.data.convert import convert_treebank
from spacy_rnn.data.fetch.labelled import split_folder
from spacy_rnn.data.fetch.treebanks import fetch_treebank
from spacy_rnn.data.text_files import plain_name, read_lines
from spacy_rnn.data.textcat_corpus import convert_textcat
from spacy_rnn.errors import CorpusError

from .treebank import write_splits

TEXT = "\ufeffGröße 👍\n\n  \nsecond\u2028line\r\nlast"
LINES = ["Größe 👍", "", "  ", "second\u2028line", "last"]


@pytest.mark.parametrize(
    ("suffix", "compress"),
    [("", bytes), (".txt", bytes), (".xz", lzma.compress), (".gz", gzip.compress), (".bz2", bz2.compress)],
)
def test_compressed_or_not(tmp_path: Path, suffix: str, compress: Callable[[bytes], bytes]) -> None:
    path = tmp_path / f"text{suffix}"
    path.write_bytes(compress(TEXT.encode("utf8")))
    assert list(read_lines(path)) == LINES
    assert plain_name(path.name) == ("text.txt" if suffix == ".txt" else "text")


def test_zst_needs_a_package_or_is_read(tmp_path: Path) -> None:
    path = tmp_path / "text.zst"
    assert plain_name(path.name) == "text"
    try:
        import zstandard
    except ImportError:
        path.write_bytes(b"")
        with pytest.raises(CorpusError, match="D201"):
            list(read_lines(path))
    else:
        # Two frames, as parallel compressors write them.
        path.write_bytes(zstandard.compress(TEXT[:9].encode("utf8")) + zstandard.compress(TEXT[9:].encode("utf8")))
        assert list(read_lines(path)) == LINES
        path.write_bytes(b"not compressed")
        with pytest.raises(CorpusError, match="D200"):
            list(read_lines(path))


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("a.txt", b"fine\n\xff\xfe", "D001.*:2"),
        ("a.txt", b"\xef\xbb\xbf\xff\n", "D001.*:1"),
        ("a.gz", gzip.compress(b"fine\n\nfine \xff\n\n", mtime=0), "D001.*:3"),
        ("a.xz", b"not compressed", "D200"),
        ("a.gz", gzip.compress(b"cut short" * 99, mtime=0)[:-9], "D200"),
        ("a.gz", gzip.compress(b"", mtime=0)[:10] + zlib.compress(b"damaged")[3:], "D200"),
    ],
)
def test_damaged_files(tmp_path: Path, name: str, content: bytes, code: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(CorpusError, match=code):
        list(read_lines(tmp_path / name))


def test_names_that_are_not_utf8(tmp_path: Path) -> None:
    """Written to JSON they would end the process."""
    name = os.fsdecode(b"caf\xe9")
    for label in (name, "tea"):
        (tmp_path / f"{label}.txt").write_text("one\ntwo\n")
    (tmp_path / f"{name}.csv").write_text("text,label\nx,a\n")
    calls: List[Callable[[], Any]] = [
        lambda: split_folder(tmp_path, tmp_path / "out"),
        lambda: convert_textcat([tmp_path / f"{name}.csv"], tmp_path / "out"),
        lambda: convert_textcat([tmp_path / "it.csv"], tmp_path / "out", labels=[name]),
        lambda: convert_treebank(write_splits(tmp_path / "ud", prefix=name), tmp_path / "out"),
        lambda: fetch_treebank(name, tmp_path / "out"),
    ]
    for call in calls:
        with pytest.raises(CorpusError, match=r"D115.*caf\\udce9"):
            call()
    assert not (tmp_path / "out").exists()


def test_messages_are_one_line_of_moderate_length() -> None:
    told = str(CorpusError(f"one\ntwo\u2028\x1b[31m {'x' * 10_000} end"))
    assert told.startswith(r"one\ntwo\u2028\x1b[31m x") and told.endswith("x end") and len(told) < 2100
    assert str(pickle.loads(pickle.dumps(CorpusError(told)))) == told


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="D108"):
        list(read_lines(tmp_path / "nothing.txt"))
