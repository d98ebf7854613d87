"""Copies of the projects, and the benchmark, for tests that import it."""

import shutil
import sys
from pathlib import Path
from typing import Iterator, List

import pytest

from spacy_rnn.cli import main

from ..helpers import ROOT

MADE_BY_RUNS = ("assets", "corpus", "training", "metrics", "packages", "project.lock")


@pytest.fixture
def benchmark_on_path(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """`import benchmark` works, and does not outlive the test."""
    monkeypatch.syspath_prepend(str(ROOT))
    yield
    for name in [name for name in sys.modules if name.split(".")[0] == "benchmark"]:
        del sys.modules[name]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of the project and those below it, and the corpora beside it."""
    shutil.copytree(ROOT / "project", tmp_path / "project", ignore=shutil.ignore_patterns(*MADE_BY_RUNS))
    shutil.copytree(ROOT / "corpora", tmp_path / "corpora")
    return tmp_path / "project"


@pytest.fixture
def in_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands of a project run in this process, which has imported everything already."""

    def run_command(command: List[str], capture: bool) -> None:
        assert command[:3] == [sys.executable, "-m", "spacy_rnn"] and not capture
        with monkeypatch.context() as patch:
            patch.setattr(sys, "argv", command[2:])
            with pytest.raises(SystemExit) as ended:
                main()
        if ended.value.code:
            sys.exit(ended.value.code)

    monkeypatch.setattr("weasel.cli.run.run_command", run_command)
