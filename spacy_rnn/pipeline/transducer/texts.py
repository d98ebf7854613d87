"""Texts as symbols."""

import re
from typing import Iterable, List

from ...base.letters import ATTACHED, JOINER, is_attached, mark_attached

# A word, or a punctuation mark with what it is joined to, and the blank before it if there is one, so that the text can
# be joined again; in a text as `mark_attached` returns it.
_WORD = re.compile(
    r" ?\w[\w{on}]*| ?[^\w\s][{on}]*(?:(?<={joiner})[^\w\s{on}][{on}]*)*|\s".format(on=ATTACHED + JOINER, joiner=JOINER)
)


def split_text(text: str, unit: str) -> List[str]:
    """The symbols of a text: its characters for the unit "char"; for "word" its words and punctuation marks, each with
    its marks and joiners and with the blank before it. The first word gets a blank too, so that it is the same symbol
    as within a text."""
    if unit == "char":
        return list(text)
    text = f" {text}"
    return [text[slice(*word.span())] for word in _WORD.finditer(mark_attached(text))]


def join_symbols(symbols: Iterable[str], unit: str) -> str:
    """Join the symbols of a text, the inverse of `split_text`."""
    text = "".join(symbols)
    return text if unit == "char" else text.removeprefix(" ")


def cut_text(text: str, unit: str, longest: int) -> List[str]:
    """Cut a text into pieces of at most `longest` symbols. The whitespace between two pieces belongs to neither, so
    that a piece is like a text of its own.

    A piece ends before whitespace if its second half has some, else before a character that does not belong to the one
    before it. Returns a piece, whitespace, a piece, whitespace and so on, of which all may be empty; joined, they are
    the text."""
    symbols = split_text(text, unit)
    parts, start = [], 0
    while start < len(symbols):
        end = start + longest
        if end < len(symbols):
            ends = range(end, start + longest // 2, -1)
            blanks = (i for i in ends if symbols[i][0].isspace())
            others = (i for i in ends if not is_attached(symbols[i][0]))
            end = next(blanks, next(others, end))
        parts.append("".join(symbols[start:end]))
        start = end
    found = [join_symbols(parts[:1], unit)]
    for part in parts[1:]:
        piece, following = found[-1].rstrip(), part.lstrip()
        found[-1:] = [piece, found[-1][len(piece) :] + part[: len(part) - len(following)], following]
    return found
