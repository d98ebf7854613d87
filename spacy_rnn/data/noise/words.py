"""What noise does to one word. A word never becomes empty, and gets no space."""

import unicodedata
from functools import lru_cache
from random import Random
from typing import Dict, List

from ...base.letters import ATTACHED, JOINER, mark_attached
from .keyboards import neighbours

# Slips hit longer words only: a slip in "is" is another word.
LEAST_LETTERS = 3
_DOTTED = ("tr", "az")  # languages whose i has a dot as a capital, too
_LETTERS = {
    "ł": "l", "đ": "d", "ø": "o", "ħ": "h", "ŧ": "t", "ı": "i", "æ": "ae", "œ": "oe", "ß": "ss", "þ": "th", "ð": "d",
    "ŋ": "n", "ĸ": "k", "ə": "e", "ɓ": "b", "ɗ": "d", "ƙ": "k", "ƴ": "y", "ɛ": "e", "ɔ": "o",
}  # fmt: skip
"""Letters that have no decomposition, as they are written where the keyboard lacks them."""
_OWN: Dict[str, Dict[str, str]] = {"de": {"ä": "ae", "ö": "oe", "ü": "ue"}}
"""The same by language, where a language has another custom than to leave out the marks."""
# Signs of vowels that are mostly not written: Hebrew points and accents, Arabic vowels.
_OPTIONAL = {*map(chr, (*range(0x0591, 0x05BE), 0x05BF, 0x05C1, 0x05C2, 0x05C4, 0x05C5, 0x05C7))}
_OPTIONAL |= {*map(chr, (*range(0x064B, 0x0653), 0x0670))}
_STRESS = "\u0300\u0301"


def lowered(word: str, lang: str) -> str:
    """In lower case, by the custom of a language."""
    if lang in _DOTTED:
        word = word.replace("I", "ı").replace("İ", "i")
    return word.lower()


def uppered(word: str, lang: str) -> str:
    """In upper case, by the custom of a language."""
    return (word.replace("i", "İ") if lang in _DOTTED else word).upper()


@lru_cache(maxsize=50000)
def without_diacritics(word: str, lang: str) -> str:
    """A word as it is written on a keyboard without its diacritics.

    Latin and Greek letters lose all marks, and letters such as ł become the nearest ones. Of Cyrillic letters only ё
    and marks of stress change, since й and ї have keys of their own. Hebrew and Arabic lose the vowel signs that are
    mostly not written. Marks of other scripts are parts of their letters and stay.
    """
    if word.isascii():
        return word
    own, found, base = _OWN.get(lang, {}), [], ""
    for char in unicodedata.normalize("NFC", word) if own else word:
        small = char.lower()
        plain = own.get(small) or _LETTERS.get(small)
        if plain:
            found.append(_in_case_of(plain, char))
            base = char
        elif unicodedata.combining(char) or unicodedata.category(char) == "Mn":
            if not _is_left_out(char, base):
                found.append(char)
        else:
            base, *marks = list(unicodedata.normalize("NFD", char))
            kept = [mark for mark in marks if not _is_left_out(mark, base)]
            found.append(char if len(kept) == len(marks) else unicodedata.normalize("NFC", "".join([base, *kept])))
    return "".join(found) or word


def _is_left_out(mark: str, base: str) -> bool:
    if mark in _OPTIONAL:
        return True
    script = unicodedata.name(base, "").partition(" ")[0] if base else ""
    if script == "CYRILLIC":
        return mark in _STRESS or (mark == "\u0308" and base in "еЕ")
    return script in ("LATIN", "GREEK") and unicodedata.category(mark) == "Mn"


def _in_case_of(plain: str, char: str) -> str:
    return plain if char == char.lower() else plain.capitalize()


def slip(word: str, lang: str, numbers: Random) -> str:
    """A word with one slip of the keyboard: a neighbouring key, two letters swapped, or a letter left out.

    The first letter is always right, as it mostly is (Kukich 1992, "Techniques for automatically correcting words in
    text"). Letters that are not on the keyboard are only swapped or left out. Words of fewer than LEAST_LETTERS letters
    stay.
    """
    parts = characters(word)
    at = [i for i, part in enumerate(parts) if part[0].isalpha()]
    if len(at) < LEAST_LETTERS:
        return word
    later, keys = at[1:], neighbours(lang)
    beside = [i for i in later if parts[i].lower() in keys]
    swapped = [i for i in later if i + 1 < len(parts) and parts[i + 1][0].isalpha() and parts[i] != parts[i + 1]]
    kinds = [kind for kind in (beside, swapped, later) if kind]
    kind = numbers.choice(kinds)
    i = numbers.choice(kind)
    if kind is beside:
        key = numbers.choice(keys[parts[i].lower()])
        parts[i] = uppered(key, lang) if parts[i].isupper() else key
    elif kind is swapped:
        parts[i : i + 2] = parts[i + 1], parts[i]
    else:
        del parts[i]
    return "".join(parts)


def doubled(word: str, numbers: Random) -> str:
    """A word with one letter written two to four times. Words of fewer than LEAST_LETTERS letters stay."""
    parts = characters(word)
    at = [i for i, part in enumerate(parts) if part[0].isalpha()]
    if len(at) < LEAST_LETTERS:
        return word
    i = numbers.choice(at)
    parts[i] *= numbers.randint(2, 4)
    return "".join(parts)


def characters(word: str) -> List[str]:
    """The characters that a reader sees: each with its marks, and those that are joined as one."""
    found: List[str] = []
    joins = False
    for char, mark in zip(word, mark_attached(word)):
        if found and (joins or mark in (ATTACHED, JOINER)):
            found[-1] += char
        else:
            found.append(char)
        joins = mark == JOINER
    return found
