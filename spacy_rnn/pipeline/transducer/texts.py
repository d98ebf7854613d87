"""Texts as the symbols that a transducer reads and writes, and where documents keep what was written."""

import re
from typing import Iterable, List, Sequence

from spacy.tokens import Doc

TRANSDUCED = "transduced"
"""The text that a document became, or is to become; None if there is none."""

TRANSDUCTIONS = "transductions"
"""The best texts with their scores, a list of (text, score), the best one first."""

# A word or a punctuation mark with the blank before it, so that words can be put together again; other blanks alone.
_WORD = re.compile(r" ?\w+| ?[^\w\s]|\s")


def set_extensions() -> None:
    """Let documents keep what was written."""
    for name in (TRANSDUCED, TRANSDUCTIONS):
        if not Doc.has_extension(name):
            Doc.set_extension(name, default=None)


def split_text(text: str, unit: str) -> List[str]:
    """The symbols of a text.

    unit: "char", or "word", where a symbol is a word or a punctuation mark with the blank before it. The first word of
        a text is like one within it.
    """
    return list(text) if unit == "char" else _WORD.findall(f" {text}")


def join_symbols(symbols: Iterable[str], unit: str) -> str:
    """The text that symbols make. The inverse of `split_text`, where a text of words does not begin with a blank."""
    text = "".join(symbols)
    return text if unit == "char" else text.removeprefix(" ")


def cut_symbols(symbols: Sequence[str], longest: int) -> List[Sequence[str]]:
    """Pieces of at most `longest` symbols, cut before a blank where there is one in the second half of a piece."""
    pieces, start = [], 0
    while len(symbols) - start > longest:
        blanks = (i for i in range(start + longest, start + longest // 2, -1) if symbols[i][:1].isspace())
        end = next(blanks, start + longest)
        pieces.append(symbols[start:end])
        start = end
    pieces.append(symbols[start:])
    return pieces
