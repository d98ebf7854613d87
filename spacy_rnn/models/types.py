"""What flows between layers and components, and the types of the layers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Callable, List, NamedTuple, Optional, Union

import numpy as np
from spacy.lexeme import Lexeme
from spacy.tokens import Doc
from spacy.vocab import Vocab
from thinc.api import Model, Ops
from thinc.types import Floats1d, Floats2d

from ..base.entities import EntityTags, EntityTask
from ..base.hashing import hash_rows
from ..base.parsing import Parses, ParseTask, Sentences
from ..base.sequences import Decoded, Search, Sources, Targets
from ..base.spans import FoundSpans, SpanTask
from ..base.trees import Trees
from ..types import FloatArray, IntArray, KeyArray


@dataclass
class KnownWords:
    """What a table of vectors knows of distinct words."""

    vectors: FloatArray
    """(n_types, width) float32: zeros for a word that is not known."""
    keys: KeyArray
    """(n_types,): the key by which the table knows a word, 0 for a word that is not known."""

    def take(self, places: IntArray) -> KnownWords:
        """Some of the words. places: (n,)."""
        return KnownWords(self.vectors[places], self.keys[places])

    def digests(self) -> KeyArray:
        """A hash of all that is known of each word, (n_types,)."""
        return hash_rows(self.vectors) ^ self.keys


@dataclass
class WordTypes:
    """Distinct words."""

    orths: KeyArray
    """(n_types,): the words, as keys of the string store. A word stands there twice if its tokens differ in `keys`."""
    counts: IntArray
    """(n_types,): how often each occurs."""
    vocab: Vocab
    keys: Optional[KeyArray] = None
    """(n_types,): the attribute by which the vocabulary's table of vectors knows them, of their tokens; None if that is
    one of the words themselves."""
    known: Optional[KnownWords] = None
    """What the vocabulary's table of vectors knows of them, if that was looked up."""

    _lexemes: Optional[List[Lexeme]] = field(default=None, init=False, repr=False, compare=False)

    @property
    def lexemes(self) -> List[Lexeme]:
        """The words in the vocabulary, looked up once for all their attributes. (Not a `cached_property`, whose lock a
        process that was forked from a predicting thread would wait for.)"""
        if self._lexemes is None:
            self._lexemes = [self.vocab[orth] for orth in self.orths.tolist()]
        return self._lexemes

    def take(self, places: IntArray) -> WordTypes:
        """Some of the words, with counts of 1. places: (n,)."""
        keys = None if self.keys is None else self.keys[places]
        known = None if self.known is None else self.known.take(places)
        return WordTypes(self.orths[places], np.ones(len(places), dtype=np.int64), self.vocab, keys, known)


@dataclass
class WordVectors:
    """A batch of documents whose words are encoded, each distinct word once."""

    vectors: Floats2d
    """(n_types, width): one row a distinct word."""
    index: IntArray
    """(n_tokens,): the row of each token, the tokens of all documents joined."""
    lengths: IntArray
    """(n_docs,): tokens of each document."""


class DocVectors(list):
    """One (n_tokens, width) array a document, all of them views of one array, so that a layer
    that wants the tokens joined need not copy them."""

    def __init__(self, joined: Floats2d, lengths: IntArray):
        """joined: (n_tokens, width) of all documents; lengths: (n_docs,)."""
        ends = np.cumsum(lengths).tolist()
        super().__init__(joined[start:end] for start, end in zip([0, *ends[:-1]], ends))
        self.joined = joined

    @staticmethod
    def join(ops: Ops, vectors: List[Floats2d]) -> Floats2d:
        """The array that a list of arrays is cut from, or a new one."""
        return vectors.joined if isinstance(vectors, DocVectors) else ops.flatten(vectors)


@dataclass
class TreeScores:
    """The output of the model of `tree_rnn`, or the gradient of its scores."""

    nodes: Floats2d
    """(n_tokens, n_scores): the scores of each token's subtree, the tokens of all documents joined."""
    docs: Floats2d
    """(n_docs, n_scores)."""
    vectors: Floats2d
    """(n_tokens, width): the states that the scores are computed from."""
    trees: Trees

    def __len__(self) -> int:
        """How many subtrees and documents have scores."""
        return len(self.nodes) + len(self.docs)


ScoreColumns = Callable[..., FloatArray]
"""(columns: slice, rows: (m,) int64 or None for all) to the scores of those labels, (m, n_columns)."""


WordFeature = Model[WordTypes, Floats2d]
"""One kind of feature: distinct words to (n_types, width)."""

TokenFeature = Model[List[Doc], Floats2d]
"""A feature of a word where it stands: documents to (n_tokens, width), the tokens of all documents joined."""

WordEncoder = Model[List[Doc], WordVectors]
"""All features of the words of a batch."""

SequenceEncoder = Model[Any, List[Floats2d]]
"""WordVectors, or a list of (n_tokens, width) arrays, to a list of (n_tokens, width) arrays."""

Tok2Vec = Model[List[Doc], List[Floats2d]]
"""Documents to one (n_tokens, width) array each."""


class TokenPositions(NamedTuple):
    """Some tokens of documents."""

    docs: List[Doc]
    tokens: IntArray
    """(n,): their positions in the joined documents."""


class SequenceInput(NamedTuple):
    """A batch for an encoder-decoder."""

    sources: Sources
    task: Union[Targets, Search]
    """What to learn, or how to decode."""
    positions: Optional[TokenPositions] = None
    """The tokens that the sequences are, for a model that reads their context."""


SequenceModel = Model[SequenceInput, Union[Floats2d, Decoded]]
"""The log-probabilities of targets and of decisions, (n, 2), or the outputs that a search found."""


class ParserInput(NamedTuple):
    """A batch for a dependency parser."""

    docs: List[Doc]
    sentences: Sentences
    """Of the tokens of all documents joined."""
    task: ParseTask
    """What to learn, or how to search."""


ParserModel = Model[ParserInput, Union[Floats2d, Parses]]
"""The log-probabilities of heads, labels and sentence starts, (n, 3), or the trees that a search found."""


class PieceInput(NamedTuple):
    """A batch for an entity recognizer or a span categorizer."""

    docs: List[Doc]
    lengths: IntArray
    """(n_pieces,): the number of tokens of each piece of a document, all > 0. No span crosses the end of one."""
    task: Union[EntityTask, SpanTask]
    """What to learn, or how to search."""


EntityModel = Model[PieceInput, Union[Floats1d, EntityTags]]
"""The log-probability of what is known of each piece, (n_pieces,), or the best tags."""

SpanModel = Model[PieceInput, Union[Floats1d, FoundSpans]]
"""The log-probability of what is known of each piece, (n_pieces,), or the spans that a search found."""
