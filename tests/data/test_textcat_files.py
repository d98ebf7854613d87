"""Labelled texts from jsonl, csv and tsv files, as a corpus and converted; every error names the line."""

import csv
import gzip
import json
from pathlib import Path
from typing import Any, Dict, List

import pytest
import spacy
import srsly
from hypothesis import given
from hypothesis import strategies as st
from spacy.training import Corpus
from spacy.util import registry

from spacy_rnn.data.textcat_corpus import build_textcat_corpus_v1, convert_textcat
from spacy_rnn.data.textcat_files import read_textcat_file
from spacy_rnn.errors import CorpusError
from spacy_rnn.evaluation.textcat import evaluate_textcat

from ..pipeline.texts import CATS, TEXTS, trained_textcat

JSONL = "\n".join(json.dumps({"text": f"text {i}", "label": label}) for i, label in enumerate("aba")) + "\n"


def write(path: Path, content: str) -> Path:
    path.write_bytes(content.encode("utf8"))
    return path


def cats(path: Path, **kwargs: Any) -> List[Dict[str, float]]:
    return [found.cats for found in read_textcat_file(path, **kwargs)]


EXPECTED = [{"a": 1.0, "b": 0.0}, {"a": 0.0, "b": 1.0}, {"a": 1.0, "b": 0.0}]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("f.jsonl", JSONL),
        ("f.jsonl", "\ufeff" + JSONL.replace("\n", "\r\n\r\n")),
        ("f.csv", "text,label\ntext 0,a\ntext 1,b\ntext 2,a\n"),
        ("f.csv", 'label,text\na,"text 0"\r\nb,text 1\r\n\r\na,text 2'),
        ("f.tsv", "text\tlabel\ntext 0\ta\ntext 1\tb\ntext 2\ta\n"),
    ],
)
def test_one_label_a_text(name: str, content: str, tmp_path: Path) -> None:
    path = write(tmp_path / name, content)
    assert [found.text for found in read_textcat_file(path)] == ["text 0", "text 1", "text 2"]
    assert cats(path) == EXPECTED
    # Categories that the file does not have are known not to apply.
    assert cats(path, labels=["c", "b", "a"]) == [{"c": 0.0, **own} for own in EXPECTED]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("f.csv", "text,a,b\nx,1,0\ny,,1.0\nz,-1,False\n"),
        ("f.tsv", 'a\ttext\tb\n1\tx\t0\n-2\t"y\t1\n \tz\t0.0\n'),
        ("f.jsonl", '{"text": "x", "cats": {"a": 1, "b": 0}}\n{"text": "y", "cats": {"a": null, "b": true}}\n'
         '{"text": "z", "cats": {"b": 0.0}}'),
    ],
)  # fmt: skip
def test_unknown_categories(name: str, content: str, tmp_path: Path) -> None:
    """Nothing and negative numbers say that a category is unknown: it is not in cats at all."""
    found = read_textcat_file(write(tmp_path / name, content))
    assert [own.cats for own in found] == [{"a": 1.0, "b": 0.0}, {"b": 1.0}, {"b": 0.0}]
    assert [own.text.strip('"') for own in found] == ["x", "y", "z"]


def test_several_labels_and_other_names(tmp_path: Path) -> None:
    path = write(tmp_path / "f.jsonl", '{"body": "x", "labels": ["a", "b"]}\n{"body": "y", "labels": []}\n')
    assert cats(path, text="body") == [{"a": 1.0, "b": 1.0}, {"a": 0.0, "b": 0.0}]
    path = write(tmp_path / "f.csv", "body,topic\nx,a\n")
    assert cats(path, text="body", label="topic") == [{"a": 1.0}]


def test_numbers_are_names(tmp_path: Path) -> None:
    path = write(tmp_path / "f.jsonl", '{"text": "x", "label": 1}\n{"text": "y", "labels": [0, "1"]}\n')
    assert cats(path) == [{"1": 1.0, "0": 0.0}, {"0": 1.0, "1": 1.0}]


def test_lists_under_either_name(tmp_path: Path) -> None:
    """As annotation tools write them."""
    for name in ("label", "labels"):
        path = write(tmp_path / "f.jsonl", f'{{"text": "x", "{name}": ["A"]}}\n{{"text": "y", "{name}": ["B", "A"]}}\n')
        for label in ("label", name):
            assert cats(path, label=label) == [{"A": 1.0, "B": 0.0}, {"A": 1.0, "B": 1.0}]


@pytest.mark.parametrize("unnamed", ["", " ", "Unnamed: 0"])
def test_columns_without_a_name_are_no_categories(unnamed: str, tmp_path: Path) -> None:
    assert cats(write(tmp_path / "f.csv", f"{unnamed},text,joy\n0,nice,1\n1,bad,0\n")) == [{"joy": 1.0}, {"joy": 0.0}]


def test_files_without_a_category(tmp_path: Path) -> None:
    for name, content in (("f.csv", "text\nx\n"), ("f.jsonl", '{"text": "x", "labels": []}')):
        with pytest.raises(CorpusError, match=f"D114.*{name}"):
            read_textcat_file(write(tmp_path / name, content))


def test_settings_of_the_csv_module_stay(tmp_path: Path) -> None:
    before = csv.field_size_limit(99)
    try:
        assert len(read_textcat_file(write(tmp_path / "f.csv", f"text,label\n{'x' * 200_000},a\n"))[0].text) == 200_000
        assert csv.field_size_limit() == 99
    finally:
        csv.field_size_limit(before)


def test_texts_that_spacy_refuses(tmp_path: Path) -> None:
    path = write(tmp_path / "f.csv", f"text,label\nshort,a\n{'long ' * 300_000},a\n")
    with pytest.raises(CorpusError, match=r"D104.*f\.csv:3: .*E088"):
        convert_textcat([path], tmp_path / "out")
    with pytest.raises(CorpusError, match=r"D104.*f\.csv:3: .*E088"):
        list(build_textcat_corpus_v1(path)(spacy.blank("en")))


def test_categories_given_twice(tmp_path: Path) -> None:
    assert convert_textcat([write(tmp_path / "f.jsonl", JSONL)], tmp_path / "out", labels=["b", "a", "b"]).labels == [
        "b",
        "a",
    ]


def test_compressed_categories(tmp_path: Path) -> None:
    path = tmp_path / "f.jsonl.gz"
    path.write_bytes(gzip.compress(b'{"text": "x", "cats": {"a": 1, "b": 0}}'))
    assert cats(path) == [{"a": 1.0, "b": 0.0}]
    assert list(convert_textcat([path], tmp_path / "corpus").files) == ["f"]
    assert (tmp_path / "corpus" / "f.spacy").is_file()


@given(text=st.text(st.characters(exclude_categories=["Cs"]), min_size=1).filter(str.strip))
def test_any_text_survives(text: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.getbasetemp()
    path = write(folder / "any.jsonl", json.dumps({"text": text, "label": "a"}, ensure_ascii=False))
    assert read_textcat_file(path)[0].text == text
    quoted = text.replace('"', '""')
    path = write(folder / "any.csv", f'text,label\r\n"{quoted}",a\r\n')
    assert read_textcat_file(path)[0].text == text


@pytest.mark.parametrize(
    ("name", "content", "code", "line"),
    [
        ("f.jsonl", JSONL + '{"text": "x", ', "D101", 4),
        ("f.jsonl", JSONL + "[1]\n", "D104", 4),
        ("f.jsonl", JSONL + '{"label": "a"}\n', "D113.*no text under 'text'.*has: label", 4),
        ("f.jsonl", JSONL + '{"text": 3, "label": "a"}\n', "D104.*'text' is 3, which is no text", 4),
        ("f.jsonl", JSONL + '\n{"text": " \\n", "label": "a"}\n', "D103", 5),
        ("f.jsonl", '{"text": "x"}', "D113.*no category under 'label'", 1),
        ("f.jsonl", '{"text": "x", "labels": "a"}', "D104.*'labels' is 'a', which is no category", 1),
        ("f.jsonl", '{"text": "x", "cats": {"a": "yes"}}', "D105.*'yes'.*'a'", 1),
        ("f.jsonl", JSONL + '{"text": "x", "label": "c"}\n', "D102.*'c' is not one of: a, b", 4),
        ("f.csv", "text,label\nx,a\ny,c\n", "D102.*'c'", 3),
        ("f.csv", 'text,label\n"x\n\nx",a\ny\n', "D104.*2 columns, this row has 1", 5),
        ("f.csv", 'text,label\n"x"x,a\n', "D104", 2),
        ("f.csv", "text,label\n,a\n", "D103", 2),
        ("f.csv", "label,a\nx,1\n", "D113.*no text", 2),
        ("f.csv", "Text,Label\nx,a\n", "D113.*no text.*has: Text, Label", 2),
        ("f.csv", "text;label\nx;a\n", "D113.*no text.*has: text;label", 2),
        ("f.jsonl", '{"text": "x", "label": true}', "D104.*'label' is True", 1),
        ("f.csv", "text,a,b\nx,1,2\n", "D105.*'2'.*'b'.*--label", 2),
        ("f.csv", "text,label\nx,\n", "D104.*'label' is '', which is no category", 2),
        ("f.tsv", "text\tlabel\nx\ta\tb\n", "D104.*3", 2),
        ("f.csv", "text,label,label\nx,a,b\n", "D104.*two columns are named 'label'", 1),
        ("f.csv", '\ntext,label\n"x\r\n\rx",a\nx,c\n', "D102", 5),
        ("f.jsonl", '{"text": "x", "text": "y", "label": "a"}', "D101.*'text' occurs twice", 1),
        ("f.jsonl", JSONL + '{"text": "\\ud800", "label": "a"}', "D101.*surrogate", 4),
        ("f.jsonl", JSONL + '{"text": "x", "label": "a", "n": ' + "9" * 5000 + "}", "D101.*digits", 4),
        ("f.jsonl", JSONL + "[" * 100_000, "D101.*nested", 4),
        ("f.jsonl", '{"text": "x", "label": ["a", null]}', "D104.*which is no category", 1),
        ("f.jsonl", '{"text": "x", "label": ["a", " "]}', "D104.*no name", 1),
        ("f.jsonl", '{"text": "x", "label": NaN}', "D104.*'label' is nan, which is no category", 1),
        ("f.jsonl", '{"text": "x", "cats": {"a": -1e999}}', "D105", 1),
        ("f.jsonl", '{"text": "x", "cats": {"": 1}}', "D104.*no name", 1),
        ("f.jsonl", '{"text": "x", "cats": {"a": ' + "[" * 500 + "]" * 500 + "}}", "D105", 1),
        ("f.tsv", "text\ta\tc\nx\t1\t0\n", "D102.*'c'", 2),
    ],
)
def test_errors_name_the_line(name: str, content: str, code: str, line: int, tmp_path: Path) -> None:
    path = write(tmp_path / name, content)
    with pytest.raises(CorpusError, match=code) as caught:
        read_textcat_file(path, labels=["a", "b"])
    assert f"{path}:{line}: " in str(caught.value)


def test_wrong_encoding_names_the_line(tmp_path: Path) -> None:
    path = tmp_path / "f.csv"
    path.write_bytes("text,label\nplain,a\nCafé,a\n".encode("latin-1"))
    with pytest.raises(CorpusError, match=r"D001.*f\.csv:3: "):
        read_textcat_file(path)


def test_other_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="D106.*jsonl, .csv, .tsv"):
        read_textcat_file(write(tmp_path / "f.xlsx", ""))
    with pytest.raises(CorpusError, match="D107"):
        read_textcat_file(write(tmp_path / "f.csv", "text,label\n"))
    with pytest.raises(CorpusError, match=r"D108.*none\.csv"):
        read_textcat_file(tmp_path / "none.csv")


def test_corpus_of_a_config(tmp_path: Path) -> None:
    path = write(tmp_path / "f.jsonl", JSONL)
    block = {"@readers": "spacy-rnn.TextCatCorpus.v1", "path": str(path), "labels": ["a", "b", "c"], "limit": 2}
    corpus = registry.resolve({"corpus": block})["corpus"]
    nlp = spacy.blank("en")
    for _ in range(2):  # a corpus is read once an epoch
        examples = list(corpus(nlp))
        assert [example.reference.cats for example in examples] == [{**own, "c": 0.0} for own in EXPECTED[:2]]
        assert all(example.predicted.cats == {} for example in examples)
        assert [[token.text for token in example.predicted] for example in examples] == [["text", "0"], ["text", "1"]]
    with pytest.raises(CorpusError, match="D108.*null"):
        build_textcat_corpus_v1()


def test_converted_files_are_spacys(tmp_path: Path) -> None:
    train = write(tmp_path / "train.jsonl", JSONL)
    dev = write(tmp_path / "dev.csv", "text,label\nIt's b.,b\n")
    stats = convert_textcat([train, dev], tmp_path / "corpus", lang="en")
    assert (stats.labels, stats.exclusive, stats.lang) == (["a", "b"], True, "en")
    assert stats.files["dev"].cats == {"a": 0, "b": 1} and stats.files["dev"].tokens == 3
    nlp = spacy.blank("en")
    examples = list(Corpus(tmp_path / "corpus" / "dev.spacy")(nlp))
    assert [example.reference.cats for example in examples] == [{"a": 0.0, "b": 1.0}]
    assert srsly.read_json(tmp_path / "corpus" / "labels.json") == ["a", "b"]
    assert srsly.read_json(tmp_path / "corpus" / "stats.json")["files"]["train"]["texts"] == 3
    several = write(tmp_path / "several.csv", "text,a,b\nx,1,1\n")
    assert not convert_textcat([several], tmp_path / "corpus").exclusive


def test_failed_conversion_leaves_the_folder_alone(tmp_path: Path) -> None:
    train = write(tmp_path / "train.jsonl", JSONL)
    convert_textcat([train], tmp_path / "corpus")
    before = sorted(path.name for path in tmp_path.rglob("*"))
    with pytest.raises(CorpusError, match=r"D102.*dev\.csv:2"):
        convert_textcat([train, write(tmp_path / "dev.csv", "text,label\nx,c\n")], tmp_path / "corpus")
    (tmp_path / "dev.csv").unlink()
    with pytest.raises(CorpusError, match="D109.*'train'"):
        convert_textcat([train, train], tmp_path / "corpus")
    assert sorted(path.name for path in tmp_path.rglob("*")) == before
    with pytest.raises(CorpusError, match="D102"):
        convert_textcat([train], tmp_path / "corpus", labels=["a"])


def test_evaluation(tmp_path: Path) -> None:
    rows = [{"text": text, "cats": own} for text, own in zip(TEXTS, CATS)]
    srsly.write_jsonl(tmp_path / "test.jsonl", rows)
    convert_textcat([tmp_path / "test.jsonl"], tmp_path / "corpus")
    nlp = trained_textcat()
    found = evaluate_textcat(nlp, tmp_path / "corpus" / "test.spacy")
    assert found.scores["cats_micro_f"] == found.scores["cats_macro_f"] == 1.0
    assert 0.0 <= found.scores["cats_ece"] < 0.5
    assert found.by_label == {"negative": (1.0, 2), "positive": (1.0, 2)} and found.amounts["texts"] == 4
    assert found.to_json()["cats_f"] == {"negative": 1.0, "positive": 1.0}
    with pytest.raises(CorpusError, match="D110"):
        evaluate_textcat(nlp, tmp_path / "none.spacy")
