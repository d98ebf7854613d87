"""Collects the entries of a dictionary."""

import json
from array import array
from typing import Any, Dict, Iterable, List, Optional, Set, Tuple

import numpy as np
from spacy.strings import get_string_id

from ..errors import CorpusError, Errors
from ..types import IntArray, KeyArray
from .lexicon import LONGEST_ENDING, Analysis, LemmaRule, Lexicon

MOST_SETS = 2**16
"""Set 0 included."""
LEAST_FORMS = 3
"""The fewest forms with an ending that is kept."""


class LexiconBuilder:
    """Collects entries in any order; equal ones count once.

    forms: the hashes of the forms that are kept; None for all. Endings are those of all forms.
    """

    def __init__(self, forms: Optional[Set[int]] = None):
        self._kept = forms
        self._keys, self._rows = array("Q"), array("i")
        self._forms, self._endings = array("Q"), array("Q")
        self._analyses: Dict[Tuple[str, LemmaRule], int] = {}

    def add(self, form: str, analyses: Iterable[Analysis]) -> None:
        """Add the analyses of a form."""
        key = get_string_id(form)
        self._forms.append(key)
        # 0 where the form is no longer than the ending.
        sizes = range(1, LONGEST_ENDING + 1)
        self._endings.extend(get_string_id(form[-n:]) if n < len(form) else 0 for n in sizes)
        for lemma, tag in analyses:
            self._keys.append(key)
            self._rows.append(self._analyses.setdefault((tag, LemmaRule.find(form, lemma)), len(self._analyses)))

    def build(self, source: str = "the source") -> Lexicon:
        """The lexicon of all entries. Raises CorpusError, which names the source, if there is none, or if the analyses
        of forms are of too many kinds."""
        if not self._keys:
            raise CorpusError(Errors.D261.format(path=source))
        # Numbered so that the order of the entries does not matter.
        analyses = sorted(self._analyses)
        row_of = np.argsort([self._analyses[analysis] for analysis in analyses])
        forms, sets, members = collect_sets(_view(self._keys), row_of[np.frombuffer(self._rows, np.intc)])
        if len(members) >= MOST_SETS:
            raise CorpusError(Errors.D262.format(path=source, found=f"{len(members):,}", most=f"{MOST_SETS - 1:,}"))
        added, places = np.unique(_view(self._forms), return_index=True)
        endings = _view(self._endings).reshape(-1, LONGEST_ENDING)[places[np.searchsorted(added, forms)]]
        ending_keys, ending_sets = common_sets(endings, sets)
        if self._kept is not None:
            kept = np.isin(forms, np.array(sorted(self._kept), dtype=np.uint64))
            forms, sets = forms[kept], sets[kept]
        if not len(forms):
            raise CorpusError(Errors.D261.format(path=source))
        # Only what is used.
        used, numbers = np.unique(np.concatenate([sets, ending_sets]), return_inverse=True)
        members = [members[number] for number in used.tolist()]
        rows, joined = np.unique(np.concatenate(members), return_inverse=True)
        found = [analyses[row] for row in rows.tolist()]
        tags, rules = sorted({tag for tag, _ in found}), sorted({rule for _, rule in found})
        tag_of, rule_of = ({value: i for i, value in enumerate(values)} for values in (tags, rules))
        numbers = (numbers.reshape(-1) + 1).astype(np.uint16)
        return Lexicon({
            "keys": forms.view(np.int64),
            "sets": numbers[: len(forms)],
            "endings": ending_keys.view(np.int64),
            "ending_sets": numbers[len(forms) :],
            "starts": np.cumsum([0, 0, *map(len, members)]).astype(np.int32),
            "members": joined.reshape(-1).astype(np.int32),
            "analyses": np.array([[tag_of[tag], rule_of[rule]] for tag, rule in found], dtype=np.int32),
            "strings": np.frombuffer(json.dumps({"tags": tags, "rules": rules}).encode("utf8"), np.uint8),
        })  # fmt: skip


def collect_sets(keys: KeyArray, rows: IntArray) -> Tuple[KeyArray, IntArray, List[Any]]:
    """The distinct keys in ascending order, the number of the set of rows that each is with, and these sets, in the
    order in which keys first have them. keys, rows: (n,)."""
    order = np.lexsort((rows, keys))
    keys, rows = keys[order], rows[order]
    new = np.ones(len(keys), dtype=bool)
    new[1:] = (keys[1:] != keys[:-1]) | (rows[1:] != rows[:-1])
    keys, rows = keys[new], rows[new]
    distinct, first = np.unique(keys, return_index=True)
    bounds, size, data = [*first.tolist(), len(rows)], rows.itemsize, rows.tobytes()
    numbers: Dict[bytes, int] = {}
    found = [
        numbers.setdefault(data[start * size : end * size], len(numbers)) for start, end in zip(bounds, bounds[1:])
    ]
    return distinct, np.array(found, dtype=np.int64), [np.frombuffer(own, rows.dtype) for own in numbers]


def common_sets(endings: KeyArray, sets: IntArray) -> Tuple[KeyArray, IntArray]:
    """The endings of at least LEAST_FORMS forms, in ascending order, and the set that most of these forms have.

    endings: (n_forms, LONGEST_ENDING), 0 for none. sets: (n_forms,).
    """
    keys, which = [np.zeros(0, dtype=np.uint64)], [np.zeros(0, dtype=np.int64)]
    for column in endings.T:
        order = np.lexsort((sets, column))
        pairs = np.column_stack([column[order], sets[order].astype(np.uint64)])
        starts = np.flatnonzero(np.append(True, (pairs[1:] != pairs[:-1]).any(axis=1)))
        counts = np.diff(starts, append=len(pairs))
        pairs = pairs[starts]
        # The last one of an ending is its most frequent; of several, the one that keys have first.
        order = np.lexsort((-pairs[:, 1].astype(np.int64), counts, pairs[:, 0]))
        pairs, counts = pairs[order], counts[order]
        last = np.append(pairs[1:, 0] != pairs[:-1, 0], True)
        total = np.add.reduceat(counts, np.flatnonzero(np.append(True, last[:-1])))
        chosen = pairs[last][(total >= LEAST_FORMS) & (pairs[last, 0] != 0)]
        keys.append(chosen[:, 0])
        which.append(chosen[:, 1].astype(np.int64))
    joined, first = np.unique(np.concatenate(keys), return_index=True)
    return joined, np.concatenate(which)[first]


def _view(keys: "array[int]") -> KeyArray:
    return np.frombuffer(keys, np.uint64)
