"""Every message that a user can meet is used in the package, and its code is expected in a test."""

import re
from pathlib import Path
from string import Formatter

import pytest

import spacy_rnn
from spacy_rnn.errors import Errors

TESTS = Path(__file__).parent
PACKAGE = Path(spacy_rnn.__file__).parent
CODES = sorted(name for name in dir(Errors) if re.fullmatch(r"[A-Z]\d{3}", name))


def sources(folder: Path) -> str:
    paths = [
        path for path in sorted(folder.rglob("*.py")) if path.name != "test_errors.py" and path.parent.name != "errors"
    ]
    return "\n".join(path.read_text(encoding="utf8") for path in paths)


@pytest.mark.parametrize("code", CODES)
def test_message(code: str) -> None:
    text = getattr(Errors, code)
    assert text.startswith(f"[{code}] ")
    fields = {name for _, name, _, _ in Formatter().parse(text) if name}
    assert all(name.isidentifier() for name in fields)
    assert len(set(map(str, [getattr(Errors, other) for other in CODES]))) == len(CODES)


def test_every_message_is_used() -> None:
    used = set(re.findall(r"Errors\.([A-Z]\d{3})\b", sources(PACKAGE)))
    assert used == set(CODES)


def test_every_message_is_met_in_a_test() -> None:
    """R007 as a word, or R00[34] for several."""
    patterns = set(re.findall(r"[DR][0-3]\d(?:\d|\[\d+\])", sources(TESTS)))
    met = {code for code in CODES if any(re.fullmatch(pattern, code) for pattern in patterns)}
    assert set(CODES) - met == set()
