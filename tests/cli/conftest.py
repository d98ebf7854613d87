"""The folder that commands run in."""

import shutil
import sys
from pathlib import Path
from typing import Dict, Iterator, Tuple

import pytest

from .worlds import make_world


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("world")
    make_world(folder)
    return folder


@pytest.fixture
def world(made: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The folder that commands run in, which must stay as it is but for what they are told to write."""
    monkeypatch.chdir(made)
    monkeypatch.setattr(sys, "argv", [])
    before = files(made)
    yield
    shutil.rmtree(made / "new", ignore_errors=True)
    assert files(made) == before


def files(folder: Path) -> Dict[Path, Tuple[int, int]]:
    found = {path.relative_to(folder): path for path in folder.rglob("*")}
    kept = {name: path for name, path in found.items() if name.parts[0] != "new" and "__pycache__" not in name.parts}
    return {name: (path.stat().st_size, path.stat().st_mtime_ns) for name, path in kept.items() if path.is_file()}
