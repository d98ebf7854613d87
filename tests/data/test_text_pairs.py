"""Pairs of texts from files of every kind, and errors that name file and line."""

import gzip
import random
from pathlib import Path
from typing import Any, List

import pytest
import spacy

from spacy_rnn.data.text_pairs import build_transducer_corpus_v1, read_text_pairs
from spacy_rnn.errors import CorpusError

PAIRS = [("Straße", "street"), ('a "b", c', "ä\u2028b"), ("x y", "Z")]


def write(path: Path, content: str) -> Path:
    data = content.encode()
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    return path


FILES = {
    "named.tsv": 'target\tid\tsource\nstreet\t1\tStraße\nä\u2028b\t2\ta "b", c\nZ\t3\tx y\n',
    "unnamed.tsv": 'Straße\tstreet\na "b", c\tä\u2028b\nx y\tZ',
    "unnamed.csv": 'Straße,street\r\n"a ""b"", c",ä\u2028b\r\nx y,Z\r\n',
    "unnamed.csv.gz": 'Straße,street\n"a ""b"", c",ä\u2028b\nx y,Z\n',
    "named.jsonl": '{"source": "Straße", "target": "street"}\n\n{"source": "a \\"b\\", c", "target": "ä\u2028b"}\n'
    '{"source": "x y", "target": "Z", "id": 3}\n',
}


@pytest.mark.parametrize("name", FILES)
def test_columns(name: str, tmp_path: Path) -> None:
    assert read_text_pairs(write(tmp_path / name, FILES[name])) == PAIRS


@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_parallel_files(suffix: str, tmp_path: Path) -> None:
    paths = [write(tmp_path / f"{name}.txt{suffix}", "\n".join(lines) + "\n") for name, lines in zip("st", zip(*PAIRS))]
    assert read_text_pairs(*paths) == PAIRS


def test_one_pair_and_other_names(tmp_path: Path) -> None:
    assert read_text_pairs(write(tmp_path / "one.tsv", "a\tb\n")) == [("a", "b")]
    named = write(tmp_path / "named.tsv", "de\ten\nja\tyes\n")
    assert read_text_pairs(named, source="en", target="de") == [("yes", "ja")]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("x.tsv", "a\tb\nc\n", r"D104.*x\.tsv:2"),
        ("x.tsv", "a\tb\n\tc\n", r"D171.*x\.tsv:2.*'source'"),
        ("x.tsv", "a\tb\tc\nd\te\tf\n", r"D170.*x\.tsv:2.*'source'"),
        ("x.csv", "source,target\na,b\nc, \n", r"D171.*x\.csv:3.*'target'"),
        ("x.jsonl", '{"source": "a", "target": "b"}\n{"source": "a"}\n', r"D170.*x\.jsonl:2.*'target'"),
        ("x.jsonl", "{\n", r"D101.*x\.jsonl:1"),
        ("x.jsonl", "", r"D107.*x\.jsonl"),
        ("x.pdf", "a\tb", r"D106.*x\.pdf"),
        ("x.tsv", "", r"D107.*x\.tsv"),
    ],
)
def test_errors_name_file_and_line(name: str, content: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match=message):
        read_text_pairs(write(tmp_path / name, content))


@pytest.mark.parametrize(
    ("source", "target", "message"),
    [("a\nb\n", "c\n", r"D172.*2 lines.*1; line 2"), ("a\n\n", "c\nd\n", r"D171.*s\.txt:2"), ("", "", r"D107.*s\.txt")],
)
def test_errors_of_parallel_files(source: str, target: str, message: str, tmp_path: Path) -> None:
    paths = [write(tmp_path / f"{name}.txt", content) for name, content in (("s", source), ("t", target))]
    with pytest.raises(CorpusError, match=message):
        read_text_pairs(*paths)


def test_columns_without_names_and_long_texts(tmp_path: Path) -> None:
    path = write(tmp_path / "x.csv", ",source,target\n0,a,b\n1,c d,e\n")
    assert read_text_pairs(path) == [("a", "b"), ("c d", "e")]
    nlp = spacy.blank("en")
    nlp.max_length = 2
    with pytest.raises(CorpusError, match=r"D104.*x\.csv:3: .*E088"):
        list(build_transducer_corpus_v1(path)(nlp))


def test_other_errors(tmp_path: Path) -> None:
    (tmp_path / "x.tsv").write_bytes(b"a\tb\nc\t\xff\n")
    (tmp_path / "x.tsv.gz").write_bytes(b"no gzip")
    for path, message in (
        (tmp_path / "x.tsv", r"D001.*x\.tsv:2"),
        (tmp_path / "x.tsv.gz", "D200"),
        (tmp_path, "D10[68]"),
    ):
        with pytest.raises(CorpusError, match=message):
            read_text_pairs(path)
    with pytest.raises(CorpusError, match="D108"):
        build_transducer_corpus_v1()


def test_examples(tmp_path: Path) -> None:
    path = write(tmp_path / "x.tsv", FILES["named.tsv"])
    nlp = spacy.blank("en")

    def read(**settings: Any) -> List[Any]:
        examples = build_transducer_corpus_v1(path, **settings)(nlp)
        return [(example.predicted.text, example.reference._.transduced) for example in examples]

    assert read() == PAIRS
    assert read(lowercase=True, limit=1) == [("straße", "street")]
    random.seed(0)
    orders = [read(shuffle=True) for _ in range(5)]
    assert all(sorted(order) == sorted(PAIRS) for order in orders) and any(order != PAIRS for order in orders)
    for example in build_transducer_corpus_v1(path)(nlp):
        assert example.predicted._.transduced is None and example.reference.text == example.predicted.text
