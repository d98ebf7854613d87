"""Folders that appear complete or not at all."""

import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator


@contextmanager
def replaced_folder(target: Path) -> Iterator[Path]:
    """A new folder to write into, moved to `target` when the block ends and removed when it raises.

    It lies beside `target`, so that the move is one step within a file system. What `target` held before is replaced.
    """
    target = target.resolve()
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=f".{target.name}.") as scratch:
        new = Path(scratch) / "new"
        new.mkdir()
        yield new
        if target.exists():
            target.rename(Path(scratch) / "old")
        new.rename(target)
