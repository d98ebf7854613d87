"""Corpora with every kind of damage: a reader gives what it can vouch for, or says in one sentence what is wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Callable, Dict, List

import pytest
import spacy
from hypothesis import given
from hypothesis import strategies as st
from spacy.tokens import DocBin

from spacy_rnn.apply.sources import Source
from spacy_rnn.data.conllu import read_conllu
from spacy_rnn.data.convert import convert_treebank
from spacy_rnn.data.gold_parse import build_gold_parse_corpus_v1
from spacy_rnn.data.sst import read_brackets
from spacy_rnn.data.textcat_corpus import build_textcat_corpus_v1
from spacy_rnn.errors import CorpusError

from ..tree_helpers import parsed_reviews, tree_nlp
from .budget import budget

NLP = spacy.blank("xx")

CONLLU = "".join(
    f"# sent_id = d-{i}\n# text = O gato\n"
    "1-2\tDo\t_\t_\t_\t_\t_\t_\t_\tSpaceAfter=No\n"
    "1\tDe\tde\tADP\tA\tCase=Nom|Number=Sing\t2\tcase\t_\t_\n"
    "2\to\to\tDET\tB\t_\t0\troot\t_\t_\n"
    "2.1\tx\t_\t_\t_\t_\t_\t_\t_\t_\n\n"
    for i in range(3)
)


def _docbin() -> bytes:
    return DocBin(attrs=["ORTH", "SPACY", "HEAD", "DEP"], docs=parsed_reviews(tree_nlp())).to_bytes()


READERS: Dict[str, Callable[[Path], Any]] = {
    "it.jsonl": lambda path: build_textcat_corpus_v1(path)(NLP),
    "it.csv": lambda path: build_textcat_corpus_v1(path)(NLP),
    "it.tsv": lambda path: build_textcat_corpus_v1(path)(NLP),
    "it.conllu": read_conllu,
    "it.txt": read_brackets,
    "it.spacy": lambda path: build_gold_parse_corpus_v1(path)(NLP),
}
FILES: Dict[str, bytes] = {
    "it.jsonl": b'{"text": "good", "label": "a"}\n{"text": "bad", "cats": {"a": 0, "b": null}}\n',
    "it.csv": b'text,label\n"good, very",a\n"bad\nindeed",b\n',
    "it.tsv": b"text\ta\tb\ngood\t1\t0\nbad\t\t-1\n",
    "it.conllu": CONLLU.encode(),
    "it.txt": b"(3 (2 A) (4 (3 nice) (2 day)))\n(1 (1 no) (2 way))\n",
    "it.spacy": _docbin(),
}

JUNK = [b"\0", b"\xff\xfe", b"\t", b"\n", b"\r", b'"', b"[" * 3000, b"1e999", b"NaN", "\u2028é".encode()]


@st.composite
def damaged(draw: st.DrawFn, data: bytes) -> bytes:
    """Cut off, with bits turned, pieces lost, doubled, moved or put in, in other encodings, with other line ends."""
    for _ in range(draw(st.integers(1, 3))):
        start, end = sorted(draw(st.tuples(st.integers(0, len(data)), st.integers(0, len(data)))))
        junk = draw(st.sampled_from(JUNK))
        data = draw(
            st.sampled_from(
                [
                    data[:start],
                    data[start:],
                    data[:start] + data[end:],
                    data[:end] + data[start:],
                    data[:start] + junk + data[start:],
                    data[:start] + bytes([(data[start:] or b"\0")[0] ^ 1 << (end % 8)]) + data[start + 1 :],
                    data.replace(b"\n", b"\r\n"),
                    data.decode("latin-1").encode("utf-16"),
                    b"\xef\xbb\xbf" + data,
                ]
            )
        )
    return data


@pytest.mark.parametrize("name", READERS)
@budget(60)
@given(data=st.data())
def test_readers(tmp_path: Path, name: str, data: st.DataObject) -> None:
    path = tmp_path / name
    path.write_bytes(data.draw(damaged(FILES[name])))
    try:
        list(READERS[name](path))
    except CorpusError as error:
        assert str(path) in str(error) and "\n" not in str(error)


@pytest.mark.parametrize("name", READERS)
def test_readers_of_what_is_whole_and_of_nothing(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(FILES[name])
    assert len(list(READERS[name](path))) > 1
    path.write_bytes(b"")
    with pytest.raises(CorpusError):
        list(READERS[name](path))


@budget(15)
@given(data=st.data())
def test_converter_leaves_nothing_behind(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    """All files or none."""
    folder = tmp_path_factory.mktemp("treebank")
    for split in ("train", "dev", "test"):
        (folder / f"xx_x-ud-{split}.conllu").write_bytes(FILES["it.conllu"])
    (folder / "xx_x-ud-dev.conllu").write_bytes(data.draw(damaged(FILES["it.conllu"])))
    try:
        convert_treebank(folder, folder / "out", "xx")
        assert len(list((folder / "out").glob("*.spacy"))) == 6
    except CorpusError as error:
        assert "xx_x-ud-dev.conllu" in str(error)
        assert not (folder / "out").exists()
    assert not [path for path in folder.iterdir() if path.name.startswith(".")]


@pytest.mark.parametrize("name", ["it.jsonl", "it.txt", "it.spacy"])
@budget(40)
@given(data=st.data(), size=st.integers(1, 100))
def test_documents_to_process(tmp_path: Path, name: str, data: st.DataObject, size: int) -> None:
    """Each record is a document or an error, under a name of its own."""
    (tmp_path / name).write_bytes(data.draw(damaged(FILES[name])))
    source = Source(str(tmp_path / name))
    found: List[Any] = [
        record for group in source.cut(size) for piece in group for record in source.read(piece, NLP.vocab)
    ]
    assert all((record.content is None) == bool(record.error) for record in found)
    assert len({record.id for record in found}) == len(found)
