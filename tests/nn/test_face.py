"""`spacy_rnn.nn` as a library of plain torch modules."""

import subprocess
import sys
from pathlib import Path

WITHOUT_SPACY = """
import runpy, sys
sys.modules["spacy"] = sys.modules["thinc"] = None
runpy.run_path(sys.argv[1], run_name="__main__")
"""


def test_every_module_learns_without_spacy_and_thinc() -> None:
    command = [sys.executable, "-W", "error", "-c", WITHOUT_SPACY, str(Path(__file__).with_name("plain_torch.py"))]
    result = subprocess.run(command, check=False, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
