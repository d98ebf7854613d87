"""Symbols (characters or words) as numbers, for an encoder and decoder."""

from collections import Counter
from itertools import accumulate, chain
from typing import Dict, Iterable, List, Optional, Sequence, Tuple

import numpy as np

from ..base.symbols import END, FIRST, UNKNOWN
from ..models.types import SequenceBatch
from ..types import IntArray


class Alphabet:
    """The symbols that have a number of their own.

    symbols: in the order of their numbers, which start at 2, behind UNKNOWN and END.
    """

    def __init__(self, symbols: Iterable[str]):
        self.symbols = list(symbols)
        self.ids = {symbol: i for i, symbol in enumerate(self.symbols, start=FIRST)}

    @classmethod
    def count(cls, sequences: Iterable[Iterable[str]], *, least: int = 1, most: Optional[int] = None) -> "Alphabet":
        """The symbols that occur `least` times or more, the `most` frequent ones, the most frequent first."""
        counts = Counter(chain.from_iterable(sequences))
        # Ties by the symbol, so that the order of the data does not matter.
        ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
        return cls([symbol for symbol, found in ordered if found >= least][:most])

    def __len__(self) -> int:
        """One more than the highest number."""
        return FIRST + len(self.symbols)

    def find(self, symbols: Iterable[str]) -> List[int]:
        """The number of each symbol."""
        ids = self.ids
        return [ids.get(symbol, UNKNOWN) for symbol in symbols]


class Spelling:
    """Numbers of the symbols that sequences can be written with: those of an alphabet, and behind them those that only
    a sequence's own source has, numbered within each (See et al. 2017, sect. 2.2)."""

    def __init__(self, alphabet: Alphabet):
        self.alphabet = alphabet
        self.extra: List[Dict[str, int]] = []

    def copies(self, source: Sequence[str]) -> List[int]:
        """Add a source; the numbers of its symbols."""
        extra: Dict[str, int] = {}
        ids, first = self.alphabet.ids, len(self.alphabet)
        numbers = [ids.get(symbol) or extra.setdefault(symbol, first + len(extra)) for symbol in source]
        self.extra.append(extra)
        return numbers

    def find(self, i: int, symbols: Sequence[str]) -> List[int]:
        """The numbers of symbols to be written for source `i`."""
        ids, extra = self.alphabet.ids, self.extra[i]
        return [ids.get(symbol) or extra.get(symbol, UNKNOWN) for symbol in symbols]

    def read(self, i: int, numbers: Iterable[int]) -> List[str]:
        """The symbols that were written for source `i`."""
        first, symbols = len(self.alphabet), self.alphabet.symbols
        extra = list(self.extra[i])
        return [symbols[n - FIRST] if n < first else extra[n - first] for n in numbers]

    @property
    def n_extended(self) -> int:
        return len(self.alphabet) + max(map(len, self.extra), default=0)


def encode(
    sources: Sequence[Sequence[str]],
    read: Alphabet,
    written: Alphabet,
    copies: Optional[Sequence[Sequence[str]]] = None,
) -> Tuple[SequenceBatch, Spelling]:
    """Sources as a batch, each with an END.

    copies: what copying each symbol writes, where that is not the symbol itself.
    """
    spelling = Spelling(written)
    symbols = [[*read.find(source), END] for source in sources]
    copied = [[*spelling.copies(source), END] for source in (sources if copies is None else copies)]
    batch = SequenceBatch(
        symbols=_join(symbols),
        lengths=np.fromiter(map(len, symbols), dtype=np.int64, count=len(symbols)),
        copies=_join(copied),
        n_extended=spelling.n_extended,
    )
    return batch, spelling


def add_targets(batch: SequenceBatch, spelling: Spelling, targets: Sequence[Optional[Sequence[str]]]) -> None:
    """What the sequences are to become; None where that does not count."""
    numbers = [[] if target is None else [*spelling.find(i, target), END] for i, target in enumerate(targets)]
    batch.targets = _join(numbers)
    batch.target_lengths = np.fromiter(map(len, numbers), dtype=np.int64, count=len(numbers))


def _join(lists: List[List[int]]) -> IntArray:
    ends = list(accumulate(map(len, lists)))
    return np.fromiter(chain.from_iterable(lists), dtype=np.int64, count=ends[-1] if ends else 0)
