"""Characters that belong to the one before them, and lower case that keeps the length of a text."""

import unicodedata
from typing import Dict

ATTACHED, JOINER = "\u0300", "\u200d"
"""What `mark_attached` writes for a character that belongs to the one before it; the second also joins the next one."""

_ZERO_WIDTH_SPACE = "\u200b"


class _Attached(Dict[int, str]):
    """Characters by code point, for `str.translate`. Each is classified when it is met first."""

    def __missing__(self, point: int) -> str:
        char = chr(point)
        category = unicodedata.category(char)
        attached = category[0] == "M" or (category == "Cf" and char not in (JOINER, _ZERO_WIDTH_SPACE))
        found = self[point] = ATTACHED if attached else char
        return found


_ATTACHED = _Attached()


def mark_attached(text: str) -> str:
    """The text with ATTACHED for each mark and each format character, which belong to the character before them
    (Unicode Standard Annex 29, rule WB4), and with JOINER for itself. It keeps its length."""
    return text if text.isascii() else text.translate(_ATTACHED)


def is_attached(char: str) -> bool:
    """Whether a character belongs to the one before it."""
    return mark_attached(char) in (ATTACHED, JOINER)


def lower(text: str) -> str:
    """The text in lower case. It keeps its length: a letter whose lower case is several characters stays."""
    lowered = text.lower()
    if len(lowered) == len(text):
        return lowered
    return "".join(letter.lower() if len(letter.lower()) == 1 else letter for letter in text)
