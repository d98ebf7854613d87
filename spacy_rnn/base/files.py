"""Files and folders that are written completely or not at all."""

import ctypes
import errno
import os
import shutil
import sys
import tempfile
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, Iterable, Iterator

from ..errors import CorpusError, Errors
from .locks import sole_writer

_AT_FDCWD = -100
_RENAME_EXCHANGE = 2


@contextmanager
def replaced_folder(target: Path, *, checked: bool = False, inputs: Iterable[Path] = ()) -> Iterator[Path]:
    """A new folder to write into, which replaces `target` when the block ends and is removed if the block raises.

    It is created beside `target`, so that it can be moved by renaming. On Linux, the two folders change places in one
    step: whenever the program ends, `target` is either the old folder or the new one. On other systems, `target` is
    missing for a moment between two steps. A folder that cannot be renamed, such as a mount point or the current
    directory, stays, and what it contains is replaced file by file. A symbolic link stays one.

    checked: `target` is a user's folder, which may have other contents. Raises CorpusError, and changes nothing, if it
    contains files of other kinds, by their suffixes, than the new folder.
    inputs: what is read in the block.
    Raises, before anything is written, NotADirectoryError if `target` is a file, and CorpusError if another process is
    writing it or an input is in it.
    """
    target = target.resolve()
    if target.exists() and not target.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(target))
    for path in inputs:
        if target in (path.resolve(), *path.resolve().parents):
            raise CorpusError(Errors.D120.format(path=path, folder=target))
    target.parent.mkdir(parents=True, exist_ok=True)
    around, prefix = target.parent if can_rename(target) else target, f".{target.name}."
    with (
        sole_writer(target, around / f"{prefix}lock"),
        tempfile.TemporaryDirectory(dir=around, prefix=prefix) as scratch,
    ):
        new = Path(scratch) / "new"
        new.mkdir()
        yield new
        if checked:
            check_replaceable(target, new)
        write_through(new)
        if around == target:
            replace_contents(target, new)
        elif not target.exists():
            new.rename(target)
        elif not exchange(new, target):
            try:
                target.rename(Path(scratch) / "old")
            except OSError:
                replace_contents(target, new)
            else:
                new.rename(target)


def can_rename(folder: Path) -> bool:
    """Whether a folder is neither a mount point, nor around the current directory, nor in a folder that is not ours. If
    that cannot be told, renaming will."""
    if not folder.exists():
        return True
    with suppress(OSError):
        if folder in (Path.cwd(), *Path.cwd().parents):
            return False
    return os.access(folder.parent, os.W_OK | os.X_OK) and not os.path.ismount(folder)


def entries(folder: Path) -> Iterator[Path]:
    """The contents of a folder, without what `replaced_folder` keeps there while it runs."""
    return (path for path in folder.iterdir() if not path.name.startswith(f".{folder.name}."))


def check_replaceable(target: Path, new: Path) -> None:
    """See `replaced_folder`."""
    if not target.exists():
        return
    names = {path.name for path in new.iterdir()}
    kinds = {path.suffix for path in new.iterdir() if path.suffix}
    others = sorted(
        path.name
        for path in entries(target)
        if path.name not in names and (path.suffix not in kinds or path.name.startswith(".") or path.is_dir())
    )
    if others:
        raise CorpusError(Errors.D112.format(path=target, found=", ".join(others[:3])))


def replace_contents(target: Path, new: Path) -> None:
    """Replace the contents of a folder by those of another one, file by file."""
    with tempfile.TemporaryDirectory(dir=target, prefix=f".{target.name}.") as scratch:
        # From here on all is on the same file system.
        moved, old = Path(shutil.move(new, Path(scratch) / "new")), Path(scratch) / "old"
        old.mkdir()
        names = [path.name for path in moved.iterdir()]
        for name in names:
            if (target / name).is_dir() or ((moved / name).is_dir() and (target / name).exists()):
                (target / name).rename(old / name)
            (moved / name).replace(target / name)
        for path in list(entries(target)):
            if path.name not in names:
                path.rename(old / path.name)


def replace_file(target: Path, data: bytes) -> None:
    """Write a file so that whenever the program ends, it is either the old file or the complete new one."""
    with replaced_file(target) as opened:
        opened.write(data)


@contextmanager
def replaced_file(target: Path, inputs: Iterable[Path] = ()) -> Iterator[BinaryIO]:
    """A new file to write into, which replaces `target` when the block ends and is removed if the block raises.

    inputs: what is read in the block. Raises CorpusError, before anything is written, if `target` is one of them.
    """
    target = target.resolve()
    for path in inputs:
        if target == path.resolve():
            raise CorpusError(Errors.D122.format(path=path))
    scratch = target.with_name(f".{target.name}.tmp")
    try:
        with scratch.open("wb") as opened:
            yield opened
            opened.flush()
            os.fsync(opened.fileno())
        os.replace(scratch, target)
    except BaseException:
        scratch.unlink(missing_ok=True)
        raise


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
