"""The vectors that a vocabulary's table has for words, of whatever kind the table is."""

import re
import unicodedata
from typing import Dict, List, Tuple

import numpy as np
from spacy.attrs import NAMES, ORTH
from spacy.strings import get_string_id
from spacy.vectors import Mode, Vectors
from spacy.vocab import Vocab
from thinc.api import to_numpy
from thinc.backends import get_array_ops

from ...base.cache import ValueCache
from ...types import Array, FloatArray, IntArray, KeyArray
from ..types import KnownWords, WordTypes
from .word import lexeme_keys

DIGIT = re.compile(r"\d")
# What tables have in place of a digit: GloVe has zeros, word2vec has number signs, and some leave digits out.
DIGITS = ("0", "#", "")

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
    table = vocab.vectors
    row_of: Dict[int, int] = table.key2row
    wanted = keys.tolist()
    rows = np.array([row_of.get(key, -1) for key in wanted], dtype=np.int64)
    found = _rows_of(table.data, rows)
    keys = keys.copy()
    # A row that nobody filled says no more than no row.
    missing = np.flatnonzero(~found.any(axis=1))
    names = [wanted[i] for i in missing.tolist()]
    for i, others in zip(missing.tolist(), _SPELLINGS.lookup(names, None, lambda new: other_keys(vocab, new))):
        keys[i] = 0
        for other in others:
            row = row_of.get(other, -1)
            if row >= 0:
                vector = _rows_of(table.data, np.array([row]))[0]
                if vector.any():
                    found[i], keys[i] = vector, other
                    break
    return KnownWords(found, keys)


def _of_ngrams(vocab: Vocab, keys: KeyArray) -> Array:
    """The means of the rows of each word's n-grams, as `Vectors.get_batch` computes them, without hashing the n-grams
    again."""
    table = vocab.vectors
    settings = table.minn, table.maxn, table.hash_count, table.hash_seed, table.bow, table.eow, len(table)

    def compute(missing: List[int]) -> List[IntArray]:
        return [_ngram_rows(table, vocab.strings[key]) for key in missing]

    rows = _NGRAMS.lookup(keys.tolist(), settings, compute)
    ops = get_array_ops(table.data)
    lengths = ops.asarray1i(np.fromiter(map(len, rows), dtype=np.int32, count=len(rows)))
    joined = np.concatenate([np.zeros(0, dtype=np.int32), *rows])
    return ops.reduce_mean(table.data[joined].astype(np.float32, copy=False), lengths)


def _ngram_rows(table: Vectors, word: str) -> IntArray:
    ngrams = table._get_ngrams(word) if word else []
    hashes = [number for ngram in ngrams for number in table._get_ngram_hashes(ngram)]
    return (np.array(hashes, dtype=np.int64) % len(table)).astype(np.int32)


def _rows_of(data: Array, rows: IntArray) -> FloatArray:
    """Rows of a table, (n, width) float32; zeros for row -1."""
    if not len(data):
        return np.zeros((len(rows), data.shape[1]), dtype=np.float32)
    found = np.asarray(to_numpy(data[rows]), dtype=np.float32)
    found[rows < 0] = 0.0
    return found


def other_keys(vocab: Vocab, keys: List[int]) -> List[Tuple[int, ...]]:
    """The keys of the other spellings of words."""
    return [tuple(map(get_string_id, spellings(vocab.strings[key]))) for key in keys]


def spellings(word: str) -> List[str]:
    """Other spellings under which a table may have a word, the most similar first: in lower case; with other digits,
    which tables replace or leave out; each of these without diacritics."""
    lower = word.lower()
    plain = [lower, *(DIGIT.sub(digit, lower) for digit in DIGITS)] if DIGIT.search(word) else [lower]
    found = dict.fromkeys([*plain, *map(without_diacritics, plain)])
    return [other for other in found if other and other != word]


def without_diacritics(word: str) -> str:
    """é to e, and letters of full width to ordinary ones."""
    return "".join(char for char in unicodedata.normalize("NFKD", word) if not unicodedata.combining(char))
