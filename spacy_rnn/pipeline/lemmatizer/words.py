"""The tagged words of documents, each distinct one once."""

from typing import List, NamedTuple, Optional, Sequence

import numpy as np
from spacy.tokens import Doc

from ...base.arrays import lengths_of
from ...base.hashing import mix_bits
from ...models.types import TokenPositions
from ...types import IntArray, KeyArray
from ..annotate import ATTRS, read_annotations
from ..strings import Strings
from .table import TaggedWord

_NO_FEATURES = "_"


class DistinctRows(NamedTuple):
    """The distinct rows of an array."""

    keys: List[int]
    """(n,): a hash of each."""
    first: IntArray
    """(n,): the index at which each occurs first."""
    which: IntArray
    """(n_rows,): the distinct row that each row is."""


def read_words(docs: Sequence[Doc], attrs: Sequence[str]) -> KeyArray:
    """The form, part of speech, tag and morphology of each token, (n_tokens, 4), the tokens of all documents joined. A
    tag that is not in `attrs` is 0."""
    words = np.concatenate([read_annotations(doc, ("orth", *ATTRS)) for doc in docs])
    words[:, 1:] *= np.array([attr in attrs for attr in ATTRS])
    return words


def distinct(rows: KeyArray) -> DistinctRows:
    """The distinct rows of an array (n_rows, columns)."""
    keys = np.zeros(len(rows), dtype=np.uint64)
    for column in rows.T:
        keys = mix_bits(keys ^ column)
    found, first, index = np.unique(keys, return_index=True, return_inverse=True)
    return DistinctRows(found.tolist(), first, index.reshape(-1))


def as_strings(rows: KeyArray, strings: Strings) -> List[TaggedWord]:
    """Words as `read_words` returns them, with the strings of their documents."""
    words = []
    for form, pos, tag, morph in rows.tolist():
        features = strings[morph]
        words.append(
            TaggedWord(strings[form], strings[pos], strings[tag], "" if features == _NO_FEATURES else features)
        )
    return words


def positions_of(docs: Sequence[Doc], tokens: IntArray) -> TokenPositions:
    """Some tokens of the joined documents, (n,) in ascending order, without the documents that have none of them."""
    lengths = lengths_of(docs)
    owner = np.repeat(np.arange(len(docs)), lengths)[tokens]
    used = np.unique(owner)
    lengths[used] = 0
    left_out = np.cumsum(lengths)  # tokens of documents that are left out, up to each document
    return TokenPositions([docs[i] for i in used.tolist()], tokens - left_out[owner])


def take(positions: Optional[TokenPositions], which: Sequence[int]) -> Optional[TokenPositions]:
    """Some of the positions, in ascending order, perhaps several times; None if there are none."""
    return None if positions is None else TokenPositions(positions.docs, positions.tokens[np.asarray(which)])


def tag_features(word: TaggedWord) -> List[str]:
    """The tags of a word, one string a feature: pos=NOUN, tag=NN, Case=Nom."""
    named = [f"{name}={value}" for name, value in (("pos", word.pos), ("tag", word.tag)) if value]
    return named + (word.morph.split("|") if word.morph else [])
