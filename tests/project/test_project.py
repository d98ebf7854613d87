"""The spaCy project and the projects below it, as a user runs them."""

import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import spacy
import srsly
from weasel.cli.document import project_document
from weasel.cli.run import project_run
from weasel.util import load_project_config

from tests.data.treebank import write_splits

from ..docs.commands import check_command
from ..helpers import ROOT
from .conftest import MADE_BY_RUNS

PROJECTS = sorted(path.parent.relative_to(ROOT) for path in (ROOT / "project").glob("**/project.yml"))


def run(project: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "spacy", "project", "run", *arguments]
    return subprocess.run(command, cwd=project, capture_output=True, encoding="utf8", check=False)


def test_sample_run(project: Path) -> None:
    done = run(project, "all", ".", "--vars.treebank", "sample", "--vars.max_steps", "100")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "sample, test" in done.stdout and "LAS" in done.stdout
    scores = srsly.read_json(project / "metrics" / "sample.json")
    for setting in ("gold_words", "raw_text"):
        # The sample is tiny: far better than the most frequent label is as much as it can teach.
        assert scores[setting]["pos_acc"] > 0.3
        assert {"tag_acc", "morph_acc"} < set(scores[setting])
    nlp = spacy.load(project / "training" / "sample" / "model-best")
    assert all(token.pos_ for token in nlp("The cat sleeps."))

    again = run(project, "all", ".", "--vars.treebank", "sample", "--vars.max_steps", "100")
    assert again.returncode == 0
    # convert, train-tagger, evaluate and package; fetch looks for itself.
    assert again.stdout.count("nothing changed") == 4
    assert "already in" in again.stdout


def run_here(project: Path, command: str, folder: Path, capfd: pytest.CaptureFixture) -> str:
    """Run one command of the project on a local folder, and return what it printed."""
    project_run(project, command, overrides={"vars.treebank": "mine", "vars.treebank_dir": str(folder)})
    return str(capfd.readouterr().out)


@pytest.mark.usefixtures("in_process")
def test_unusable_treebank_stops_the_run(project: Path, tmp_path: Path, capfd: pytest.CaptureFixture) -> None:
    folder = write_splits(tmp_path / "mine")
    (folder / "pt_test-ud-dev.conllu").unlink()
    with pytest.raises(SystemExit) as caught:
        run_here(project, "all", folder, capfd)
    assert caught.value.code == 1
    assert "[D013]" in capfd.readouterr().err
    assert list((project / "assets").iterdir()) == []


@pytest.mark.usefixtures("in_process")
def test_local_folder_is_followed(project: Path, tmp_path: Path, capfd: pytest.CaptureFixture) -> None:
    folder = write_splits(tmp_path / "mine")
    run_here(project, "fetch", folder, capfd)
    run_here(project, "convert", folder, capfd)
    assert "nothing changed" in run_here(project, "convert", folder, capfd)
    shutil.rmtree(folder)
    write_splits(folder, prefix="en_test")
    run_here(project, "fetch", folder, capfd)
    assert "nothing changed" not in run_here(project, "convert", folder, capfd)
    assert srsly.read_json(project / "corpus" / "mine" / "stats.json")["lang"] == "en"


WORKFLOWS = {
    ".": {"train", "all"},
    "cells": {"sine"},
    "comparison": {"compare", "noise", "benchmark"},
    "distillation": {"distill"},
    "language_models": {"charlm"},
    "lemmas": {"lemma", "compare-lemmas"},
    "parsing": {"parse", "compare-parsers"},
    "texts": {"textcat", "compare-textcat", "generate"},
    "translation": {"translate"},
    "trees": {"tree", "tree-sst"},
}


def test_all_workflows_have_a_project() -> None:
    found = {str(path.relative_to("project")): set(load_project_config(ROOT / path)["workflows"]) for path in PROJECTS}
    assert found == WORKFLOWS


@pytest.mark.parametrize("path", PROJECTS, ids=str)
def test_project_file(path: Path) -> None:
    config = load_project_config(ROOT / path)
    names = {command["name"] for command in config["commands"]}
    for workflow, steps in config["workflows"].items():
        assert workflow not in names
        assert set(steps) <= names
    for command in config["commands"]:
        assert command["help"]
        assert "deps" in command or command.get("no_skip")
        # A configuration or a program of ours that a command reads is a dependency of it.
        for dependency in command.get("deps", []):
            made = dependency.split("/")[0] in MADE_BY_RUNS
            assert made or (ROOT / path / dependency).exists(), f"{command['name']}: {dependency}"


@pytest.mark.parametrize("path", PROJECTS, ids=str)
def test_commands_have_their_options_and_configs(path: Path) -> None:
    for command in load_project_config(ROOT / path)["commands"]:
        for words in map(shlex.split, command["script"]):
            check_command(words, ROOT / path)
            for word in words:
                if word.endswith(".cfg") and not word.startswith("training/"):
                    assert (ROOT / path / word).is_file(), word


@pytest.mark.parametrize("path", PROJECTS, ids=str)
def test_vectors_reach_every_config(path: Path) -> None:
    """Where a project has a variable for word vectors, they are there before a config is written that names them."""
    config = load_project_config(ROOT / path)
    named = [
        command["name"] for command in config["commands"] if any('--vectors "' in line for line in command["script"])
    ]
    assert bool(named) == ("vectors" in config["vars"])
    for steps in config["workflows"].values():
        for step in set(steps) & set(named):
            assert "get-vectors" in steps[: steps.index(step)]


@pytest.mark.parametrize("path", PROJECTS, ids=str)
def test_readme_is_the_generated_one(path: Path, tmp_path: Path) -> None:
    project_document(ROOT / path, tmp_path / "README.md")
    found = (ROOT / path / "README.md").read_text(encoding="utf8")
    assert found == (tmp_path / "README.md").read_text(encoding="utf8"), "run `spacy project document . -o README.md`"
