"""Texts as symbols, and the extension attributes of a transducer."""

import re
from typing import Iterable, List, Sequence

from spacy.tokens import Doc

TRANSDUCED = "transduced"
"""The text that was written for a document, or is to be written for it; None if there is none."""

TRANSDUCTIONS = "transductions"
"""A list of (text, score), the best one first."""

# A word or a punctuation mark, with a blank before it if there is one, so that the text can be joined again.
_WORD = re.compile(r" ?\w+| ?[^\w\s]|\s")


def set_extensions() -> None:
    """Register the extension attributes."""
    for name in (TRANSDUCED, TRANSDUCTIONS):
        if not Doc.has_extension(name):
            Doc.set_extension(name, default=None)


def split_text(text: str, unit: str) -> List[str]:
    """The symbols of a text: its characters for the unit "char"; for "word" its words and punctuation marks, each with
    the blank before it. The first word gets a blank too, so that it is the same symbol as within a text."""
    return list(text) if unit == "char" else _WORD.findall(f" {text}")


def join_symbols(symbols: Iterable[str], unit: str) -> str:
    """Join the symbols of a text, the inverse of `split_text`."""
    text = "".join(symbols)
    return text if unit == "char" else text.removeprefix(" ")


def cut_symbols(symbols: Sequence[str], longest: int) -> List[Sequence[str]]:
    """Cut symbols into pieces of at most `longest`, before a blank if the second half of a piece has one."""
    pieces, start = [], 0
    while len(symbols) - start > longest:
        blanks = (i for i in range(start + longest, start + longest // 2, -1) if symbols[i][:1].isspace())
        end = next(blanks, start + longest)
        pieces.append(symbols[start:end])
        start = end
    pieces.append(symbols[start:])
    return pieces
