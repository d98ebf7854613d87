"""A morphological dictionary: the possible lemmas and tags of word forms, which are found by their hashes."""

from __future__ import annotations

import json
import re
from typing import Any, Dict, List, NamedTuple, Tuple

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load, save

from ..errors import Errors, ModelFileError
from ..types import IntArray, KeyArray
from .hashing import sha256_of

FORMAT = "spacy-rnn-lexicon"
VERSION = 1
_ARRAYS = {
    "keys": "<i8", "sets": "<u2", "endings": "<i8", "ending_sets": "<u2",
    "starts": "<i4", "members": "<i4", "analyses": "<i4", "strings": "|u1",
}  # fmt: skip
LONGEST_ENDING = 5
"""The most characters of an ending."""
_PART = re.compile(r"[|,\s]+")


class Analysis(NamedTuple):
    """One reading of a form."""

    lemma: str
    tag: str


def tag_parts(tag: str) -> List[str]:
    """The parts of a tag, which stand between commas, blanks and vertical bars: a part of speech, features."""
    return [part for part in _PART.split(tag) if part]


class Lexicon:
    """The analyses of forms. Many forms have equal analyses: the same tags, and lemmas that are made by the same rules.
    Each such set is stored once. Sets are numbered from 1; 0 means that a form is not known. Lexicons never change.

    Made by `LexiconBuilder`.
    """

    keys: KeyArray
    """(n_forms,): the hashes of the forms, in ascending order."""
    sets: Any
    """(n_forms,) uint16: the set of each form."""
    endings: KeyArray
    """(n_endings,): the hashes of endings of forms, in ascending order."""
    ending_sets: Any
    """(n_endings,) uint16: the set that most forms with each ending have."""
    starts: Any
    """(n_sets + 1,): where the analyses of each set begin in `members`; set 0 is empty."""
    members: Any
    """(n_members,): analyses, as rows of `analyses`."""
    analyses: Any
    """(n_analyses, 2): the tag and the rule of the lemma."""
    tags: List[str]
    rules: List[LemmaRule]

    def __init__(self, arrays: Dict[str, Any]):
        """arrays: as `to_bytes` stores them. Raises ValueError for any others."""
        for name, dtype in _ARRAYS.items():
            shape = (2,) if name == "analyses" else ()
            if arrays[name].dtype != np.dtype(dtype) or arrays[name].shape[1:] != shape or not arrays[name].ndim:
                raise ValueError(f"'{name}' has shape {arrays[name].shape} of {arrays[name].dtype}")
        self._strings = arrays["strings"]
        strings = json.loads(self._strings.tobytes())
        self.tags = [str(tag) for tag in strings["tags"]]
        self.rules = [LemmaRule(int(skip), int(cut), str(end)) for skip, cut, end in strings["rules"]]
        self.keys, self.sets = arrays["keys"].view(np.uint64), arrays["sets"]
        self.endings, self.ending_sets = arrays["endings"].view(np.uint64), arrays["ending_sets"]
        self.starts, self.members, self.analyses = arrays["starts"], arrays["members"], arrays["analyses"]
        self._check()
        self.classes, self.n_classes = self._classes()
        self.parts = sorted({part for tag in self.tags for part in tag_parts(tag)})

    def _check(self) -> None:
        steps = np.diff(self.starts)
        for keys, sets in ((self.keys, self.sets), (self.endings, self.ending_sets)):
            if len(keys) != len(sets) or (keys[1:] <= keys[:-1]).any() or (len(sets) and not sets.min()):
                raise ValueError("its forms are not in order")
        if len(self.starts) < 2 or self.starts[0] or self.starts[1] or (steps[1:] < 1).any():
            raise ValueError("its sets are not in order")
        if self.starts[-1] != len(self.members):
            raise ValueError("its sets have other sizes")
        tag, rule = self.analyses.T
        for name, index, size in (
            ("set", self.sets, len(self.starts) - 1),
            ("set", self.ending_sets, len(self.starts) - 1),
            ("analysis", self.members, len(self.analyses)),
            ("tag", tag, len(self.tags)),
            ("rule", rule, len(self.rules)),
        ):
            if len(index) and not 0 <= index.min() <= index.max() < size:
                raise ValueError(f"it has no {name} {index.max()}")

    def _classes(self) -> Tuple[IntArray, int]:
        """The ambiguity class of each set, (n_sets,), and the number of classes. Sets with the same tags are in one;
        that of the empty set is 0."""
        numbers: Dict[bytes, int] = {}
        tags, starts = self.analyses[self.members, 0], self.starts.tolist()
        found = (np.unique(tags[start:end]).tobytes() for start, end in zip(starts, starts[1:]))
        return np.array([numbers.setdefault(key, len(numbers)) for key in found], dtype=np.int64), len(numbers)

    def __len__(self) -> int:
        """The number of forms."""
        return len(self.keys)

    def __deepcopy__(self, memo: Any) -> Lexicon:
        return self

    def find(self, keys: KeyArray) -> IntArray:
        """The set of each form, 0 for a form that is not known. keys: (n,), hashes. Returns (n,)."""
        return _look_up(self.keys, self.sets, keys)

    def find_endings(self, keys: KeyArray) -> IntArray:
        """The set that most forms with each ending have, 0 for an ending that is rare or unknown. keys: (n,), hashes.
        Returns (n,)."""
        return _look_up(self.endings, self.ending_sets, keys)

    def set_tags(self, number: int) -> List[int]:
        """The tags of the analyses of a set, in order, each as often as it occurs."""
        found: List[int] = self.analyses[self.members[self.starts[number] : self.starts[number + 1]], 0].tolist()
        return found

    def read(self, form: str, number: int) -> List[Analysis]:
        """The analyses of a form by its set."""
        found = self.analyses[self.members[self.starts[number] : self.starts[number + 1]]].tolist()
        return [Analysis(self.rules[rule].apply(form), self.tags[tag]) for tag, rule in found]

    def to_bytes(self) -> bytes:
        """The lexicon as a safetensors file with a checksum."""
        arrays = {
            "keys": self.keys.view(np.int64), "sets": self.sets, "endings": self.endings.view(np.int64),
            "ending_sets": self.ending_sets, "starts": self.starts, "members": self.members, "analyses": self.analyses,
            "strings": self._strings,
        }  # fmt: skip
        header = {"format": FORMAT, "version": VERSION, "sha256": _checksum(arrays)}
        return save(arrays, metadata={"spacy-rnn": json.dumps(header)})

    @classmethod
    def from_bytes(cls, data: bytes, path: str = "The dictionary") -> Lexicon:
        """Read what `to_bytes` returned. Raises ModelFileError, which names the path, for anything else."""
        try:
            arrays = load(data)
            size = int.from_bytes(data[:8], "little")
            header = json.loads(json.loads(data[8 : 8 + size])["__metadata__"]["spacy-rnn"])
            if header["format"] != FORMAT:
                raise ValueError(f"its format is {header['format']}")
            if type(header["version"]) is not int or header["version"] > VERSION:
                raise ValueError(f"its version, {header['version']}, is newer than {VERSION}")
            if header["sha256"] != _checksum(arrays):
                raise ValueError("its checksum is another one")
            return cls(arrays)
        except (SafetensorError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise ModelFileError(Errors.R211.format(path=path, reason=str(error) or type(error).__name__)) from error


class LemmaRule(NamedTuple):
    """How a lemma is made from a form: without the first `skip` and the last `cut` characters, then `end`."""

    skip: int
    cut: int
    end: str

    def apply(self, form: str) -> str:
        """The lemma of a form."""
        return form[self.skip : max(self.skip, len(form) - self.cut)] + self.end

    @classmethod
    def find(cls, form: str, lemma: str) -> LemmaRule:
        """The rule that keeps most of the form. At most five characters are skipped, none if that keeps half of it."""
        skip, kept = 0, _common(form, lemma)
        if 2 * kept < len(form):
            every = [_common(form[start:], lemma) for start in range(min(6, len(form)))]
            kept = max(every)
            skip = every.index(kept)
        return cls(skip, len(form) - skip - kept, lemma[kept:])


def _look_up(known: KeyArray, values: Any, keys: KeyArray) -> IntArray:
    """The value of each key, 0 for a key that is not known. known: in ascending order."""
    if not len(known):
        return np.zeros(len(keys), dtype=np.int64)
    places = np.searchsorted(known, keys)
    places[places == len(known)] = 0
    return np.where(known[places] == keys, values[places], 0).astype(np.int64)


def _common(first: str, second: str) -> int:
    """The length of the common start of two strings."""
    low, high = 0, min(len(first), len(second))
    if first[:high] == second[:high]:
        return high
    while high - low > 1:
        middle = (low + high) // 2
        if first[low:middle] == second[low:middle]:
            low = middle
        else:
            high = middle
    return low


def _checksum(arrays: Dict[str, Any]) -> str:
    shapes = json.dumps([[name, str(array.dtype), list(array.shape)] for name, array in sorted(arrays.items())])
    columns = (np.ascontiguousarray(array).reshape(-1).view(np.uint8).data for _, array in sorted(arrays.items()))
    return sha256_of([shapes.encode("utf8"), *columns])
