"""Collects the entries of a dictionary."""

import json
from array import array
from typing import Dict, Iterable, Optional, Set, Tuple

import numpy as np
from spacy.strings import get_string_id

from ..errors import CorpusError, Errors
from .lexicon import Analysis, LemmaRule, Lexicon

MOST_SETS = 2**16
"""Set 0 included."""


class LexiconBuilder:
    """Collects entries in any order; equal ones count once.

    forms: the hashes of the forms that are kept; None for all.
    """

    def __init__(self, forms: Optional[Set[int]] = None):
        self._forms = forms
        self._keys, self._rows = array("Q"), array("i")
        self._tags: Dict[str, int] = {}
        self._rules: Dict[LemmaRule, int] = {}
        self._analyses: Dict[Tuple[int, int], int] = {}

    def add(self, form: str, analyses: Iterable[Analysis]) -> None:
        """Add the analyses of a form."""
        key = get_string_id(form)
        if self._forms is not None and key not in self._forms:
            return
        for lemma, tag in analyses:
            rule = LemmaRule.find(form, lemma)
            pair = (self._tags.setdefault(tag, len(self._tags)), self._rules.setdefault(rule, len(self._rules)))
            self._keys.append(key)
            self._rows.append(self._analyses.setdefault(pair, len(self._analyses)))

    def build(self, source: str = "the source") -> Lexicon:
        """The lexicon of all entries. Raises CorpusError, which names the source, if there is none, or if the analyses
        of forms are of too many kinds."""
        if not self._keys:
            raise CorpusError(Errors.D261.format(path=source))
        # Numbers that do not depend on the order of the entries.
        tags, rules = sorted(self._tags), sorted(self._rules)
        tag_of = np.argsort([self._tags[tag] for tag in tags])
        rule_of = np.argsort([self._rules[rule] for rule in rules])
        pairs = np.array(list(self._analyses), dtype=np.int64).reshape(-1, 2)
        pairs = np.column_stack([tag_of[pairs[:, 0]], rule_of[pairs[:, 1]]])
        order = np.lexsort((pairs[:, 1], pairs[:, 0]))
        row_of = np.argsort(order)
        keys, rows = np.frombuffer(self._keys, np.uint64), row_of[np.frombuffer(self._rows, np.intc)]
        sorting = np.lexsort((rows, keys))
        keys, rows = keys[sorting], rows[sorting].astype(np.int32)
        new = np.ones(len(keys), dtype=bool)
        new[1:] = (keys[1:] != keys[:-1]) | (rows[1:] != rows[:-1])
        keys, rows = keys[new], rows[new]
        forms, first = np.unique(keys, return_index=True)
        bounds = [*first.tolist(), len(rows)]
        numbers: Dict[bytes, int] = {}
        data, size = rows.tobytes(), rows.itemsize
        sets = [
            numbers.setdefault(data[start * size : end * size], len(numbers) + 1)
            for start, end in zip(bounds, bounds[1:])
        ]
        if len(numbers) >= MOST_SETS:
            raise CorpusError(Errors.D262.format(path=source, found=f"{len(numbers):,}", most=f"{MOST_SETS - 1:,}"))
        members = [np.frombuffer(own, np.int32) for own in numbers]
        strings = json.dumps({"tags": tags, "rules": rules}).encode("utf8")
        return Lexicon({
            "keys": forms.view(np.int64),
            "sets": np.array(sets, dtype=np.uint16),
            "starts": np.cumsum([0, 0, *map(len, members)]).astype(np.int32),
            "members": np.concatenate(members),
            "analyses": pairs[order].astype(np.int32),
            "strings": np.frombuffer(strings, np.uint8),
        })  # fmt: skip
