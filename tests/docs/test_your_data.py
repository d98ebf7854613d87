"""The scripts of the page on one's own data print what the page says."""

from pathlib import Path
from typing import Any, Dict, List

import pytest

from ..helpers import ROOT
from .pages import blocks


def test_scripts_print_what_the_page_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    monkeypatch.chdir(tmp_path)
    namespace: Dict[str, Any] = {"__name__": "page"}
    printed: List[str] = []
    for block in blocks(ROOT / "docs" / "your-data.md"):
        if block.language == "python":
            capsys.readouterr()
            exec(block.text, namespace)
            printed = [line for line in capsys.readouterr().out.splitlines() if line]
        elif block.language == "text":
            expected = block.text.splitlines()
            assert printed[-len(expected) :] == expected
