"""Upper and lower case, and how a lemma is made from its form."""

import unicodedata
from typing import List

from ...base.letters import lower
from ...base.sequences import Decision

SPELLING = (Decision.SPELLED, Decision.SPELLED_CASED, Decision.SPELLED_TITLE)
"""The decisions after which the network spells the lemma."""

_TURKIC = ("tr", "az")
_TURKIC_LOWER = str.maketrans("Iİ", "ıi")
_TURKIC_UPPER = str.maketrans("iı", "İI")


class Casing:
    """Upper and lower case in one language.

    lang: the language's code in spaCy. Turkish and Azerbaijani have two letters I.
    """

    def __init__(self, lang: str):
        self.turkic = lang in _TURKIC

    def lower(self, text: str) -> str:
        """The text in lower case. It keeps its length, see `spacy_rnn.base.letters`."""
        return lower(text.translate(_TURKIC_LOWER) if self.turkic else text)

    def upper(self, text: str) -> str:
        """The text in upper case."""
        return (text.translate(_TURKIC_UPPER) if self.turkic else text).upper()

    def title(self, text: str) -> str:
        """The text with its first letter in title case, which a few letters have beside their upper case."""
        first = text[:1]
        return (first.translate(_TURKIC_UPPER) if self.turkic else first).title() + text[1:]

    def flags(self, text: str) -> List[int]:
        """For each character, whether lower case changes it: 1 or 0."""
        return [int(a != b) for a, b in zip(text, self.lower(text))]

    def apply(self, decision: int, form: str, spelled: str) -> str:
        """The lemma by a decision; spelled: what the network spelled, in lower case."""
        if decision == Decision.SAME:
            return form
        if decision == Decision.LOWER:
            return self.lower(form)
        if decision == Decision.SPELLED_CASED:
            return self._restore(form, spelled)
        return self.title(spelled) if decision == Decision.SPELLED_TITLE else spelled

    def decide(self, form: str, lemma: str) -> Decision:
        """The first decision that leads to the lemma, if the network spells it right; SPELLED if none does."""
        spelled = self.lower(lemma)
        return next((d for d in Decision if self.apply(d, form, spelled) == lemma), Decision.SPELLED)

    def _restore(self, form: str, spelled: str) -> str:
        """Give the common start of both the case of the form, and the rest upper case if the form has it."""
        common = 0
        for expected, letter in zip(self.lower(form), spelled):
            if expected != letter:
                break
            common += 1
        rest = spelled[common:]
        is_upper = len(form) > 1 and form.isupper() and common < len(form)
        return form[:common] + (self.upper(rest) if is_upper else rest)


def is_writable(letter: str) -> bool:
    """Whether the network may generate a character. Any other one, such as a control character, can only be copied."""
    return unicodedata.category(letter) not in ("Cc", "Cs", "Cn", "Co")
