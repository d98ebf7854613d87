"""Cuts texts into the units that an encoder reads, into sentences or windows, and into n-grams."""

from typing import Dict, List, Optional

import numpy as np
from spacy.attrs import NORM, SENT_START
from spacy.tokens import Doc
from thinc.api import Model

from ..base.arrays import lengths_of, token_attrs
from ..errors import AnnotationError, Errors
from ..nn.ngrams import Bags, WordBags, bag_ngrams
from ..nn.text_pool import Pieces
from ..shim import shim_of
from ..types import IntArray, KeyArray
from .embed.char import spell
from .embed.text import text_length, token_sizes

# Of a longer word, the n-grams of characters are those of its two ends.
MOST_CHARS = 40


def reading_unit(tok2vec: Model) -> Optional[str]:
    """The unit that the encoder reads: "char", "byte", or None for tokens."""
    return next((node.attrs["unit"] for node in tok2vec.walk() if "unit" in node.attrs), None)


def pieces_of(model: Model, docs: List[Doc]) -> Pieces:
    """How the encoder's vectors belong to documents, and with two levels to segments. Raises AnnotationError if
    sentences are wanted and there are none."""
    unit, hierarchy, segment = (model.attrs[name] for name in ("unit", "hierarchy", "segment"))
    units = map(len, docs) if unit is None else (text_length(doc.text, unit) for doc in docs)
    lengths = np.fromiter(units, dtype=np.int64, count=len(docs))
    if hierarchy is None:
        return Pieces(lengths)
    parts, counts = lengths, (lengths > 0).astype(np.int64)
    if hierarchy == "sentences":
        sentences = [sentence_sizes(doc, unit) for doc in docs]
        counts = lengths_of(sentences)
        parts = np.concatenate(sentences)
    parts = parts[parts > 0]
    # Pieces of equal sizes, rather than full ones and a short rest.
    pieces = -(-parts // segment)
    owner = np.repeat(np.arange(len(parts)), pieces)
    nth = np.arange(len(owner)) - np.repeat(np.cumsum(pieces) - pieces, pieces)
    sizes = parts[owner] // pieces[owner] + (nth < parts[owner] % pieces[owner])
    of_doc = np.repeat(np.arange(len(docs)), counts)
    return Pieces(lengths, sizes, np.bincount(of_doc, weights=pieces, minlength=len(docs)).astype(np.int64))


def sentence_sizes(doc: Doc, unit: Optional[str]) -> IntArray:
    """The number of units of each sentence, (n_sentences,)."""
    if not len(doc):
        return np.zeros(0, dtype=np.int64)
    if len(doc) > 1 and not doc.has_annotation("SENT_START"):
        raise AnnotationError(Errors.R101)
    starts = doc.to_array(SENT_START) == 1
    starts[0] = True
    sizes = np.ones(len(doc), dtype=np.int64) if unit is None else token_sizes(doc, unit)
    return np.add.reduceat(sizes, np.flatnonzero(starts))


def bags_of(model: Model, docs: List[Doc]) -> Dict[str, Bags]:
    """The n-grams of each document, by the norms of the tokens: "ngrams" and, of the characters of the words,
    "char_ngrams", as far as the model has them."""
    ngrams, char_ngrams, rows = (model.attrs[name] for name in ("ngrams", "char_ngrams", "ngram_rows"))
    sizes = shim_of(model.layers[-1]).sizes or {}  # a copy has lost Thinc's references
    bags: Dict[str, Bags] = {}
    if ngrams or char_ngrams:
        lengths = lengths_of(docs)
        keys = token_attrs(docs, NORM)[:, 0]
    if ngrams:
        bags["ngrams"] = bag_ngrams(keys, lengths, ngrams, sizes.get("buckets", rows))
    if char_ngrams:
        bags["char_ngrams"] = word_bags(docs, keys, lengths, char_ngrams, sizes.get("char_buckets", rows))
    return bags


def word_bags(docs: List[Doc], keys: KeyArray, lengths: IntArray, longest: int, buckets: int) -> WordBags:
    """The n-grams of 2 to `longest` characters of each distinct word, with a mark at each end.

    keys: (n_tokens,), the norms of all tokens; lengths: (n_docs,)."""
    distinct, first, index = np.unique(keys, return_index=True, return_inverse=True)
    owners, n = np.repeat(np.arange(len(docs)), lengths), max(1, len(distinct))
    of_docs, words = np.divmod(np.unique(owners * n + index), n)
    counts = np.bincount(of_docs, minlength=len(docs))
    strings = (docs[owner].vocab.strings for owner in owners[first].tolist())
    spelled = [spell(own[key], MOST_CHARS, None) for own, key in zip(strings, distinct.tolist())]
    sizes = lengths_of(spelled)
    text = "".join(spelled).encode("utf-32-le", errors="surrogatepass")
    points = np.frombuffer(text, dtype=np.uint32).astype(np.uint64)
    found = bag_ngrams(points, sizes, longest, buckets, shortest=2)
    return WordBags(found.rows, found.starts, words, np.cumsum(counts) - counts)
