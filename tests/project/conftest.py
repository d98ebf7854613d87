"""The benchmark, for tests that import it."""

import sys
from typing import Iterator

import pytest

from .test_project import ROOT


@pytest.fixture
def benchmark_on_path(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """`import benchmark` works, and does not outlive the test."""
    monkeypatch.syspath_prepend(str(ROOT))
    yield
    for name in [name for name in sys.modules if name.split(".")[0] == "benchmark"]:
        del sys.modules[name]
