"""Folders that one process at a time writes."""

import errno
import os
import platform
import sys
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Iterator, Set

from ..errors import CorpusError, Errors

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

_held: Set[IO[str]] = set()


@contextmanager
def sole_writer(folder: Path, lock: Path) -> Iterator[None]:
    """Hold a lock on a folder within the block. The system lifts it when the process ends, however it ends.

    lock: a file that says who holds it; it is made, and removed at the end.
    Raises CorpusError if another process or thread holds it. On a file system that has no locks, nobody is kept out.
    """
    opened = _open(folder, lock)
    _held.add(opened)
    try:
        yield
    finally:
        if opened in _held:  # and not in a process that was forked in the block
            _held.discard(opened)
            with suppress(OSError):
                lock.unlink()
            opened.close()
            if sys.platform == "win32":  # where an open file cannot be removed
                with suppress(OSError):
                    lock.unlink()


def _open(folder: Path, lock: Path) -> IO[str]:
    while True:
        try:
            opened = lock.open("a+", encoding="utf8")
        except PermissionError as error:
            raise PermissionError(error.errno, error.strerror, str(folder)) from error
        if not _locked(opened):
            opened.seek(0)
            holder = opened.read().strip() if sys.platform != "win32" else ""
            opened.close()
            raise CorpusError(Errors.D121.format(path=folder, holder=holder or "another process"))
        # Whoever held it before may just have removed the file.
        with suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(opened.fileno()), lock.stat()):
                opened.truncate(0)
                opened.write(f"process {os.getpid()} on {platform.node()}")
                opened.flush()
                return opened
        opened.close()


def _locked(opened: IO[str]) -> bool:
    """Lock a file, or return False if another holds it."""
    try:
        if sys.platform == "win32":
            msvcrt.locking(opened.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        return error.errno not in (errno.EACCES, errno.EAGAIN, errno.EDEADLK)
    return True


def _after_fork() -> None:
    # The lock stays with the parent: it must end when the parent does.
    for opened in _held:
        opened.close()
    _held.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
