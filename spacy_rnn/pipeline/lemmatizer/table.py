"""The lemmas that training showed, by form and tags."""

from collections import Counter
from typing import Any, Callable, Dict, Iterable, List, NamedTuple, Optional, Tuple


class TaggedWord(NamedTuple):
    """A form with its tags; an empty string for a missing one."""

    form: str
    pos: str = ""
    tag: str = ""
    morph: str = ""


Entry = List[Any]
"""Form, part of speech, tag, morphology, lemma and count; a list, as it is in JSON."""

Key = Tuple[str, ...]


class LemmaTable:
    """Finds the most frequent lemma of a tagged word.

    If training never showed a form with all of its tags, the form with its fine-grained tag decides, then with its
    morphology, then with its part of speech. A form that never had this part of speech is not found, unless the word
    has none.

    entries: in any order.
    lower: maps a form that is not found to the one that is tried next.
    """

    def __init__(self, entries: Iterable[Entry], lower: Callable[[str], str] = str):
        self._lower = lower
        counts: Dict[Key, Counter[str]] = {}
        forms: Counter[str] = Counter()
        for form, pos, tag, morph, lemma, count in entries:
            forms[form] += count
            for key in (*_keys(TaggedWord(form, pos, tag, morph)), (form,)):
                counts.setdefault(key, Counter())[lemma] += count
        self._lemmas = {key: min(found, key=lambda lemma: (-found[lemma], lemma)) for key, found in counts.items()}
        self._ambiguous = {key for key, found in counts.items() if len(found) > 1}
        self._forms = dict(forms)

    def count(self, form: str) -> int:
        """How often training showed a form."""
        return self._forms.get(form, 0)

    def find(self, word: TaggedWord, *, certain: bool = False) -> Optional[str]:
        """The lemma of a word, None if it is not known.

        certain: return None as well if training showed several lemmas."""
        for form in (word.form, self._lower(word.form)):
            keys = _keys(word._replace(form=form)) if word.pos else [(form,)]
            key = next((key for key in keys if key in self._lemmas), None)
            if key is not None:
                return None if certain and key in self._ambiguous else self._lemmas[key]
        return None


def _keys(word: TaggedWord) -> List[Key]:
    """From all that is known of a word to the least that tells its lemmas apart."""
    form, pos, tag, morph = word
    return [(form, pos, tag, morph), (form, pos, tag), (form, pos, "", "", morph), (form, pos)]
