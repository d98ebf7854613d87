"""A folder has one writer at a time, and no lock survives the process that holds it."""

import os
import signal
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

from spacy_rnn.base import locks
from spacy_rnn.base.locks import sole_writer
from spacy_rnn.errors import CorpusError

HOLD = """
import sys
from pathlib import Path
from spacy_rnn.base.locks import sole_writer
with sole_writer(Path(sys.argv[1]), Path(sys.argv[2])):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_second_writer_is_told_who_the_first_is(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    with sole_writer(tmp_path, lock):
        with pytest.raises(CorpusError, match=f"D121.*{tmp_path}.*process {os.getpid()} on"):
            sole_writer(tmp_path, lock).__enter__()
        assert lock.exists(), "it is still the first one's"
    assert not lock.exists()
    with pytest.raises(KeyError), sole_writer(tmp_path, lock):
        raise KeyError
    assert not lock.exists()


def test_killed_process_leaves_no_lock(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    command = [sys.executable, "-c", HOLD, str(tmp_path), str(lock)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None and process.stdout.readline() == "held\n"
        with pytest.raises(CorpusError, match=f"process {process.pid} on"), sole_writer(tmp_path, lock):
            pass
        process.kill()
    assert lock.exists()
    with sole_writer(tmp_path, lock):
        assert str(os.getpid()) in lock.read_text()
    assert not lock.exists()


def test_child_that_outlives_its_parent_holds_nothing(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    with ExitStack() as stack:
        stack.enter_context(sole_writer(tmp_path, lock))
        child = os.fork()
        if child == 0:
            stack.close()  # does not remove the file of the parent
            signal.pause()
        assert lock.exists()
    try:
        with sole_writer(tmp_path, lock):
            pass
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


def test_file_that_is_removed_meanwhile_is_made_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first writer ends between the opening and the locking of the file."""
    lock, answers = tmp_path / "lock", [True, True]

    def locked(opened: object) -> bool:
        if len(answers) == 2:
            lock.unlink()
        return answers.pop()

    monkeypatch.setattr(locks, "_locked", locked)
    with sole_writer(tmp_path, lock):
        assert lock.exists() and not answers


DENIED = """
import os, sys
from pathlib import Path
from spacy_rnn.base.locks import sole_writer

folder = Path(sys.argv[1])
if os.geteuid() == 0:
    os.seteuid(65534)  # root may write everywhere
try:
    with sole_writer(folder, folder / "lock"):
        pass
except PermissionError as error:
    print(error.filename)
"""


def test_folder_that_may_not_be_written(tmp_path: Path) -> None:
    tmp_path.chmod(0o555)
    for folder in (tmp_path.parent, tmp_path.parent.parent):
        folder.chmod(0o755)
    done = subprocess.run([sys.executable, "-c", DENIED, str(tmp_path)], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == str(tmp_path)
