"""The same records however a file is written: ends of lines, byte order mark, compression, blank lines at the end."""

import bz2
import csv
import gzip
import io
import json
import lzma
from pathlib import Path
from typing import Any, Callable, Dict, List, Tuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from spacy.vocab import Vocab

from spacy_rnn.apply.sources import Source
from spacy_rnn.data.conllu import read_conllu
from spacy_rnn.data.sst import read_brackets
from spacy_rnn.data.text_files import read_lines
from spacy_rnn.data.text_pairs import read_text_pairs
from spacy_rnn.data.textcat_files import read_textcat_file
from spacy_rnn.errors import CorpusError
from spacy_rnn.lm.text import read as read_lm_text

from .treebank import row

# Everything that some function takes for the end of a line, and what cannot be seen.
ODD = "\r\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029\0\u200b\ufeff\xa0"
texts = st.text(st.sampled_from('ab"\\,; é👍' + ODD), max_size=8).map(lambda text: f"x{text}y")
PAIRS = List[Tuple[str, str]]


def jsonl(pairs: PAIRS, names: Tuple[str, str], ascii: bool = False) -> str:
    return "".join(json.dumps(dict(zip(names, pair)), ensure_ascii=ascii) + "\n" for pair in pairs)


def table(pairs: PAIRS, names: Tuple[str, str]) -> str:
    target = io.StringIO(newline="")
    csv.writer(target, lineterminator="\n", quoting=csv.QUOTE_ALL).writerows([names, *pairs])
    return target.getvalue()


def tabs(pairs: PAIRS, names: Tuple[str, str]) -> str:
    return "".join("\t".join(pair) + "\n" for pair in [names, *pairs])


def plain(pairs: PAIRS) -> str:
    return "".join(text + "\n" for text, _ in pairs)


def firsts(pairs: PAIRS) -> List[str]:
    return [text for text, _ in pairs]


def labelled(path: Path) -> PAIRS:
    return [
        (found.text, next(name for name, value in found.cats.items() if value)) for found in read_textcat_file(path)
    ]


def documents(path: Path) -> List[Any]:
    source = Source(str(path), "jsonl" if ".jsonl" in path.name else "text")
    found = [record for group in source.cut(7) for piece in group for record in source.read(piece, Vocab())]
    return [record.content for record in found if record.content]


# For each reader: the suffix of its files, how pairs are written, what is read, and what should be.
NAMES, SIDES = ("text", "label"), ("source", "target")
READERS: Dict[str, Tuple[str, Callable[[PAIRS], str], Callable[[Path], Any], Callable[[PAIRS], Any]]] = {
    "lines": (".txt", plain, lambda path: [line for line in read_lines(path) if line],
              firsts),
    "textcat jsonl": (".jsonl", lambda p: jsonl(p, NAMES), labelled, list),
    "textcat ascii": (".jsonl", lambda p: jsonl(p, NAMES, True), labelled, list),
    "textcat csv": (".csv", lambda p: table(p, NAMES), labelled, list),
    "textcat tsv": (".tsv", lambda p: tabs(p, NAMES), labelled, list),
    "pairs jsonl": (".jsonl", lambda p: jsonl(p, SIDES), read_text_pairs, list),
    "pairs csv": (".csv", lambda p: table(p, SIDES), read_text_pairs, list),
    "pairs tsv": (".tsv", lambda p: tabs(p, SIDES), read_text_pairs, list),
    "apply text": (".txt", plain, documents, firsts),
    "apply jsonl": (".jsonl", lambda p: jsonl(p, NAMES), documents, firsts),
    "lm text": (".txt", plain, lambda path: [text for _, text in read_lm_text(path, 0)],
                firsts),
    "conllu": (".conllu", lambda p: "".join(row(1, text, 0) + "\n" + row(2, label, 1) + "\n\n" for text, label in p),
               lambda path: [tuple(word.form for word in found.words) for found in read_conllu(path)], list),
    "brackets": (".txt", lambda p: "".join(f"(3 (2 {i}) (1 w))\n" for i, _ in enumerate(p)),
                 lambda path: [found.words for found in read_brackets(path)],
                 lambda p: [[str(i), "w"] for i, _ in enumerate(p)]),
}  # fmt: skip
BOM = b"\xef\xbb\xbf"
WRITINGS: Dict[str, Callable[[bytes], bytes]] = {
    "": bytes,
    "crlf": lambda data: data.replace(b"\n", b"\r\n"),
    "bom": lambda data: BOM + data,
    "bom and crlf": lambda data: BOM + data.replace(b"\n", b"\r\n"),
    "no end": lambda data: data.rstrip(b"\n"),
    "blank lines": lambda data: data + b"\n\r\n\n",
}
COMPRESSIONS: Dict[str, Callable[[bytes], bytes]] = {
    "": bytes,
    ".gz": gzip.compress,
    ".xz": lzma.compress,
    ".bz2": bz2.compress,
}


@pytest.mark.parametrize("name", READERS)
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    pairs=st.lists(st.tuples(texts, texts), min_size=1, max_size=4),
    writing=st.sampled_from(list(WRITINGS)),
    compression=st.sampled_from(list(COMPRESSIONS)),
)
def test_same_records(tmp_path: Path, name: str, pairs: PAIRS, writing: str, compression: str) -> None:
    suffix, write, read, expected = READERS[name]
    path = tmp_path / f"it{suffix}{compression}"
    path.write_bytes(COMPRESSIONS[compression](WRITINGS[writing](write(pairs).encode("utf8"))))
    assert read(path) == expected(pairs)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("name", READERS)
def test_utf16_is_one_sentence(tmp_path: Path, name: str, encoding: str) -> None:
    suffix, write, read, _ = READERS[name]
    path = tmp_path / f"it{suffix}"
    path.write_bytes(write([("some text", "a"), ("more", "b")] * 9).encode(encoding))
    if read is documents:
        source = Source(str(path))
        (record,) = [record for group in source.cut(7) for piece in group for record in source.read(piece, Vocab())]
        assert record.content is None and record.error.startswith("not UTF-8")
    else:
        with pytest.raises(CorpusError, match=r"D001.*:1: .*UTF-16"):
            read(path)
