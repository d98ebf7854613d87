"""Folders that are replaced: links, mount points, the current directory, and folders that hold what is read."""

import errno
import os
import subprocess
import sys
from pathlib import Path
from typing import Dict

import pytest

from spacy_rnn.base import files
from spacy_rnn.base.files import replace_file, replaced_folder
from spacy_rnn.errors import CorpusError

OLD = {"same": "old", "gone": "old", "sub/deep": "old", "file_then_folder": "old", "folder_then_file/x": "old"}
NEW = {"same": "new", "sub/deep": "new", "file_then_folder/x": "new", "folder_then_file": "new", "more/x": "new"}


def write(folder: Path, contents: Dict[str, str]) -> None:
    for name, text in contents.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)


def read(folder: Path) -> Dict[str, str]:
    found = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_text() for path in found}


def replace(target: Path) -> None:
    with replaced_folder(target) as folder:
        write(folder, NEW)


def busy() -> None:
    raise OSError(errno.EBUSY, "Device or resource busy")


@pytest.mark.parametrize("name", ["plain", "a name with blanks", "ñ 数 ☃", "--name"])
def test_any_name(tmp_path: Path, name: str) -> None:
    target = tmp_path / name
    write(target, OLD)
    replace(target)
    assert read(target) == NEW
    assert list(tmp_path.iterdir()) == [target]


def test_link_stays_one(tmp_path: Path) -> None:
    target, link, empty = tmp_path / "deep" / "target", tmp_path / "link", tmp_path / "empty"
    write(target, OLD)
    link.symlink_to(target)
    empty.symlink_to(tmp_path / "made" / "later")
    for folder in (link, empty):
        replace(folder)
        assert folder.is_symlink() and read(folder) == NEW
    (tmp_path / "file").symlink_to(target / "same")
    replace_file(tmp_path / "file", b"other")
    assert (tmp_path / "file").is_symlink() and (target / "same").read_text() == "other"


@pytest.mark.parametrize(("place", "relative"), [(".", "."), ("sub", "..")])
def test_current_directory_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str, relative: str) -> None:
    target = tmp_path / "target"
    write(target, OLD)
    number = target.stat().st_ino
    monkeypatch.chdir(target / place)
    replace(Path(relative))
    assert target.stat().st_ino == number
    assert read(target) == NEW


@pytest.mark.parametrize("known", [True, False])
def test_folder_that_cannot_be_renamed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, known: bool) -> None:
    """Known before, as a mount point, or found out."""
    target, rename = tmp_path / "target", Path.rename
    write(target, OLD)
    number = target.stat().st_ino
    monkeypatch.setattr(files, "can_rename", lambda folder: not known)
    monkeypatch.setattr(files, "exchange", lambda first, second: False)
    monkeypatch.setattr(Path, "rename", lambda path, to: busy() if path == target else rename(path, to))
    replace(target)
    with pytest.raises(FileNotFoundError), replaced_folder(target) as folder:
        (folder / "missing" / "file").touch()
    assert target.stat().st_ino == number
    assert read(target) == NEW
    assert not [path for path in tmp_path.rglob("*") if path.name.startswith(".")]


def test_other_files_of_a_folder_that_cannot_be_renamed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "can_rename", lambda folder: False)
    write(tmp_path, {"mine.txt": "mine", "old.spacy": "old"})
    with pytest.raises(CorpusError, match=r"D112.*mine\.txt"), replaced_folder(tmp_path, checked=True) as folder:
        write(folder, {"new.spacy": "new"})
    (tmp_path / "mine.txt").unlink()
    with replaced_folder(tmp_path, checked=True) as folder:
        write(folder, {"new.spacy": "new"})
    assert read(tmp_path) == {"new.spacy": "new"}


MOUNTED = """
import sys
from pathlib import Path
from spacy_rnn.base.files import can_rename, replaced_folder
target = Path(sys.argv[1])
for name in ("first", "second"):
    with replaced_folder(target) as folder:
        (folder / name).touch()
    assert [path.name for path in target.iterdir()] == [name]
"""


@pytest.mark.parametrize("kind", ["-t tmpfs none", "--bind {}"])
def test_mount_point(tmp_path: Path, kind: str) -> None:
    """Of another file system, and of the same one, which is no mount point by its device."""
    (tmp_path / "bound").mkdir()
    (tmp_path / "target").mkdir()
    mount = f"mount {kind.format(tmp_path / 'bound')} {tmp_path / 'target'}"
    command = ["unshare", "--mount", "sh", "-c", f"{mount} || exit 77; exec {sys.executable} - {tmp_path / 'target'}"]
    try:
        done = subprocess.run(command, input=MOUNTED, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        pytest.skip("mounting for one process alone needs the command unshare of Linux")
    if done.returncode in (1, 77) and ("unshare" in done.stderr or done.returncode == 77):
        pytest.skip("mounting needs rights that this user does not have")
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", ["target/in.txt", "target", "link/in.txt", "target/deep/in.txt"])
def test_what_is_read_is_not_replaced(tmp_path: Path, name: str) -> None:
    write(tmp_path / "target", {"in.txt": "read", "deep/in.txt": "read"})
    (tmp_path / "link").symlink_to(tmp_path / "target")
    before = read(tmp_path)
    with pytest.raises(CorpusError, match="D120"), replaced_folder(tmp_path / "target", inputs=[tmp_path / name]):
        raise AssertionError
    assert read(tmp_path) == before
    with replaced_folder(tmp_path / "target" / "below", inputs=[tmp_path / "target" / "in.txt"]) as folder:
        write(folder, NEW)
    assert read(tmp_path / "target" / "below") == NEW


def test_one_writer(tmp_path: Path) -> None:
    target = tmp_path / "target"
    with replaced_folder(target) as folder:
        write(folder, NEW)
        with pytest.raises(CorpusError, match=f"D121.*process {os.getpid()}"):
            replace(target)
    assert read(target) == NEW
    replace(target)
    assert list(tmp_path.iterdir()) == [target]
