"""The benchmark of taggers: what it reads, how it counts, and one system of it from training to tags."""

import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import spacy
import srsly
from spacy.tokens import DocBin

from spacy_rnn.data.convert import convert_treebank

from ..data.treebank import SENTENCE, write_splits
from ..data.vectors.wheels import vectors_pipeline
from ..helpers import ROOT
from ..tree_helpers import reviews

pytestmark = pytest.mark.usefixtures("benchmark_on_path")


def test_reads_words_without_ranges_and_empty_nodes(tmp_path: Path) -> None:
    from benchmark.tagger.corpus import conllu_path, cut, read

    treebank = write_splits(tmp_path / "source", SENTENCE + "\n" + SENTENCE)
    found = read(treebank, "dev")
    assert found.words == [["Vi", "a", "casa", "de", "a", "avó", "."]] * 2
    assert found.n_words == 14
    assert found.gold[0][0] == ("VERB", "V", "Mood=Ind|Number=Sing")
    assert found.texts == ["Vi a casa da avó."] * 2
    smaller = cut(treebank, tmp_path / "cut", {"train": 1, "dev": 1, "test": 1})
    assert read(smaller, "test").words == found.words[:1]
    same = cut(treebank, tmp_path / "same", {"dev": 9})
    assert read(same, "dev") == found and "\n\n\n" not in conllu_path(same, "dev").read_text(encoding="utf8")


def test_title_names_the_vectors(tmp_path: Path) -> None:
    from benchmark.pipelines import with_vectors

    nlp = vectors_pipeline()
    for name in ("one", "two"):
        nlp.vocab.vectors.name = name
        nlp.to_disk(tmp_path / name)
    spacy.blank("en").to_disk(tmp_path / "none")
    assert with_vectors(tmp_path / "none") == ""
    assert with_vectors(tmp_path / "one", tmp_path / "none", tmp_path / "one") == ", vectors one"
    assert with_vectors(tmp_path / "one", tmp_path / "two") == ", vectors one, two"


def test_accuracy_counts_words() -> None:
    from benchmark.tagger.corpus import accuracy, parse_features

    gold = [[("NOUN", "_", parse_features("B=2|a=1")), ("VERB", "_", "_")], [("X", "_", "_")]]
    found = [[("NOUN", "N", parse_features("a=1|B=2")), ("NOUN", "V", "_")], [("X", "_", "C=3")]]
    assert accuracy(gold, found) == {"UPOS": pytest.approx(200 / 3), "FEATS": pytest.approx(200 / 3)}


def result(label: str, words: float) -> Any:
    speeds = dict.fromkeys(("warm", "cold", "raw", "train"), words)
    sizes = {"megabytes_of_memory": 300.0, "megabytes_on_disk": 7.5, "load_seconds": 0.2}
    return {"label": label, "accuracy": {"UPOS": 95.9, "FEATS": 96.5}, "words_per_second": speeds, **sizes}


def test_table_and_picture(tmp_path: Path) -> None:
    from benchmark.tagger.report import picture, table

    results = {"default": result("spacy-rnn", 150_000.0), "cnn": result("spaCy CNN", 20_000.0)}
    results["stanza"] = {**result("Stanza", 3_000.0), "accuracy": {"UPOS": 16.65, "FEATS": 20.47}}
    run = {"treebank": "mine", "threads": 1, "results": results}
    lines = table(run).splitlines()
    assert len(lines) == 5 and len({line.count("|") for line in lines}) == 1
    assert lines[2].startswith("| spacy-rnn | 95.90 | 96.50 | 150,000 |")
    assert lines[4].startswith("| Stanza |  |  | 3,000 |"), "hardly trained"
    picture(run, tmp_path / "picture.svg")
    assert (tmp_path / "picture.svg").read_text(encoding="utf8").count("<path") > 10


def test_from_training_to_tags_and_a_comparison(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from benchmark import compare
    from benchmark.tagger.contestants import build
    from benchmark.tagger.corpus import accuracy, read

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
    system.clear_caches()
    assert system.tags() == found
    assert system.train_speed(0.01) > 0

    # With itself: the same scores, and every speed of both.
    monkeypatch.setattr(compare, "GROWING_WORDS", 0)
    sides = 2 * (tmp_path / "models" / "fast" / "model-best", tmp_path / "models" / "fast.cfg")
    output = tmp_path / "out" / "figures.json"
    compare.compare_command(tmp_path / "corpus", *sides, output, repeats=1, threads=1, precision="fp32")
    ours, peer = srsly.read_json(output)["results"].values()
    attrs = {"UPOS", "XPOS", "FEATS"}
    assert {name: ours[name] for name in attrs} == {name: peer[name] for name in attrs}
    assert set(ours) == set(peer) == attrs | {"cold words/s", "warm words/s", "train words/s"}


def test_by_turns() -> None:
    from benchmark.turns import by_turns, medians

    order = []

    def run(name: str) -> float:
        order.append(name)
        return float(len(order))

    found = by_turns({name: partial(run, name) for name in "ab"}, 3, warm_up=True)
    assert "".join(order) == "abababab"
    assert found == {"a": [3.0, 5.0, 7.0], "b": [4.0, 6.0, 8.0]}
    assert medians({**found, "c": []}) == {"a": 5.0, "b": 6.0}


def test_trees(tmp_path: Path) -> None:
    from benchmark.paths import config_path
    from benchmark.trees import trees_command

    docs = [example.reference for example in reviews(spacy.blank("en"))]
    DocBin(docs=docs, store_user_data=True).to_disk(tmp_path / "trees.spacy")
    settings = {"width": 8, "batch_size": 3, "slow_batch_size": 3, "repeats": 1, "threads": 1, "limit": 100}
    trees_command(tmp_path / "trees.spacy", config_path("tree_sst"), tmp_path / "figures.json", **settings)
    results = srsly.read_json(tmp_path / "figures.json")["results"]
    assert {"spacy-rnn, nlp.update", "one tree at a time"} <= set(results)
    assert all(speed > 0 for found in results.values() for speed in found.values())


def test_runs_by_its_path_from_any_folder(tmp_path: Path) -> None:
    command = [sys.executable, str(ROOT / "benchmark"), "run", ".", ".", "models", "out", "--systems", "none"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, encoding="utf8", check=False)
    assert done.returncode == 2 and "is not one of: default" in " ".join(done.stderr.split()), done.stderr


def test_configs_are_found_by_name() -> None:
    from benchmark.paths import config_path

    assert config_path("tagger_fast").parent == ROOT / "project" / "configs"
    assert config_path("bilstm").parent == ROOT / "project" / "comparison" / "configs"
    with pytest.raises(ValueError):
        config_path("no-such")
