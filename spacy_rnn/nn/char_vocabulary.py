"""The characters of a language model, and their ids."""

from __future__ import annotations

from typing import Iterable, List, Sequence

import numpy as np
import numpy.typing as npt

from ..errors import CorpusError, Errors

CharIds = npt.NDArray[np.uint16]

UNKNOWN, SEPARATOR = 0, 1
"""Ids that every model has: a character outside its vocabulary, and the line break, which stands before and after a
text."""
MOST_CHARS = 2**16 - 1


class CharVocabulary:
    """The characters that a model knows, by id. All others are one unknown character.

    chars: one character an id, after the two ids that every model has.
    labels: names that can stand before a text; their ids follow those of the characters.
    """

    def __init__(self, chars: str, labels: Sequence[str] = ()):
        self.chars = chars
        self.labels = list(labels)
        self.n_chars = len(chars) + 2
        self.n_inputs = self.n_chars + len(self.labels)
        points = np.array(self.points[1:], dtype=np.int64)
        # One entry more than the largest code point stands for all larger ones.
        self._ids = np.full(int(points.max()) + 2, UNKNOWN, dtype=np.uint16)
        self._ids[points] = np.arange(SEPARATOR, self.n_chars)

    @classmethod
    def from_points(cls, points: Iterable[int], labels: Sequence[str] = ()) -> CharVocabulary:
        """The vocabulary whose `points` are these."""
        return cls("".join(map(chr, list(points)[2:])), labels)

    @classmethod
    def most_frequent(cls, counts: npt.NDArray[np.int64], size: int, labels: Sequence[str] = ()) -> CharVocabulary:
        """The vocabulary of the most frequent characters; among equally frequent ones, of those with the smaller code
        points.

        counts: (n,), how often each code point below n occurs. size: of the vocabulary, with the two ids that every
        model has.
        """
        found = np.flatnonzero(counts)
        found = found[found != ord("\n")]
        ranked = found[np.argsort(-counts[found], kind="stable")]
        return cls("".join(map(chr, ranked[: size - 2].tolist())), labels)

    @property
    def points(self) -> List[int]:
        """The code point of each id; 0 for the unknown character."""
        return [0, ord("\n"), *map(ord, self.chars)]

    def encode(self, text: str) -> CharIds:
        """The ids of a text's characters, (len(text),)."""
        return self.encode_points(np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype="<u4"))

    def encode_points(self, points: npt.NDArray[np.integer]) -> CharIds:
        """The ids of code points, in an array of the same shape."""
        return self._ids[np.minimum(points, len(self._ids) - 1)]

    def decode(self, ids: Iterable[int]) -> str:
        """The text of ids of characters. The unknown character becomes U+FFFD."""
        return "".join("\n" if i == SEPARATOR else "\ufffd" if i == UNKNOWN else self.chars[i - 2] for i in ids)

    def label_id(self, label: str) -> int:
        """The id of a label. Raises CorpusError for an unknown one."""
        if label not in self.labels:
            raise CorpusError(Errors.D202.format(label=label, labels=", ".join(self.labels) or "none"))
        return self.n_chars + self.labels.index(label)
