"""Texts for language models: read from files, and on disk as code points and ids, so that any amount can be read from
any place."""

from pathlib import Path
from typing import Dict, Iterable, Iterator, List, Optional, Tuple

import numpy as np
import numpy.typing as npt

from ..data.text_files import file_format, read_lines
from ..data.textcat_files import read_textcat_file
from ..nn.char_vocabulary import CharIds, CharVocabulary
from ..types import IntArray

Line = Tuple[str, str]
"""A label, empty where there is none, and a text without line breaks."""
# The number of the first label: labels come after all code points.
LABELS = 0x110000
_BREAK = ord("\n")
_BLOCK = 1 << 20


def is_labelled(path: Path) -> bool:
    """Whether a file holds labelled texts, by its name."""
    return file_format(path) in (".jsonl", ".csv", ".tsv")


def read(path: Path, seed: int) -> Iterator[Line]:
    """Paragraphs in their order, or labelled texts in a random one, since files often have them sorted."""
    if not is_labelled(path):
        yield from (("", line) for line in read_lines(path) if line.strip())
        return
    lines: List[Line] = []
    for record in read_textcat_file(path):
        lines += [(label, " ".join(record.text.split())) for label, value in record.cats.items() if value == 1.0]
    order = np.random.default_rng(seed).permutation(len(lines))
    yield from (lines[i] for i in order)


class CodePoints:
    """Texts as one sequence of numbers on disk: the number of its label, if it has one; its code points, from the last
    one on for a backward model; and a line break. They are written once, and counted and encoded block by block.

    path: for the numbers, 4 bytes each.
    """

    def __init__(self, path: Path, lines: Iterable[Line], *, backward: bool):
        numbers: Dict[str, int] = {}
        self.n_texts = 0
        with path.open("wb") as target:
            for label, text in lines:
                self.n_texts += 1
                if label:
                    target.write(numbers.setdefault(label, LABELS + len(numbers)).to_bytes(4, "little"))
                target.write((text[::-1] if backward else text).encode("utf-32-le", "surrogatepass"))
                target.write(_BREAK.to_bytes(4, "little"))
        self.labels = list(numbers)
        self._points = _open_array(path, np.dtype("<u4"))

    def _blocks(self, start: int, stop: Optional[int]) -> Iterator[npt.NDArray[np.uint32]]:
        points = self._points[start:stop]
        return (points[first : first + _BLOCK] for first in range(0, len(points), _BLOCK))

    def end_of(self, n_texts: int) -> int:
        """Where the first texts end."""
        if n_texts == self.n_texts:
            return len(self._points)
        place = 0
        for block in self._blocks(0, None):
            breaks = np.flatnonzero(block == _BREAK)
            if n_texts <= len(breaks):
                return place + int(breaks[n_texts - 1]) + 1
            n_texts -= len(breaks)
            place += len(block)
        return place

    def vocabulary(self, size: int, stop: int) -> CharVocabulary:
        """The most frequent characters before `stop`, `size` at most with the two ids that every model has, and all
        labels."""
        counts: IntArray = np.zeros(LABELS + len(self.labels), dtype=np.int64)
        for block in self._blocks(0, stop):
            counts += np.bincount(block, minlength=len(counts))
        labels = sorted(label for label, n in zip(self.labels, counts[LABELS:]) if n)
        return CharVocabulary.most_frequent(counts[:LABELS], size, labels)

    def write_ids(self, path: Path, vocabulary: CharVocabulary, start: int = 0, stop: Optional[int] = None) -> None:
        """Write the ids of characters and labels between two places. Raises CorpusError for an unknown label."""
        label_ids = np.array([vocabulary.label_id(label) for label in self.labels], dtype=np.uint16)
        with path.open("wb") as target:
            for block in self._blocks(start, stop):
                ids = vocabulary.encode_points(block)
                is_label = block >= LABELS
                ids[is_label] = label_ids[block[is_label] - LABELS]
                target.write(ids.tobytes())


def open_ids(path: Path) -> CharIds:
    """The ids that `CodePoints.write_ids` wrote, read from disk where they are used."""
    return _open_array(path, np.dtype(np.uint16))


def _open_array(path: Path, dtype: np.dtype) -> np.ndarray:
    return np.memmap(path, dtype=dtype, mode="r") if path.stat().st_size else np.zeros(0, dtype=dtype)
