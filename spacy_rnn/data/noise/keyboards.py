"""Which keys of a keyboard lie beside each other."""

from functools import lru_cache
from typing import Dict, Sequence

Layout = Sequence[str]
"""The letters of each row, from the top."""

QWERTY = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
QWERTZ = ("qwertzuiopü", "asdfghjklöä", "yxcvbnm")
AZERTY = ("azertyuiop", "qsdfghjklm", "wxcvbn")
JCUKEN = ("йцукенгшщзхъ", "фывапролджэ", "ячсмитьбю")
# Further keys, or the same in other places, by language.
_OWN: Dict[str, Layout] = {
    "da": ("qwertyuiopå", "asdfghjklæø", "zxcvbnm"),
    "es": ("qwertyuiop", "asdfghjklñ", "zxcvbnm"),
    "fi": ("qwertyuiopå", "asdfghjklöä", "zxcvbnm"),
    "nb": ("qwertyuiopå", "asdfghjkløæ", "zxcvbnm"),
    "pt": ("qwertyuiop", "asdfghjklç", "zxcvbnm"),
    "sv": ("qwertyuiopå", "asdfghjklöä", "zxcvbnm"),
    "tr": ("qwertyuıopğü", "asdfghjklşi", "zxcvbnmöç"),
    "uk": ("йцукенгшщзхї", "фівапролджє", "ячсмитьбю"),
    **dict.fromkeys(("de", "lb", "hu", "cs", "sk", "sl", "hr", "sr"), QWERTZ),
    **dict.fromkeys(("fr",), AZERTY),
}
# How far each row is shifted to the right, in keys, and how far apart the middles of two neighbours are at most.
_SHIFTS, _NEAR = (0.0, 0.25, 0.75), 1.3


@lru_cache(maxsize=None)
def neighbours(lang: str) -> Dict[str, str]:
    """For each letter, those of the keys that touch its own, on the keyboard of a language (spaCy's code).

    A language without one of its own has QWERTY for Latin letters and ЙЦУКЕН for Cyrillic ones.
    """
    own = _OWN.get(lang, QWERTY)
    others = [layout for layout in (QWERTY, JCUKEN) if layout[-1][0] not in "".join(own)]
    return {letter: keys for layout in (*others, own) for letter, keys in _touching(layout).items()}


def _touching(layout: Layout) -> Dict[str, str]:
    places = {
        letter: (shift + i, row)
        for row, (shift, letters) in enumerate(zip(_SHIFTS, layout))
        for i, letter in enumerate(letters)
    }
    return {
        letter: "".join(
            other for other, (u, v) in places.items() if other != letter and (x - u) ** 2 + (y - v) ** 2 < _NEAR**2
        )
        for letter, (x, y) in places.items()
    }
