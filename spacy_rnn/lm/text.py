"""Raw text as ids of characters, on disk, so that any amount of it can be read from any place."""

import bz2
import gzip
import lzma
from collections import Counter
from pathlib import Path
from typing import Any, Callable, Dict, Iterable, Iterator, List, Sequence, Tuple

import numpy as np
import numpy.typing as npt

from ..errors import CorpusError, Errors
from ..nn.char_lm import SEPARATOR, UNKNOWN

Ids = npt.NDArray[np.uint16]
Line = Tuple[str, str]
"""A label, empty where there is none, and a text without line breaks."""

MOST_CHARS = 2**16 - 1
_OPENERS: Dict[str, Callable[..., Any]] = {".xz": lzma.open, ".gz": gzip.open, ".bz2": bz2.open}


class CharVocabulary:
    """The characters that a model knows, by id; all others are one unknown character.

    chars: one character an id, after the two ids that every model has.
    labels: names that can stand before a text, with the ids that follow.
    """

    def __init__(self, chars: str, labels: Sequence[str] = ()):
        self.chars = chars
        self.labels = list(labels)
        self.n_chars = len(chars) + 2
        self.n_inputs = self.n_chars + len(self.labels)
        self._ids = {ord(char): i for i, char in enumerate(chars, start=2)}
        self._ids[ord("\n")] = SEPARATOR
        known = np.array(sorted(self._ids), dtype=np.int64)
        self._table = np.full(int(known[-1]) + 2, UNKNOWN, dtype=np.uint16)
        self._table[known] = [self._ids[point] for point in known.tolist()]

    @classmethod
    def count(cls, lines: Iterable[Line], most: int) -> "CharVocabulary":
        """The `most` most frequent characters of a text, the two ids included."""
        found: Counter = Counter()
        labels: Dict[str, None] = {}
        for label, text in lines:
            found.update(text)
            if label:
                labels[label] = None
        ranked = sorted((char for char in found if char != "\n"), key=lambda char: (-found[char], char))
        return cls("".join(ranked[: most - 2]), sorted(labels))

    def encode(self, text: str) -> Ids:
        """The ids of the characters, (len(text),)."""
        points = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
        return self._table[np.minimum(points, len(self._table) - 1)]

    def decode(self, ids: Iterable[int]) -> str:
        """The text of ids of characters; the unknown one becomes U+FFFD."""
        return "".join("\n" if i == SEPARATOR else "\ufffd" if i == UNKNOWN else self.chars[i - 2] for i in ids)

    def label_id(self, label: str) -> int:
        if label not in self.labels:
            raise CorpusError(Errors.D202.format(label=label, labels=", ".join(self.labels) or "none"))
        return self.n_chars + self.labels.index(label)

    @property
    def points(self) -> List[int]:
        """The code point of each id, 0 for the unknown character."""
        return [0, ord("\n"), *map(ord, self.chars)]

    @classmethod
    def from_points(cls, points: Iterable[int], labels: Sequence[str] = ()) -> "CharVocabulary":
        return cls("".join(map(chr, list(points)[2:])), labels)


def read_lines(path: Path) -> Iterator[str]:
    """The lines of a text file, plain or compressed (.xz, .gz, .bz2, .zst), one by one, without their ends.

    Raises CorpusError if there is no such file, or if it is damaged or not UTF-8.
    """
    if not path.is_file():
        raise CorpusError(Errors.D108.format(path=path))
    number = 0
    try:
        with _open(path) as stream:
            for number, line in enumerate(stream, start=1):
                yield line.decode("utf-8-sig" if number == 1 else "utf8").rstrip("\r\n")
    except UnicodeDecodeError as error:
        raise CorpusError(Errors.D001.format(path=path, line=number)) from error
    except (OSError, EOFError, lzma.LZMAError) as error:
        raise CorpusError(Errors.D200.format(path=path, reason=error)) from error


def _open(path: Path) -> Any:
    if path.suffix == ".zst":
        try:
            import zstandard
        except ImportError as error:
            raise CorpusError(Errors.D201.format(path=path)) from error
        return zstandard.open(path, "rb")
    return _OPENERS.get(path.suffix, open)(path, "rb")


def paragraphs(path: Path) -> Iterator[Line]:
    """The lines that are not empty, without labels."""
    return (("", line) for line in read_lines(path) if line.strip())


def write_ids(path: Path, lines: Iterable[Line], vocabulary: CharVocabulary, *, backward: bool) -> int:
    """Write texts as one sequence of uint16, each after its label's id, if it has a label, and before a separator; for
    a backward model, each read from its end. Returns the number of ids."""
    total = 0
    with path.open("wb") as target:
        for label, text in lines:
            ids = vocabulary.encode(text[::-1] if backward else text)
            first = [vocabulary.label_id(label)] if label else []
            line = np.concatenate([np.array(first, dtype=np.uint16), ids, np.array([SEPARATOR], dtype=np.uint16)])
            target.write(line.tobytes())
            total += len(line)
    return total


def open_ids(path: Path) -> Ids:
    """What `write_ids` wrote, read from disk where it is used."""
    return np.memmap(path, dtype=np.uint16, mode="r") if path.stat().st_size else np.zeros(0, dtype=np.uint16)
