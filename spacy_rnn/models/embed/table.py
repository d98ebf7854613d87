"""The vectors that a vocabulary's table has for words, of whatever kind the table is."""

import re
import unicodedata
from functools import partial
from typing import Any, Dict, List, Tuple

import numpy as np
import torch
from spacy.attrs import NAMES, ORTH
from spacy.strings import get_string_id
from spacy.vectors import Mode, Vectors
from spacy.vocab import Vocab
from thinc.api import to_numpy
from thinc.backends import get_array_ops
from torch.nn.functional import embedding_bag

from ...base.arrays import lengths_of
from ...base.cache import ValueCache
from ...types import Array, FloatArray, IntArray, KeyArray
from ..types import KnownWords, WordTypes
from .word import lexeme_keys

DIGITS, TWO_DIGITS = re.compile(r"\d+"), re.compile(r"\d\d+")
LETTERS = re.compile(r"[^\W\d_]")

# Other spellings of a word, by its key, which is a hash of the word and thus the same in all vocabularies.
_SPELLINGS: ValueCache[int, Tuple[int, ...]] = ValueCache(100_000)
# The rows of a word's n-grams, by its key.
_NGRAMS: ValueCache[int, IntArray] = ValueCache(50_000)


def vector_attr(vocab: Vocab) -> int:
    """The attribute by which the table of vectors knows a token. Tables that are not spaCy's know its form."""
    return int(getattr(vocab.vectors, "attr", ORTH))


def table_keys(X: WordTypes) -> KeyArray:
    """The keys by which the table may know the words, (n_types,)."""
    return lexeme_keys(X, NAMES[vector_attr(X.vocab)]) if X.keys is None else X.keys


def find_vectors(X: WordTypes) -> Array:
    """The vector of each word, (n_types, width), zeros where it has none."""
    vocab, table, keys = X.vocab, X.vocab.vectors, table_keys(X)
    if not isinstance(table, Vectors):
        return table.get_batch(keys.tolist())
    if table.mode == Mode.floret:
        # By their strings, since the table may have a string store of its own.
        return table.get_batch([vocab.strings[key] for key in keys.tolist()])
    rows = table.find(keys=keys.tolist())
    if not len(table.data):
        return np.zeros((len(rows), table.shape[1]), dtype=np.float32)
    vectors = table.data[rows]
    vectors[rows < 0] = 0.0
    return vectors


def known_words(X: WordTypes) -> KnownWords:
    """Look the words up in the table as it is now: by its attribute, or else in other spellings, see `spellings`. Each
    part of the table may have been edited since the last call."""
    keys, table = table_keys(X), X.vocab.vectors
    if isinstance(table, Vectors) and table.mode == Mode.default:
        return _of_rows(X.vocab, keys)
    found = _of_ngrams(X.vocab, keys) if isinstance(table, Vectors) else table.get_batch(keys.tolist())
    # An array without rows may come without a width.
    vectors = np.ascontiguousarray(to_numpy(found), dtype=np.float32).reshape(len(keys), table.shape[1])
    return KnownWords(vectors, np.where(vectors.any(axis=1), keys, np.uint64(0)))


def _of_rows(vocab: Vocab, keys: KeyArray) -> KnownWords:
    """The rows of words. A row that nobody filled says no more than no row, so other spellings are tried then too."""
    table, found, wanted = vocab.vectors, keys.copy(), keys.tolist()
    row_of: Dict[int, int] = table.key2row
    rows: List[Any] = list(map(row_of.get, wanted))
    others = partial(_SPELLINGS.lookup, version=None, compute=partial(other_keys, vocab))
    missing = [i for i, row in enumerate(rows) if row is None] if None in rows else []
    for i, spelled in zip(missing, others([wanted[i] for i in missing])):
        found[i], rows[i] = next(((key, row_of[key]) for key in spelled if key in row_of), (0, -1))
    vectors = _rows_of(table.data, rows)
    empty = [i for i in np.flatnonzero(vectors[:, 0] == 0).tolist() if rows[i] >= 0 and not vectors[i].any()]
    for i, spelled in zip(empty, others([wanted[i] for i in empty])):
        filled = ((key, row_of[key]) for key in spelled if key in row_of and table.data[row_of[key]].any())
        found[i], row = next(filled, (0, -1))
        vectors[i] = _rows_of(table.data, [row])[0]
    return KnownWords(vectors, found)


def _of_ngrams(vocab: Vocab, keys: KeyArray) -> Array:
    """The means of the rows of each word's n-grams, as `Vectors.get_batch` finds them, without hashing the n-grams
    again."""
    table, data = vocab.vectors, vocab.vectors.data
    settings = table.minn, table.maxn, table.hash_count, table.hash_seed, table.bow, table.eow, len(table)

    def compute(missing: List[int]) -> List[IntArray]:
        return [_ngram_rows(table, vocab.strings[key]) for key in missing]

    rows = _NGRAMS.lookup(keys.tolist(), settings, compute)
    lengths = lengths_of(rows)
    joined = np.concatenate([np.zeros(0, dtype=np.int64), *rows])
    if isinstance(data, np.ndarray) and data.dtype == np.float32 and len(rows):
        # Torch reads the rows without copying them first, which is seven times as fast.
        starts = torch.from_numpy(np.cumsum(lengths) - lengths)
        return embedding_bag(torch.from_numpy(joined), _shared_tensor(data), starts, mode="mean").numpy()
    ops = get_array_ops(data)
    return ops.reduce_mean(data[joined].astype(np.float32, copy=False), ops.asarray1i(lengths))


def _ngram_rows(table: Vectors, word: str) -> IntArray:
    ngrams = table._get_ngrams(word) if word else []
    hashes = [number for ngram in ngrams for number in table._get_ngram_hashes(ngram)]
    return np.array(hashes, dtype=np.int64) % len(table)


class _Shared:
    """An array as one that may be written to, for torch, which warns of others. Nothing is written."""

    def __init__(self, array: Array):
        self.array = array
        self.__array_interface__ = {**array.__array_interface__, "data": (array.ctypes.data, False)}


def _shared_tensor(array: Array) -> torch.Tensor:
    return torch.from_numpy(array if array.flags.writeable else np.asarray(_Shared(array)))


def _rows_of(data: Array, rows: List[int]) -> FloatArray:
    """Rows of a table, (n, width) float32; zeros for row -1."""
    if not len(data):
        return np.zeros((len(rows), data.shape[1]), dtype=np.float32)
    found = np.asarray(to_numpy(data.take(rows, axis=0)), dtype=np.float32)
    if -1 in rows:
        found[np.array(rows) < 0] = 0.0
    return found


def other_keys(vocab: Vocab, keys: List[int]) -> List[Tuple[int, ...]]:
    """The keys of the other spellings of words."""
    return [tuple(map(get_string_id, spellings(vocab.strings[key]))) for key in keys]


def spellings(word: str) -> List[str]:
    """Other spellings under which a table may have a word, the most similar first: in lower case; without the values of
    its digits; each of these without diacritics."""
    lower = word.lower()
    plain = [lower, *without_digits(lower)]
    found = dict.fromkeys([*plain, *map(without_diacritics, plain)])
    return [other for other in found if other and other != word]


def without_digits(word: str) -> List[str]:
    """What tables have for a word with digits: some have zeros for them, word2vec has number signs for two and more in
    a row, and some leave them out. Only letters make a word without its digits: 20,000 is no comma."""
    if not DIGITS.search(word):
        return []
    left = DIGITS.sub("", word)
    found = [DIGITS.sub(lambda run: "0" * len(run[0]), word), TWO_DIGITS.sub(lambda run: "#" * len(run[0]), word)]
    return [*found, left] if LETTERS.search(left) else found


def without_diacritics(word: str) -> str:
    """é to e, and letters of full width to ordinary ones."""
    return "".join(char for char in unicodedata.normalize("NFKD", word) if not unicodedata.combining(char))
