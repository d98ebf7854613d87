"""The lemmas that training showed, by form and tags."""

from collections import Counter
from typing import Any, Dict, Iterable, List, NamedTuple, Optional, Tuple


class Word(NamedTuple):
    """A form with its tags, as strings; "" where there is none."""

    form: str
    pos: str = ""
    tag: str = ""
    morph: str = ""


Entry = List[Any]
"""Form, part of speech, tag, morphology, lemma, and how often that was met; a list, as it comes back from JSON."""

Key = Tuple[str, ...]


class LemmaTable:
    """Finds the most frequent lemma of a form with its tags, or with as many of them as are known together.

    Where form and tags were never met together, the form with the fine-grained tag alone counts, then with the
    morphology alone, then with the part of speech alone.
    A form whose part of speech was never met is not found, unless the word to be looked up has none.

    entries: in any order.
    """

    def __init__(self, entries: Iterable[Entry]):
        self.entries = list(entries)
        counts: Dict[Key, Counter[str]] = {}
        forms: Counter[str] = Counter()
        for form, pos, tag, morph, lemma, count in self.entries:
            forms[form] += count
            for key in _keys(Word(form, pos, tag, morph)):
                counts.setdefault(key, Counter())[lemma] += count
            counts.setdefault((form,), Counter())[lemma] += count
        self._lemmas = {key: min(found.items(), key=_rank)[0] for key, found in counts.items()}
        self._ambiguous = {key for key, found in counts.items() if len(found) > 1}
        self._forms = dict(forms)

    @classmethod
    def from_counts(cls, counts: Dict[Tuple[Word, str], int]) -> "LemmaTable":
        """counts: how often each word was met with each lemma."""
        return cls([*word, lemma, count] for (word, lemma), count in sorted(counts.items()))

    def __len__(self) -> int:
        return len(self.entries)

    def count(self, form: str) -> int:
        """How often training showed a form."""
        return self._forms.get(form, 0)

    def find(self, word: Word, *, certain: bool = False) -> Optional[str]:
        """The lemma of a word; None if that is not known.

        certain: neither is it where training showed several."""
        keys = _keys(word) if word.pos else [(word.form,)]
        key = next((key for key in keys if key in self._lemmas), None)
        return None if key is None or (certain and key in self._ambiguous) else self._lemmas[key]


def _keys(word: Word) -> List[Key]:
    """From all that is known of a word to the least that tells lemmas apart."""
    form, pos, tag, morph = word
    return [(form, pos, tag, morph), (form, pos, tag), (form, pos, "", "", morph), (form, pos)]


def _rank(item: Tuple[str, int]) -> Tuple[int, str]:
    return -item[1], item[0]
