"""Symbols (characters or words) as numbers, for an encoder-decoder."""

from collections import Counter
from itertools import chain
from typing import Dict, Iterable, List, Optional, Sequence, Tuple

import numpy as np

from ..base.arrays import lengths_of
from ..base.sequences import END, FIRST, UNKNOWN, Sources, Targets
from ..types import IntArray


class Vocabulary:
    """Symbols with numbers of their own.

    symbols: in the order of their numbers, which start at 2, after UNKNOWN and END.
    """

    def __init__(self, symbols: Iterable[str]):
        self.symbols = list(symbols)
        self.ids = {symbol: i for i, symbol in enumerate(self.symbols, start=FIRST)}

    @classmethod
    def count(
        cls, sequences: Iterable[Iterable[str]], *, min_count: int = 1, max_size: Optional[int] = None
    ) -> "Vocabulary":
        """The symbols that occur at least `min_count` times, the most frequent first, at most `max_size`."""
        counts = Counter(chain.from_iterable(sequences))
        # Ties are broken by the symbol, so that the order of the data does not matter.
        ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
        return cls([symbol for symbol, count in ordered if count >= min_count][:max_size])

    def __len__(self) -> int:
        """One more than the highest number."""
        return FIRST + len(self.symbols)

    def encode(self, symbols: Iterable[str]) -> List[int]:
        """The number of each symbol."""
        return [self.ids.get(symbol, UNKNOWN) for symbol in symbols]


class ExtendedVocabulary:
    """For each source sequence, a vocabulary and after it the symbols that only this source has (See et al. 2017, sect.
    2.2).

    sources: (n,) sequences.
    """

    def __init__(self, vocabulary: Vocabulary, sources: Iterable[Sequence[str]]):
        self.vocabulary = vocabulary
        self.copies: List[List[int]] = []
        """The numbers of the symbols of each source."""
        self._extra: List[Dict[str, int]] = []
        ids, first = vocabulary.ids, len(vocabulary)
        for source in sources:
            extra: Dict[str, int] = {}
            self.copies.append([ids.get(s) or extra.setdefault(s, first + len(extra)) for s in source])
            self._extra.append(extra)

    def __len__(self) -> int:
        """One more than the highest number."""
        return len(self.vocabulary) + max(map(len, self._extra), default=0)

    def encode(self, i: int, symbols: Iterable[str]) -> List[int]:
        """The numbers of symbols to write for source `i`."""
        ids, extra = self.vocabulary.ids, self._extra[i]
        return [ids.get(symbol) or extra.get(symbol, UNKNOWN) for symbol in symbols]

    def decode(self, i: int, numbers: Iterable[int]) -> List[str]:
        """The symbols that were written for source `i`."""
        symbols, extra, first = self.vocabulary.symbols, list(self._extra[i]), len(self.vocabulary)
        return [symbols[n - FIRST] if n < first else extra[n - first] for n in numbers]


def encode_sources(
    sources: Sequence[Sequence[str]],
    read: Vocabulary,
    written: Vocabulary,
    *,
    case_flags: Optional[Sequence[List[int]]] = None,
    features: Optional[IntArray] = None,
) -> Tuple[Sources, ExtendedVocabulary]:
    """Sequences as an encoder reads them, and the numbers that a decoder can write for them.

    read, written: the vocabularies of both sides.
    case_flags: of the symbols of each sequence, without its END.
    features: (n, n_features).
    """
    extended = ExtendedVocabulary(written, sources)
    symbols, lengths = _join([[*read.encode(source), END] for source in sources])
    copies, _ = _join([[*copied, END] for copied in extended.copies])
    flags = None if case_flags is None else _join([[*flags, 0] for flags in case_flags])[0]
    return Sources(symbols, lengths, copies, len(extended), flags, features), extended


def encode_targets(
    targets: Sequence[Optional[Sequence[str]]], extended: ExtendedVocabulary, decisions: Optional[Sequence[int]] = None
) -> Targets:
    """What a decoder is to write.

    targets: (n,) sequences, None for one that does not count.
    extended: of their sources.
    decisions: (n,); None if the network takes none.
    """
    numbers = [[] if target is None else [*extended.encode(i, target), END] for i, target in enumerate(targets)]
    right = np.zeros(len(targets), dtype=np.int64) if decisions is None else np.array(decisions, dtype=np.int64)
    return Targets(*_join(numbers), right)


def _join(lists: Sequence[List[int]]) -> Tuple[IntArray, IntArray]:
    """Lists as one array, and their lengths."""
    lengths = lengths_of(lists)
    return np.fromiter(chain.from_iterable(lists), dtype=np.int64, count=int(lengths.sum())), lengths
