"""Text as ids: what is read, what is unknown, and what is refused."""

import bz2
import gzip
import lzma
from pathlib import Path
from typing import Callable, List

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacy_rnn.errors import CorpusError
from spacy_rnn.lm.text import CharVocabulary, open_ids, paragraphs, read_lines, write_ids
from spacy_rnn.nn.char_lm import SEPARATOR, UNKNOWN

TEXT = "Größe 👍\n\n  \nsecond\r\nlast"


@given(st.text())
def test_known_characters_come_back(text: str) -> None:
    vocabulary = CharVocabulary.count([("", text)], 10_000)
    ids = vocabulary.encode(text)
    assert vocabulary.decode(ids.tolist()) == text
    assert UNKNOWN not in ids


def test_the_most_frequent_characters_are_known() -> None:
    vocabulary = CharVocabulary.count([("", "aaabbc"), ("", "bd")], 4)
    assert vocabulary.chars == "ab" and vocabulary.n_chars == 4
    assert vocabulary.encode("abc\nd").tolist() == [2, 3, UNKNOWN, SEPARATOR, UNKNOWN]
    assert vocabulary.decode([2, UNKNOWN]) == "a\ufffd"


@pytest.mark.parametrize(
    ("suffix", "compress"), [(".txt", bytes), (".xz", lzma.compress), (".gz", gzip.compress), (".bz2", bz2.compress)]
)
def test_compressed_or_not(tmp_path: Path, suffix: str, compress: Callable[[bytes], bytes]) -> None:
    path = tmp_path / f"text{suffix}"
    path.write_bytes(compress(TEXT.encode("utf8")))
    assert [text for _, text in paragraphs(path)] == ["Größe 👍", "second", "last"]


def test_zst_needs_a_package_or_is_read(tmp_path: Path) -> None:
    path = tmp_path / "text.zst"
    try:
        import zstandard
    except ImportError:
        path.write_bytes(b"")
        with pytest.raises(CorpusError, match="D201"):
            list(read_lines(path))
    else:
        path.write_bytes(zstandard.compress(TEXT.encode("utf8")))
        assert len(list(paragraphs(path))) == 3


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("a.txt", b"fine\n\xff\xfe", "D001.*:2"),
        ("a.xz", b"not compressed", "D200"),
        ("a.gz", gzip.compress(b"cut short" * 99, mtime=0)[:-9], "D200"),
    ],
)
def test_damaged_files(tmp_path: Path, name: str, content: bytes, code: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(CorpusError, match=code):
        list(read_lines(tmp_path / name))


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="D108"):
        list(read_lines(tmp_path / "nothing.txt"))


@pytest.mark.parametrize(
    ("backward", "expected"), [(False, [4, 2, 3, 1, 5, 3, 1, 2, 1]), (True, [4, 3, 2, 1, 5, 3, 1, 2, 1])]
)
def test_ids_on_disk(tmp_path: Path, backward: bool, expected: List[int]) -> None:
    """Labels stand first in both directions."""
    vocabulary = CharVocabulary("ab", ["x", "y"])
    n = write_ids(tmp_path / "ids", [("x", "ab"), ("y", "b"), ("", "a")], vocabulary, backward=backward)
    assert open_ids(tmp_path / "ids").tolist() == expected and n == len(expected)


def test_no_ids_on_disk(tmp_path: Path) -> None:
    write_ids(tmp_path / "ids", [], CharVocabulary("a"), backward=False)
    assert len(open_ids(tmp_path / "ids")) == 0


def test_unknown_label() -> None:
    with pytest.raises(CorpusError, match="D202.*'z'.*x, y"):
        CharVocabulary("ab", ["x", "y"]).label_id("z")
