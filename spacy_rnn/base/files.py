"""Files and folders that are written completely or not at all."""

import ctypes
import errno
import os
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator

from ..errors import CorpusError, Errors

_AT_FDCWD = -100
_RENAME_EXCHANGE = 2


@contextmanager
def replaced_folder(target: Path, *, checked: bool = False) -> Iterator[Path]:
    """A new folder to write into, which replaces `target` when the block ends and is removed if the block raises.

    It is created beside `target`, so that it can be moved by renaming. On Linux, the two folders change places in one
    step: whenever the program ends, `target` is either the old folder or the new one. On other systems, `target` is
    missing for a moment between two steps.

    checked: `target` is a user's folder, which may have other contents. Raises CorpusError, and changes nothing, if it
    contains files of other kinds, by their suffixes, than the new folder.
    Raises NotADirectoryError, before anything is written, if `target` is a file.
    """
    target = target.resolve()
    if target.exists() and not target.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(target))
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=f".{target.name}.") as scratch:
        new = Path(scratch) / "new"
        new.mkdir()
        yield new
        if checked:
            check_replaceable(target, new)
        write_through(new)
        if not target.exists():
            new.rename(target)
        elif not exchange(new, target):
            target.rename(Path(scratch) / "old")
            new.rename(target)


def check_replaceable(target: Path, new: Path) -> None:
    """See `replaced_folder`."""
    if not target.exists():
        return
    names = {path.name for path in new.iterdir()}
    kinds = {path.suffix for path in new.iterdir() if path.suffix}
    others = sorted(
        path.name
        for path in target.iterdir()
        if path.name not in names and (path.suffix not in kinds or path.name.startswith(".") or path.is_dir())
    )
    if others:
        raise CorpusError(Errors.D112.format(path=target, found=", ".join(others[:3])))


def replace_file(target: Path, data: bytes) -> None:
    """Write a file so that whenever the program ends, it is either the old file or the complete new one."""
    scratch = target.with_name(f".{target.name}.tmp")
    with scratch.open("wb") as opened:
        opened.write(data)
        opened.flush()
        os.fsync(opened.fileno())
    os.replace(scratch, target)


def write_through(folder: Path) -> None:
    """Flush all files of a folder to the disk, so that a power failure truncates none of them."""
    for path in folder.rglob("*"):
        if path.is_file():
            # Windows flushes only files that are open for writing.
            with path.open("rb+") as opened:
                os.fsync(opened.fileno())


def exchange(first: Path, second: Path) -> bool:
    """Exchange two paths in one step. Returns False if the system or the file system cannot."""
    if not sys.platform.startswith("linux"):
        return False
    rename = getattr(ctypes.CDLL(None), "renameat2", None)
    if rename is None:
        return False
    failed = rename(_AT_FDCWD, os.fsencode(first), _AT_FDCWD, os.fsencode(second), _RENAME_EXCHANGE)
    return bool(failed == 0)
