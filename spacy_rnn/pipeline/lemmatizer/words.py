"""The words of documents, each distinct one once, with the tags that their lemmas depend on."""

from typing import List, NamedTuple, Sequence, Tuple

import numpy as np
from spacy.tokens import Doc
from spacy.vocab import Vocab

from ...base.hashing import mix_bits
from ...models.types import Places
from ...types import IntArray, KeyArray
from ..annotate import read_annotations
from .table import Word

TAGS = ("pos", "tag", "morph")
_NO_FEATURES = "_"


class DistinctWords(NamedTuple):
    """The different rows of an array."""

    keys: List[int]
    """A number for each, (n,), by which it can be remembered."""
    first: IntArray
    """(n,): where each is met first."""
    which: IntArray
    """(n_rows,): which of them each row is."""


def read_words(docs: Sequence[Doc], attrs: Sequence[str]) -> KeyArray:
    """The form of each token, its tags, 0 for those not in `attrs`, (n_tokens, 4), the tokens of all documents
    joined."""
    found = np.concatenate([read_annotations(doc, ("orth", *TAGS)) for doc in docs])
    return only(found, attrs)


def only(words: KeyArray, attrs: Sequence[str]) -> KeyArray:
    """Forms and tags (n, 4), with 0 for tags that are not in `attrs`."""
    for column, attr in enumerate(TAGS, start=1):
        if attr not in attrs:
            words[:, column] = 0
    return words


def distinct(rows: KeyArray) -> DistinctWords:
    """The different rows of an array (n, columns)."""
    keys = np.zeros(len(rows), dtype=np.uint64)
    for column in rows.T:
        keys = mix_bits(keys ^ column)
    found, first, index = np.unique(keys, return_index=True, return_inverse=True)
    return DistinctWords(found.tolist(), first, index.reshape(-1))


def as_strings(rows: KeyArray, vocab: Vocab) -> List[Word]:
    """Rows as `read_words` gives them, as strings."""
    strings = vocab.strings
    words = []
    for form, pos, tag, morph in rows.tolist():
        features = strings[morph]
        words.append(Word(strings[form], strings[pos], strings[tag], "" if features == _NO_FEATURES else features))
    return words


def places_of(docs: Sequence[Doc], tokens: IntArray) -> Places:
    """The places of some tokens of documents, (n,) in ascending order, in those documents that have any of them."""
    lengths = np.array(list(map(len, docs)), dtype=np.int64)
    owner = np.repeat(np.arange(len(docs)), lengths)[tokens]
    used = np.unique(owner)
    before = np.zeros(len(docs), dtype=np.int64)  # tokens of documents that are left out, before each
    left_out = lengths.copy()
    left_out[used] = 0
    before[1:] = np.cumsum(left_out)[:-1]
    return Places([docs[i] for i in used.tolist()], tokens - before[owner])


def tag_features(word: Word) -> List[str]:
    """What is known of a word beside its form, one string a feature: pos=NOUN, tag=NN, Case=Nom."""
    _, pos, tag, morph = word
    named: List[Tuple[str, str]] = [("pos", pos), ("tag", tag)]
    return [f"{name}={value}" for name, value in named if value] + (morph.split("|") if morph else [])
