"""Several tables of word vectors beside each other."""

from typing import Dict, List, Union

import numpy as np
from spacy.strings import get_string_id

from ...errors import CorpusError, Errors
from ...types import Array
from .table import VectorTable


def join_tables(tables: Dict[str, VectorTable]) -> VectorTable:
    """One table with the words of all, whose vectors are those of each table, one after the other.

    A word that a table does not know has there the vector of its lower case, or else zeros. Words with the same vectors
    in all tables share a row. Raises CorpusError for a table of n-grams, which has no words.
    """
    for name, table in tables.items():
        if table.floret:
            raise CorpusError(Errors.D224.format(name=name))
    spelled: Dict[int, Union[str, int]] = {}
    for table in tables.values():
        for word in table.words:
            key = get_string_id(word)
            if isinstance(spelled.get(key, key), int):
                spelled[key] = word
    words = list(spelled.values())
    places = np.stack([find_rows(table, words) for table in tables.values()], axis=1)
    distinct, rows = np.unique(places, axis=0, return_inverse=True)
    parts = []
    for table, own in zip(tables.values(), distinct.T):
        part = table.data[own]
        part[own < 0] = 0.0
        parts.append(part)
    return VectorTable(words, rows.reshape(-1), np.concatenate(parts, axis=1))


def find_rows(table: VectorTable, words: List[Union[str, int]]) -> Array:
    """The row of each word, or of its lower case, or -1. Returns (n_words,)."""
    known = {get_string_id(word): row for word, row in zip(table.words, table.rows.tolist())}
    found = (known.get(get_string_id(word), known.get(lower_key(word), -1)) for word in words)
    return np.fromiter(found, dtype=np.int64, count=len(words))


def lower_key(word: Union[str, int]) -> int:
    """The key of a word's lower case."""
    return int(get_string_id(word.lower())) if isinstance(word, str) else word
