"""The project's own programs, for tests that import them."""

import sys
from typing import Iterator

import pytest

from .test_project import ROOT


@pytest.fixture
def project_on_path(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.syspath_prepend(str(ROOT))
    monkeypatch.chdir(ROOT / "project")
    yield
    for name in [name for name in sys.modules if name.split(".")[0] == "benchmark"]:
        del sys.modules[name]
