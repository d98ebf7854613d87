"""Treebanks from local folders and from git repositories, which are local here."""

import shutil
import socket
import subprocess
from pathlib import Path

import pytest

from spacy_rnn.data.fetch import treebanks
from spacy_rnn.data.fetch.treebanks import fetch_treebank
from spacy_rnn.errors import CorpusError

from ..treebank import SENTENCE, file_contents, write_splits

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
    return fetch_treebank(name, target, tag=tag, repo=str(repo))


def test_git_repository(tmp_path: Path, repo: Path, capfd: pytest.CaptureFixture) -> None:
    target = tmp_path / "assets" / NAME
    assert fetch(target, repo)
    assert file_contents(target) == file_contents(write_splits(tmp_path / "same", prefix="en_test"))
    assert (target / "LICENSE.txt").is_file()
    assert not (target / ".git").exists()
    shutil.rmtree(repo)
    assert not fetch(target, repo), "what is there needs no repository"
    assert capfd.readouterr() == ("", "")


def test_tag_that_is_moved(tmp_path: Path, repo: Path) -> None:
    target = tmp_path / "assets" / NAME
    assert fetch(target, repo) and not fetch(target, repo)
    write_splits(repo / NAME, prefix="en_test", text=SENTENCE.replace("casa", "cama"))
    git(repo / NAME, "add", ".")
    git(repo / NAME, "commit", "-q", "-m", "other")
    git(repo / NAME, "tag", "-f", "-a", "r1", "-m", "moved")
    assert fetch(target, repo) and not fetch(target, repo)
    assert "cama" in file_contents(target)["train"]


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


def test_no_git(tmp_path: Path, repo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(CorpusError, match=f"D026.*{NAME}.*git"):
        fetch(tmp_path / "target", repo)
    assert not (tmp_path / "target").exists()


def test_git_that_never_answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(treebanks, "TIMEOUT", 0.2)
    monkeypatch.setattr(treebanks, "ANSWER", 0.2)
    silent = socket.create_server(("127.0.0.1", 0))
    with silent, pytest.raises(CorpusError, match="D018.*no answer within"):
        fetch_treebank(NAME, tmp_path / "target", repo=f"http://127.0.0.1:{silent.getsockname()[1]}")
    assert not (tmp_path / "target").exists()


def test_folder_of_other_things_is_not_replaced(tmp_path: Path, repo: Path) -> None:
    """One that was fetched before is, whatever its record looks like."""
    target = tmp_path / "target"
    target.mkdir()
    (target / "mine.py").touch()
    with pytest.raises(CorpusError, match="D112.*mine.py"):
        fetch(target, repo)
    (target / "mine.py").rename(target / "source.json")
    assert fetch(target, repo) and not fetch(target, repo)


def test_local_folder(tmp_path: Path) -> None:
    source = write_splits(tmp_path / "source")
    target = tmp_path / "assets" / "any"
    assert fetch_treebank("any", target, local_dir=source)
    assert file_contents(target) == file_contents(source)
    assert not fetch_treebank("any", target, local_dir=source)
    write_splits(source, "changed")
    assert fetch_treebank("any", target, local_dir=source)
    assert file_contents(target) == file_contents(source)


def test_splits_in_several_files(tmp_path: Path) -> None:
    source = write_splits(tmp_path / "source", prefix="cs_test")
    (source / "cs_test-ud-train.conllu").rename(source / "cs_test-ud-train-l.conllu")
    (source / "cs_test-ud-train-c.conllu").write_text("more", encoding="utf8")
    assert fetch_treebank("any", tmp_path / "target", local_dir=source)
    assert {path.name for path in source.iterdir()} | {"source.json"} == {
        p.name for p in (tmp_path / "target").iterdir()
    }
    (source / "cs_test-ud-train-c.conllu").write_text("other", encoding="utf8")
    assert fetch_treebank("any", tmp_path / "target", local_dir=source)


def test_broken_local_folder(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="D012"):
        fetch_treebank("any", tmp_path / "target", local_dir=tmp_path / "nowhere")
    source = write_splits(tmp_path / "source")
    next(source.iterdir()).unlink()
    with pytest.raises(CorpusError, match="D013"):
        fetch_treebank("any", tmp_path / "target", local_dir=source)
    assert not (tmp_path / "target").exists()
