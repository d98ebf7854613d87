"""Files cut into pieces: every document is in one of them, whatever the size."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import List
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st
from spacy.tokens import DocBin
from spacy.vocab import Vocab

from spacy_rnn.apply import sources
from spacy_rnn.apply.sinks import Sink
from spacy_rnn.apply.sources import Record, Source
from spacy_rnn.errors import CorpusError

from ..helpers import TEXTS, VOCAB, make_doc
from .corpora import write_jsonl

lines = st.lists(st.text(st.characters(exclude_characters="\n\r", exclude_categories=["Cs"]), max_size=12), max_size=15)


def read_all(source: Source, size: int) -> List[Record]:
    return [record for group in source.cut(size) for piece in group for record in source.read(piece, VOCAB)]


@given(lines=lines, size=st.integers(1, 40), end=st.sampled_from(["", "\n"]))
def test_lines_of_any_piece_size(
    tmp_path_factory: pytest.TempPathFactory, lines: List[str], size: int, end: str
) -> None:
    path = tmp_path_factory.mktemp("lines") / "it.txt"
    text = "\n".join(lines) + end
    path.write_bytes(text.encode("utf8"))
    whole = read_all(Source(str(path)), 10**9)
    assert read_all(Source(str(path)), size) == whole
    assert [str(record.content) for record in whole] == (text.removesuffix("\n").split("\n") if text else [])
    assert len({record.id for record in whole}) == len(whole)


@given(
    data=st.lists(
        st.sampled_from(
            [
                b"a",
                b"\r",
                b"\n",
                b"\r\n",
                b"\0",
                b"\xff",
                b"\xef\xbb\xbf",
                b'{"text": "x"}\n',
                b"long" * 5,
                b"\xe2\x80\xa8",
            ]
        )
    ).map(b"".join),
    prefix=st.sampled_from([b"", b"\xef\xbb\xbf", b"\xff\xfe", b"a\0b\0"]),
    kind=st.sampled_from(["text", "jsonl"]),
    size=st.integers(1, 30),
)
def test_any_bytes_of_any_piece_size(
    tmp_path_factory: pytest.TempPathFactory, data: bytes, prefix: bytes, kind: str, size: int
) -> None:
    """Also with lines that are too long, and of a file in UTF-16."""
    path = tmp_path_factory.mktemp("bytes") / "it"
    path.write_bytes(prefix + data)
    with patch.object(sources, "LONGEST_LINE", 16):
        whole = read_all(Source(str(path), kind), 10**9)
        assert read_all(Source(str(path), kind), size) == whole
    assert all((record.content is None) == bool(record.error) for record in whole)


@pytest.mark.parametrize("size", [1, 100, 10**6])
def test_a_folder_of_all_kinds(tmp_path: Path, size: int) -> None:
    write_jsonl(tmp_path / "a" / "one.jsonl", 20)
    (tmp_path / "two.txt").write_text("\n".join(TEXTS))
    with gzip.open(tmp_path / "three.jsonl.gz", "wt") as opened:
        opened.write(json.dumps({"text": "zipped"}) + "\n")
    DocBin(docs=[make_doc(text.split()) for text in TEXTS]).to_disk(tmp_path / "four.spacy")
    (tmp_path / "_done").mkdir()
    (tmp_path / "_done" / "no.txt").write_text("not this")
    (tmp_path / "notes.md").write_text("nor this")
    found = read_all(Source(str(tmp_path)), size)
    assert len(found) == 20 + 4 + 1 + 4
    assert len({record.id for record in found}) == len(found)
    assert {record.id.partition(":")[0] for record in found} == {
        "a/one.jsonl",
        "two.txt",
        "three.jsonl.gz",
        "four.spacy",
    }
    assert not any(record.error for record in found)


@pytest.mark.parametrize("size", [1, 10**6])
def test_parquet(tmp_path: Path, size: int) -> None:
    pa = pytest.importorskip("pyarrow")
    from pyarrow.parquet import write_table

    rows = {"body": ["one", None, "three", "four", "five"], "key": ["a", "b", None, "d", "e"]}
    write_table(pa.table(rows), tmp_path / "it.parquet", row_group_size=2)
    found = read_all(Source(str(tmp_path), text="body", id="key"), size)
    assert [record.id for record in found] == ["a", "b", "it.parquet:1:0", "d", "e"]
    assert [bool(record.error) for record in found] == [False, True, True, False, False]
    assert len(read_all(Source(str(tmp_path), text="body"), size)) == 5
    with pytest.raises(CorpusError, match="D181.*'text'"):
        read_all(Source(str(tmp_path)), size)


def test_overlong_line_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And what follows it is read."""
    monkeypatch.setattr("spacy_rnn.apply.sources.LONGEST_LINE", 50)
    monkeypatch.setattr("spacy_rnn.apply.sources._STEP", 7)
    (tmp_path / "it.txt").write_text("short\n" + 200 * "x" + "\n" + 49 * "y" + "\nend")
    for size in (1, 20, 1000):
        found = read_all(Source(str(tmp_path)), size)
        assert [record.content for record in found] == ["short", None, 49 * "y", "end"]
        assert "longer" in found[1].error


def test_damaged_records_are_named(tmp_path: Path) -> None:
    bad = [
        b"{",
        b'"no object"',
        b'{"text": 3}',
        b'{"other": "x"}',
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"text": "good"}',
        b" ",
    ]
    (tmp_path / "it.jsonl").write_bytes(b"\n".join(bad))
    found = read_all(Source(str(tmp_path)), 50)
    assert [record.content for record in found if not record.error] == ["good"]
    assert len(found) == len(bad) - 1
    for record in found:
        place = int(record.id.partition(":")[2])
        assert place == 0 or (tmp_path / "it.jsonl").read_bytes()[place - 1 : place] == b"\n"


@pytest.mark.parametrize("data", [b"", b"\x78\x9c" + bytes(20), DocBin(docs=[make_doc(["a"])]).to_bytes()[:-9]])
def test_damaged_docbin_is_one_error(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "it.spacy").write_bytes(data)
    found = read_all(Source(str(tmp_path)), 1)
    assert [(record.id, record.error[:12]) for record in found] == [("it.spacy", "not a DocBin")]


def test_nothing_to_read(tmp_path: Path) -> None:
    for address in (tmp_path, tmp_path / "nothing", tmp_path / "*.jsonl"):
        with pytest.raises(CorpusError, match="D180"):
            Source(str(address)).cut(100)
    (tmp_path / "odd.name").write_text("x")
    with pytest.raises(CorpusError, match="D106.*odd.name"):
        Source(str(tmp_path / "odd.name")).cut(100)
    assert [record.content for record in read_all(Source(str(tmp_path / "odd.name"), "text"), 5)] == ["x"]


def test_addresses_that_cannot_be_reached() -> None:
    with pytest.raises(CorpusError, match="D190.*nonsense://x"):
        Source("nonsense://x").cut(100)
    with pytest.raises(CorpusError, match="D190.*nonsense://x"):
        Sink("nonsense://x", "jsonl", [])


def test_damaged_parquet(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    (tmp_path / "it.parquet").write_bytes(b"PAR1")
    with pytest.raises(CorpusError, match="D200.*it.parquet"):
        Source(str(tmp_path)).cut(100)


def test_pattern_and_other_file_systems() -> None:
    import fsspec

    fs = fsspec.filesystem("memory")
    for name in "abc":
        fs.pipe(f"/sources/{name}.txt", f"text {name}\n".encode())
    found = read_all(Source("memory://sources/[ab].txt"), 100)
    assert [record.content for record in found] == ["text a", "text b"]
    fs.rm("/sources", recursive=True)


def test_strings_of_documents_go_to_the_vocabulary(tmp_path: Path) -> None:
    DocBin(docs=[make_doc(["unheardof"])]).to_disk(tmp_path / "it.spacy")
    vocab, source = Vocab(), Source(str(tmp_path))
    assert [str(record.content) for record in source.read(source.cut(1)[0][0], vocab)] == ["unheardof "]
    assert "unheardof" in vocab.strings
