"""Values that Python or spaCy refuses: a converter writes what they say, or names the file and the line."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any, Dict, List

import pytest
import spacy
from hypothesis import example, given
from hypothesis import strategies as st
from spacy.tokens import Doc, DocBin

from spacy_rnn.apply.sources import Source
from spacy_rnn.data.convert import convert_treebank
from spacy_rnn.data.text_pairs import build_transducer_corpus_v1
from spacy_rnn.data.textcat_corpus import convert_textcat
from spacy_rnn.errors import CorpusError

from .budget import budget

NLP = spacy.blank("xx")
NLP.max_length = 50

FIELDS = [
    "_", "__", " ", "\xa0", "\u200b", "\u2028", "\x85", "\x0c", "\0", "\r", "a\r", "|", "=", "\ufeff", "\u0301", "#a",
    "A=b=c", "A=b|A=c", "A=", "=b", "A=,", "A=b,", "A=c,b", "A=b|", "A=_", " = ", "POS=NOUN", "pos=x", "Pos=1",
    "SpaceAfter=No", "SpaceAfter=No|SpaceAfter=Yes", "SpaceAfter", "ROOT", "root", "dep", "NOUN", "noun", "SPACE",
    "0", "1", "2", "-1", "9" * 5000, "1.1", "1-2", "\u0661", "1_0", "a" * 3000, "http://[", "a b", "NO_TAG", "👍",
]  # fmt: skip
fields = st.sampled_from(FIELDS) | st.text(
    st.characters(exclude_characters="\n\t", exclude_categories=["Cs"]), max_size=4
)


@st.composite
def odd_sentences(draw: st.DrawFn) -> List[List[str]]:
    """Rows of fields, some of them odd."""
    rows = [
        [str(i), draw(st.sampled_from("ab")), *"____", str(i - 1), *"___"] for i in range(1, draw(st.integers(2, 4)))
    ]
    for _ in range(draw(st.integers(1, 3))):
        draw(st.sampled_from(rows))[draw(st.integers(0, 9))] = draw(fields)
    return rows


def docs_of(path: Path) -> List[Doc]:
    return list(DocBin().from_disk(path).get_docs(spacy.blank("xx").vocab))


def features(written: str) -> Dict[str, List[str]]:
    pairs = (feature.partition("=") for feature in written.split("|") if written != "_")
    return {name: sorted(values.split(",")) for name, _, values in pairs}


@budget(80)
@example(sentences=[[["1", "a", "_", "_", "_", "Pos=1", "0", "_", "_", "_"]]], text="_")
@given(
    sentences=st.lists(odd_sentences(), min_size=1, max_size=2),
    text=fields | st.text("ab \u200b\ufe0f\xa0", max_size=9),
)
def test_fields_of_a_treebank(
    tmp_path_factory: pytest.TempPathFactory, sentences: List[List[List[str]]], text: str
) -> None:
    folder = tmp_path_factory.mktemp("fields")
    content = "".join(f"# text = {text}\n" + "".join("\t".join(r) + "\n" for r in rows) + "\n" for rows in sentences)
    for split in ("train", "dev", "test"):
        (folder / f"xx_x-ud-{split}.conllu").write_bytes(content.encode("utf8"))
    try:
        convert_treebank(folder, folder / "out", "xx")
    except CorpusError as error:
        assert "xx_x-ud-train.conllu:" in str(error) and "\n" not in str(error)
        return
    assert [doc.text for doc in docs_of(folder / "out" / "train.spacy")]
    found = docs_of(folder / "out" / "train-words.spacy")
    kept = [[r for r in rows if r[0].isdecimal() and not r[0].startswith("#")] for rows in sentences]
    for doc, rows in zip(found, [rows for rows in kept if rows], strict=True):
        assert len(list(doc.sents)) == 1
        for token, (_, form, lemma, upos, xpos, feats, head, _, _, _) in zip(doc, rows, strict=True):
            assert token.text == form and (token.tag_ or "_") == xpos and (token.pos_ or "_") == upos
            assert form == "_" or (token.lemma_ or "_") == lemma
            assert {name: values.split(",") for name, values in token.morph.to_dict().items()} == features(feats)
            if all(r[6] != "_" for r in rows):
                assert token.head.i == (token.i if head == "0" else int(head) - 1)


numbers = st.sampled_from([0, 1, -1, 2, 1.0, 0.5, 1e999, -1e999, float("nan"), 10**4000, True, False, None])
strings = st.sampled_from(
    ["", " ", "a", "b", "\ud800", "a\ud800", "\0", "\u2028", "1", "-1", "nan", "x" * 99]
) | st.text(max_size=3)
values = st.recursive(
    numbers | strings, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(strings, inner, max_size=2)
)
records = st.fixed_dictionaries(
    {"text": st.just("some text") | values},
    optional={
        "label": values | st.lists(strings),
        "labels": values,
        "cats": values | st.dictionaries(strings, numbers),
        "id": values,
    },
)
LINES = [
    "[" * 2000 + "]" * 2000,
    '{"text": "x", "label": ' + "9" * 5000 + "}",
    '{"text": "x", "text": "y", "label": "a"}',
    "{}",
    "[]",
]


@budget(150)
@given(rows=st.lists(records.map(json.dumps) | st.sampled_from(LINES), min_size=1, max_size=3))
@example(rows=['{"text": "\\ud800", "label": "a"}'])
@example(rows=[LINES[1]])
def test_values_of_json(tmp_path_factory: pytest.TempPathFactory, rows: List[str]) -> None:
    folder = tmp_path_factory.mktemp("values")
    path = folder / "it.jsonl"
    path.write_text("\n".join(rows), encoding="utf8")
    check_conversion(path, [json.loads(row)["text"] for row in rows] if converted(path) else [])
    source = Source(str(path), text="text", id="id")
    for group in source.cut(9):
        for piece in group:
            for record in source.read(piece, NLP.vocab):
                assert (record.content is None) == bool(record.error)
                assert record.error or isinstance(record.id.encode("utf8"), bytes)


@budget(80)
@given(
    table=st.lists(
        st.lists(fields | strings.filter(lambda text: text.isascii()), min_size=1, max_size=3), min_size=1, max_size=4
    )
)
def test_fields_of_tables(tmp_path_factory: pytest.TempPathFactory, table: List[List[str]]) -> None:
    folder = tmp_path_factory.mktemp("tables")
    header = ["text", "label", "", "Unnamed: 0"][: len(table[0]) + 1]
    for name, delimiter in (("it.csv", ","), ("it.tsv", "\t")):
        with (folder / name).open("w", encoding="utf8", newline="") as target:
            writer = csv.writer(target, delimiter=delimiter, lineterminator="\n")
            writer.writerows([header, *(["some text", *row] for row in table)])
        check_conversion(folder / name, ["some text"] * len(table) if converted(folder / name) else [])
        try:
            list(build_transducer_corpus_v1(folder / name, source="text", target="label")(NLP))
        except CorpusError as error:
            assert f"{folder / name}:" in str(error)


def converted(path: Path) -> bool:
    """Whether a file was converted. If not, the reason is one sentence with a line, unless no line is to blame."""
    try:
        convert_textcat([path], path.parent / "out")
        return True
    except CorpusError as error:
        told = str(error)
        assert (
            "\n" not in told and (f"{path}:" in told) and (f"{path}: " not in told or "D114" in told or "D107" in told)
        )
        return False


def check_conversion(path: Path, expected: List[Any]) -> None:
    if expected:
        docs = docs_of(path.parent / "out" / "it.spacy")
        assert [doc.text for doc in docs] == expected
        assert all(value in (0.0, 1.0) and name.strip() for doc in docs for name, value in doc.cats.items())
        assert any(doc.cats for doc in docs)
