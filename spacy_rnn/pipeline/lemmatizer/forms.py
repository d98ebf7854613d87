"""How a lemma follows from its form: left as it is, or spelled out by the network and put into the right case."""

import unicodedata
from typing import Callable, Dict, List

SAME, LOWER, SPELLED, SPELLED_CASED, SPELLED_TITLE = range(5)
"""The decisions about a word: its lemma is the form; the form in lower case; spelled out in lower case; spelled out
with the case of the form, as far as both agree; spelled out with a capital."""

DECODED = (SPELLED, SPELLED_CASED, SPELLED_TITLE)
_TURKIC = ("tr", "az")
_DOTLESS: Dict[int, str] = {ord("I"): "ı", ord("İ"): "i"}
_CAPITALS: Dict[int, str] = {ord("i"): "İ", ord("ı"): "I"}


class Casing:
    """Upper and lower case in one language.

    lang: of spaCy; Turkish and Azerbaijani have an I of their own.
    """

    def __init__(self, lang: str):
        self.turkic = lang in _TURKIC

    def lower(self, text: str) -> str:
        """In lower case, with as many characters as before."""
        if self.turkic:
            text = text.translate(_DOTLESS)
        lowered = text.lower()
        return lowered if len(lowered) == len(text) else "".join(_lower_one(letter) for letter in text)

    def upper(self, text: str) -> str:
        """In upper case."""
        return (text.translate(_CAPITALS) if self.turkic else text).upper()

    def marks(self, text: str) -> List[int]:
        """1 for each character that has a small form, else 0."""
        return [int(a != b) for a, b in zip(text, self.lower(text))]

    def restore(self, form: str, lemma: str) -> str:
        """A lemma in lower case, with the case that the form has where both begin alike, and in upper case all over
        where the form is."""
        same = 0
        for small, letter in zip(self.lower(form), lemma):
            if small != letter:
                break
            same += 1
        rest = lemma[same:]
        return form[:same] + (self.upper(rest) if len(form) > 1 and form.isupper() and same < len(form) else rest)

    def realise(self, form: str, decision: int, spelled: str) -> str:
        """The lemma that a decision makes of a form and of what was spelled out, in lower case."""
        return self._realisations[decision](form, spelled)

    def decide(self, form: str, lemma: str) -> int:
        """The first decision that leads to the lemma, if it is spelled right; SPELLED where none does."""
        spelled = self.lower(lemma)
        matching = (d for d in range(len(self._realisations)) if self.realise(form, d, spelled) == lemma)
        return next(matching, SPELLED)

    @property
    def _realisations(self) -> List[Callable[[str, str], str]]:
        return [
            lambda form, spelled: form,
            lambda form, spelled: self.lower(form),
            lambda form, spelled: spelled,
            self.restore,
            lambda form, spelled: self.upper(spelled[:1]) + spelled[1:],
        ]


def is_writable(letter: str) -> bool:
    """Whether lemmas may be spelled with a character; one that is no text, such as a control character, can only be
    copied."""
    return unicodedata.category(letter) not in ("Cc", "Cs", "Cn", "Co")


def _lower_one(letter: str) -> str:
    # A letter whose small form is several characters stays, so that characters of form and small form correspond.
    lowered = letter.lower()
    return lowered if len(lowered) == 1 else letter
