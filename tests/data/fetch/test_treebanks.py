"""Treebanks from local folders and from git repositories, which are local here."""

import shutil
import subprocess
from pathlib import Path

import pytest

from spacy_rnn.data.fetch.treebanks import fetch_treebank
from spacy_rnn.errors import CorpusError

from ...helpers import ROOT
from ..treebank import file_contents, write_splits

PROJECT = ROOT / "project"
NAME = "UD_Test-Git"


def git(folder: Path, *arguments: str) -> None:
    identity = ("-c", "user.name=test", "-c", "user.email=test@example.org", "-c", "commit.gpgsign=false")
    subprocess.run(["git", "-C", str(folder), *identity, *arguments], check=True, capture_output=True)


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    """The address of a folder with one repository, which has the tags "r1" and, without a dev file, "r2"."""
    folder = write_splits(tmp_path / "repos" / NAME, prefix="en_test")
    (folder / "LICENSE.txt").write_text("free", encoding="utf8")
    git(folder, "init", "-q")
    git(folder, "add", ".")
    git(folder, "commit", "-q", "-m", "all")
    git(folder, "tag", "r1")
    git(folder, "rm", "-q", "en_test-ud-dev.conllu")
    git(folder, "commit", "-q", "-m", "less")
    git(folder, "tag", "r2")
    return folder.parent


def fetch(target: Path, repo: Path, tag: str = "r1", name: str = NAME) -> bool:
    project_vars = {"treebank_repo": str(repo), "treebank_tag": tag}
    return fetch_treebank(name, target, project_dir=PROJECT, project_vars=project_vars)


def test_git_repository(tmp_path: Path, repo: Path, capfd: pytest.CaptureFixture) -> None:
    target = tmp_path / "assets" / NAME
    assert fetch(target, repo)
    assert file_contents(target) == file_contents(write_splits(tmp_path / "same", prefix="en_test"))
    assert (target / "LICENSE.txt").is_file()
    assert not (target / ".git").exists()
    shutil.rmtree(repo)
    assert not fetch(target, repo), "what is there needs no repository"
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("tag", "name", "code"), [("r3", NAME, "D018"), ("r1", "UD_No-Such", "D018"), ("r2", NAME, "D019")]
)
def test_failing_git_repository(tmp_path: Path, repo: Path, tag: str, name: str, code: str) -> None:
    target = tmp_path / "assets" / NAME
    fetch(target, repo)
    before = file_contents(target)
    with pytest.raises(CorpusError, match=rf"{code}.*{name}") as caught:
        fetch(target, repo, tag, name)
    assert "\n" not in str(caught.value)
    assert file_contents(target) == before
    assert list(target.parent.iterdir()) == [target]


def test_git_needs_a_project(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="D020"):
        fetch_treebank(NAME, tmp_path / "target", project_dir=tmp_path)


def test_local_folder(tmp_path: Path) -> None:
    source = write_splits(tmp_path / "source")
    target = tmp_path / "assets" / "any"
    assert fetch_treebank("any", target, local_dir=source)
    assert file_contents(target) == file_contents(source)
    assert not fetch_treebank("any", target, local_dir=source)
    write_splits(source, "changed")
    assert fetch_treebank("any", target, local_dir=source)
    assert file_contents(target) == file_contents(source)


def test_broken_local_folder(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="D012"):
        fetch_treebank("any", tmp_path / "target", local_dir=tmp_path / "nowhere")
    source = write_splits(tmp_path / "source")
    next(source.iterdir()).unlink()
    with pytest.raises(CorpusError, match="D013"):
        fetch_treebank("any", tmp_path / "target", local_dir=source)
    assert not (tmp_path / "target").exists()
