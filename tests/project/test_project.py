"""The spaCy project, as a user runs it."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import spacy
import srsly
from spacy.util import load_config
from weasel.cli.document import project_document
from weasel.cli.run import project_run
from weasel.util import load_project_config

from tests.data.treebank import write_splits

from ..helpers import ROOT

CONFIGS = sorted((ROOT / "project" / "configs").glob("*.cfg"))
MADE_BY_RUNS = ("assets", "corpus", "training", "metrics", "packages", "project.lock")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of the project, and the corpora beside it."""
    shutil.copytree(ROOT / "project", tmp_path / "project", ignore=shutil.ignore_patterns(*MADE_BY_RUNS))
    shutil.copytree(ROOT / "corpora", tmp_path / "corpora")
    return tmp_path / "project"


def run(project: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "spacy", "project", "run", *arguments]
    return subprocess.run(command, cwd=project, capture_output=True, encoding="utf8", check=False)


def test_sample_run(project: Path) -> None:
    done = run(project, "all", ".", "--vars.treebank", "sample")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "gold words" in done.stdout
    scores = srsly.read_json(project / "metrics" / "sample.json")
    for setting in ("gold_words", "raw_text"):
        # The sample is tiny: far better than the most frequent label is as much as it can teach.
        assert scores[setting]["pos_acc"] > 0.3
        assert {"tag_acc", "morph_acc"} < set(scores[setting])
    nlp = spacy.load(project / "training" / "sample" / "model-best")
    assert all(token.pos_ for token in nlp("The cat sleeps."))

    again = run(project, "all", ".", "--vars.treebank", "sample")
    assert again.returncode == 0
    # convert, train-tagger, evaluate and package; fetch looks for itself.
    assert again.stdout.count("nothing changed") == 4
    assert "already in" in again.stdout


def run_here(project: Path, command: str, folder: Path, capfd: pytest.CaptureFixture) -> str:
    """Run one command of the project on a local folder, and return what it printed."""
    project_run(project, command, overrides={"vars.treebank": "mine", "vars.treebank_dir": str(folder)})
    return str(capfd.readouterr().out)


def test_unusable_treebank_stops_the_run(project: Path, tmp_path: Path, capfd: pytest.CaptureFixture) -> None:
    folder = write_splits(tmp_path / "mine")
    (folder / "pt_test-ud-dev.conllu").unlink()
    with pytest.raises(SystemExit) as caught:
        run_here(project, "all", folder, capfd)
    assert caught.value.code == 1
    assert "[D013]" in capfd.readouterr().err
    assert list((project / "assets").iterdir()) == []


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


def test_project_file(project: Path) -> None:
    config = load_project_config(project)
    names = {command["name"] for command in config["commands"]}
    for workflow, steps in config["workflows"].items():
        assert workflow not in names
        assert set(steps) <= names
    for command in config["commands"]:
        assert command["help"]
        assert "deps" in command or command.get("no_skip")


def test_readme_is_the_generated_one(project: Path) -> None:
    before = (project / "README.md").read_text(encoding="utf8")
    project_document(project, project / "README.md")
    assert (project / "README.md").read_text(encoding="utf8") == before, "run `spacy project document`"


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_configs_are_full(path: Path) -> None:
    config = load_config(path)
    nlp = spacy.util.load_model_from_config(config, auto_fill=False)
    assert nlp.pipe_names == config["nlp"]["pipeline"]
