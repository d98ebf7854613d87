"""Modules that do not fit into memory are refused before they are allocated."""

from __future__ import annotations

import subprocess
import sys

import pytest
from torch import nn

from spacy_rnn.nn.embed.tables import GrowingEmbedding
from spacy_rnn.shim.memory import check_memory, physical_memory


def test_fitting_modules_pass() -> None:
    check_memory(lambda n: nn.LSTM(n, n), {"n": 8})


@pytest.mark.parametrize("rows", [10**13, 10**18])
def test_too_large_modules_are_refused(rows: int) -> None:
    assert physical_memory() < 4 * 10**13
    with pytest.raises(ValueError, match="R185"):
        check_memory(lambda rows: GrowingEmbedding(rows, 1), {"rows": rows})


def test_checking_does_not_import_the_compiler() -> None:
    """Importing it takes longer than loading a pipeline."""
    code = """
import sys
from torch import nn
from spacy_rnn.nn.embed.tables import GrowingEmbedding
from spacy_rnn.shim.memory import check_memory
check_memory(lambda: nn.Sequential(GrowingEmbedding(9, 2), nn.LSTM(2, 3), nn.Linear(3, 4)), {})
sys.exit("torch._dynamo" in sys.modules)
"""
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
