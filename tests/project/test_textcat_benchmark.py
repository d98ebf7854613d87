"""The benchmark of text categorizers: what it reads, what it trains, and what it measures."""

from pathlib import Path
from typing import Any, Dict, List

import pytest
import spacy
import srsly
from spacy.training import Corpus, Example
from typer.testing import CliRunner

from spacy_rnn.data.textcat_corpus import convert_textcat

from ..pipeline.texts import textcat_config

pytestmark = pytest.mark.usefixtures("benchmark_on_path")

TREES = {
    "train": ["(4 (2 A) (3 (4 fine) (2 film)))", "(1 (2 A) (1 (0 dull) (2 film)))", "(2 (2 A) (2 film))"],
    "dev": ["(3 (3 fine) (2 film))"],
    "test": ["(0 (0 dull) (2 film))"],
}


def write_trees(folder: Path) -> Path:
    folder.mkdir()
    for split, lines in TREES.items():
        (folder / f"{split}.txt").write_text("\n".join(lines) + "\n", encoding="utf8")
    return folder


def as_pairs(records: List[Dict[str, Any]]) -> List[Any]:
    return [(record["text"], record["label"]) for record in records]


def test_phrases_only_in_training_and_each_once(tmp_path: Path) -> None:
    from benchmark.textcat.sets import read_sst

    source = write_trees(tmp_path / "sst")
    found = read_sst(source, binary=False, phrases=True)
    roots = [("A fine film", "4"), ("A dull film", "1"), ("A film", "2")]
    assert as_pairs(found["train"])[:3] == roots
    assert sorted(as_pairs(found["train"])[3:]) == [
        ("A", "2"), ("dull", "0"), ("dull film", "1"), ("film", "2"), ("fine", "4"), ("fine film", "3"),
    ]  # fmt: skip
    assert as_pairs(found["dev"]) == [("fine film", "3")]
    assert as_pairs(read_sst(source, binary=False, phrases=False)["train"]) == roots


def test_neutral_texts_have_no_side(tmp_path: Path) -> None:
    from benchmark.textcat.sets import read_sst

    found = read_sst(write_trees(tmp_path / "sst"), binary=True, phrases=True)
    assert as_pairs(found["train"])[:2] == [("A fine film", "positive"), ("A dull film", "negative")]
    assert {text for text, _ in as_pairs(found["train"])[2:]} == {"fine", "dull", "fine film", "dull film"}


def test_every_language_is_in_every_split(tmp_path: Path) -> None:
    from benchmark.textcat.sets import read_names

    for name, n in (("Elvish", 40), ("Dwarvish", 12)):
        (tmp_path / f"{name}.txt").write_text("\n".join(f"{name}{i}" for i in range(n)) + "\n", encoding="utf8")
    found = read_names(tmp_path)
    assert {split: len(records) for split, records in found.items()} == {"train": 42, "dev": 5, "test": 5}
    texts = [record["text"] for records in found.values() for record in records]
    assert len(set(texts)) == len(texts) == 52
    assert all({r["label"] for r in records} == {"Elvish", "Dwarvish"} for records in found.values())
    assert read_names(tmp_path) == found


def test_other_formats(tmp_path: Path) -> None:
    from benchmark.textcat.sets import read_newsgroups, read_snips

    for folder in ("train", "valid", "test"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "seq.in").write_text("play it \nbook a table\n", encoding="utf8")
        (tmp_path / folder / "label").write_text("PlayMusic\nBookRestaurant\n", encoding="utf8")
    assert as_pairs(read_snips(tmp_path)["dev"]) == [("play it", "PlayMusic"), ("book a table", "BookRestaurant")]
    rows = [{"id": str(i), "label": "x", "text": f"text {i}"} for i in range(20)] + [{"label": "x", "text": " "}]
    for split in ("train", "test"):
        srsly.write_jsonl(tmp_path / f"{split}.jsonl", rows)
    found = read_newsgroups(tmp_path)
    assert [len(found[split]) for split in ("train", "dev", "test")] == [18, 2, 20]
    assert not {r["text"] for r in found["train"]} & {r["text"] for r in found["dev"]}


def test_all_systems_take_the_same_passes(tmp_path: Path) -> None:
    """Over the same texts, whatever their batches hold; and a cell is all that differs between ours."""
    from benchmark.textcat.contestants import OURS, PEERS, PLANS, command, systems
    from benchmark.textcat.sets import SETS

    assert list(PLANS) == list(SETS)
    srsly.write_json(tmp_path / "stats.json", {"files": {"train": {"texts": 14_000, "tokens": 100_000}}})

    def settings(name: str, key: str) -> Dict[str, str]:
        parts = command(name, PLANS[key], tmp_path, tmp_path)[7:]
        return dict(zip(parts[::2], parts[1::2]))

    for name in PEERS:
        assert settings(name, "snips")["--training.max_steps"] == str(PLANS["snips"].passes * 100)
    plan, names = PLANS["names"], settings(OURS, "names")
    assert int(names["--training.max_steps"]) == plan.passes * 14_000 / plan.batch
    for name in plan.cells:
        other = settings(name, "names")
        assert other.pop("--components.rnn_textcat.model.tok2vec.encode.cell") == plan.cells[name]
        assert other == names
    assert systems(plan) == [OURS, *plan.cells, *PEERS]
    assert not any("," in name for each in PLANS.values() for name in systems(each))  # so that --only can list them


def test_trains_what_is_not_trained_and_refuses_unknown_names(tmp_path: Path) -> None:
    from benchmark.app import app

    source, output = write_trees(tmp_path / "sst"), tmp_path / "out" / "sst2"
    arguments = [str(source), str(tmp_path / "work"), str(output), "--small", "--repeats", "1", "--steps", "1"]
    run = CliRunner().invoke(app, ["textcat", "sst2", *arguments, "--only", "spacy-rnn"], catch_exceptions=False)
    assert run.exit_code == 0, run.output
    model = tmp_path / "work" / "sst2-small" / "spacy-rnn" / "model-best" / "meta.json"
    made = model.stat().st_mtime_ns
    CliRunner().invoke(app, ["textcat", "sst2", *arguments, "--only", "spacy-rnn"], catch_exceptions=False)
    assert model.stat().st_mtime_ns == made
    assert set(srsly.read_json(output.with_suffix(".json"))["results"]) == {"spacy-rnn"}
    for wrong in (["sst3"], ["sst2", "--only", "spacy-cnn"]):
        run = CliRunner().invoke(app, ["textcat", wrong[0], *arguments, *wrong[1:]])
        assert run.exit_code == 2 and "is not one of" in " ".join(run.output.split())


def test_measures_trained_pipelines(tmp_path: Path) -> None:
    """Two sides, with figures for each, their ratios, a table and a picture."""
    from benchmark.app import app

    records = [
        {"text": f"{word} {i}", "label": label} for i in range(30) for word, label in (("good", "+"), ("bad", "-"))
    ]
    for split in ("train", "test"):
        srsly.write_jsonl(tmp_path / f"{split}.jsonl", records)
    convert_textcat([tmp_path / "train.jsonl", tmp_path / "test.jsonl"], tmp_path / "corpus", lang="en")
    for name, factory, config in (("spacy-rnn", "rnn_textcat", textcat_config()), ("spacy-ensemble", "textcat", {})):
        nlp = spacy.blank("en")
        nlp.add_pipe(factory, config=config)
        nlp.initialize(lambda nlp=nlp: Corpus(tmp_path / "corpus" / "train.spacy")(nlp))  # type: ignore[misc]
        (tmp_path / "models" / name).mkdir(parents=True)
        nlp.to_disk(tmp_path / "models" / name / "model-best")
    output = tmp_path / "out" / "figures"
    arguments = [str(tmp_path / "corpus"), str(tmp_path / "models"), str(output), "--repeats", "1", "--steps", "2"]
    run = CliRunner().invoke(app, ["textcat-models", *arguments, "--words", "100"], catch_exceptions=False)
    assert run.exit_code == 0, run.output
    found = srsly.read_json(output.with_suffix(".json"))
    assert list(found["results"]) == ["spacy-rnn", "spacy-ensemble"]
    speeds = {"prediction words/s", "warm prediction words/s", "training words/s"}
    for figures in found["results"].values():
        assert all(figures[name] > 0 for name in ("accuracy", *speeds))
    assert set(found["ratios"]) == speeds
    lines = output.with_suffix(".md").read_text(encoding="utf8").splitlines()
    assert len(lines) == 5 and len({line.count("|") for line in lines}) == 1
    assert output.with_suffix(".svg").read_text(encoding="utf8").count("<path") > 10


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="memory is read from /proc")
def test_memory_of_one_document(tmp_path: Path) -> None:
    from benchmark.textcat.memory import memory_of

    nlp = spacy.blank("en")
    nlp.add_pipe("rnn_textcat", config=textcat_config())
    nlp.initialize(lambda: [Example.from_dict(nlp.make_doc("a b"), {"cats": {"x": 1.0, "y": 0.0}})])
    nlp.to_disk(tmp_path / "pipeline")
    (found,) = memory_of(tmp_path / "pipeline", [20_000])
    assert found["tokens"] == 20_000 and found["seconds"] > 0
    # Less than vectors of all its tokens would take.
    assert 0 <= found["megabytes"] < 20
