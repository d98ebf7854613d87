"""The workflows for lemmatizers, on the sample."""

import sys
from pathlib import Path

import pytest
import spacy
import srsly
from weasel.cli.run import project_run

from spacy_rnn.cli import main

from .test_project import project as project  # a fixture


def test_workflow(project: Path) -> None:
    steps = {"treebank": "sample", "max_steps": 8, "lemma_steps": 20, "lemma_peer_steps": 8, "compare_steps": 8}
    overrides = {f"vars.{name}": value for name, value in steps.items()}
    project_run(project, "lemma", overrides=overrides)
    scores = srsly.read_json(project / "metrics" / "lemma-sample.json")
    assert set(scores) == {"gold_tags", "predicted_tags"}
    assert all(0.0 < found["lemma_acc"] <= 1.0 for found in scores.values())
    nlp = spacy.load(project / "training" / "lemma-sample" / "pipeline")
    assert all(token.pos_ and token.lemma_ for token in nlp("The cat sleeps."))

    project_run(project, "compare-lemmas", overrides=overrides)
    figures = srsly.read_json(project / "metrics" / "lemma-sample-benchmark.json")["results"]
    for found in figures.values():
        assert {"gold tags", "predicted tags", "words/s"} <= set(found) and all(value >= 0 for value in found.values())


def test_pipeline_without_a_lemmatizer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    spacy.blank("en").to_disk(tmp_path / "blank")
    arguments = ["add-tagger", str(tmp_path / "blank"), str(tmp_path / "blank"), str(tmp_path / "out")]
    monkeypatch.setattr(sys, "argv", ["spacy-rnn", *arguments])
    with pytest.raises(SystemExit):
        main()
    assert "[D173]" in capsys.readouterr().err
    arguments = ["evaluate-lemmas", str(tmp_path / "blank"), str(tmp_path)]
    monkeypatch.setattr(sys, "argv", ["spacy-rnn", *arguments])
    with pytest.raises(SystemExit):
        main()
    assert "[D021]" in capsys.readouterr().err
