"""The benchmark of taggers: what it reads, how it counts, and one system of it from training to tags."""

from pathlib import Path
from typing import Any

import pytest

from spacy_rnn.data.convert import convert_treebank

from ..data.treebank import SENTENCE, write_splits

pytestmark = pytest.mark.usefixtures("project_on_path")


def test_reads_words_without_ranges_and_empty_nodes(tmp_path: Path) -> None:
    from benchmark.corpus import cut, read

    treebank = write_splits(tmp_path / "source", SENTENCE + "\n" + SENTENCE)
    found = read(treebank, "dev")
    assert found.words == [["Vi", "a", "casa", "de", "a", "avó", "."]] * 2
    assert found.n_words == 14
    assert found.gold[0][0] == ("VERB", "V", "Mood=Ind|Number=Sing")
    assert found.texts == ["Vi a casa da avó."] * 2
    smaller = cut(treebank, tmp_path / "cut", {"train": 1, "dev": 1, "test": 1})
    assert read(smaller, "test").words == found.words[:1]


def test_accuracy_counts_words() -> None:
    from benchmark.corpus import accuracy, parse_features

    gold = [[("NOUN", "_", parse_features("B=2|a=1")), ("VERB", "_", "_")], [("X", "_", "_")]]
    found = [[("NOUN", "N", parse_features("a=1|B=2")), ("NOUN", "V", "_")], [("X", "_", "C=3")]]
    assert accuracy(gold, found) == {"UPOS": pytest.approx(200 / 3), "FEATS": pytest.approx(200 / 3)}


def result(label: str, words: float) -> Any:
    speeds = dict.fromkeys(("warm", "cold", "raw", "train"), words)
    sizes = {"megabytes_of_memory": 300.0, "megabytes_on_disk": 7.5, "load_seconds": 0.2}
    return {"label": label, "accuracy": {"UPOS": 95.9, "FEATS": 96.5}, "words_per_second": speeds, **sizes}


def test_table_and_picture(tmp_path: Path) -> None:
    from benchmark.report import picture, table

    results = {"default": result("spacy-rnn", 150_000.0), "cnn": result("spaCy CNN", 20_000.0)}
    run = {"treebank": "mine", "threads": 1, "results": results}
    lines = table(run).splitlines()
    assert len(lines) == 4 and len({line.count("|") for line in lines}) == 1
    assert lines[2].startswith("| spacy-rnn | 95.90 | 96.50 | 150,000 |")
    picture(run, tmp_path / "picture.svg")
    assert (tmp_path / "picture.svg").read_text(encoding="utf8").count("<path") > 10


def test_one_system_from_training_to_tags(tmp_path: Path) -> None:
    from benchmark.contestants import build
    from benchmark.corpus import accuracy, read

    treebank = write_splits(tmp_path / "source")
    convert_treebank(treebank, tmp_path / "corpus")
    system = build("fast", True, treebank, tmp_path / "corpus", tmp_path / "models")
    system.fit()
    system.load()
    test = read(treebank, "test")
    system.prepare(test.words, test.texts)
    found = system.tags()
    assert [len(sentence) for sentence in found] == [7]
    assert accuracy(test.gold, found)["UPOS"] > 50  # one sentence, learned by heart
    system.forget()
    assert system.tags() == found
    assert system.train_speed(0.01) > 0
