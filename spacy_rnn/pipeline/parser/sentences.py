"""The sentences of documents, as a parser reads them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import List, Optional

import numpy as np
from spacy.attrs import IS_SPACE, SENT_START
from spacy.tokens import Doc
from spacy.util import logger

from ...base.arrays import lengths_of, token_attrs
from ...base.parsing import ROOT, Sentences
from ...base.trees import starts_of
from ...types import BoolArray, FloatArray, IntArray


@dataclass(frozen=True)
class Tokens:
    """The tokens of a batch of documents, joined."""

    lengths: IntArray
    """(n_docs,): the number of tokens of each document."""
    spaces: BoolArray
    """(n,): whether each token is whitespace."""
    marks: IntArray
    """(n,): what the document knows about sentences: 1 where one starts, -1 where none does, 0 for nothing."""

    @classmethod
    def read(cls, docs: List[Doc]) -> Tokens:
        lengths = lengths_of(docs)
        values = token_attrs(docs, SENT_START, IS_SPACE)
        return cls(lengths, values[:, 1] == 1, values[:, 0].view(np.int64))

    @property
    def doc_starts(self) -> IntArray:
        """The first row of each document that has tokens."""
        return starts_of(self.lengths)[self.lengths > 0]

    @property
    def words(self) -> Sentences:
        """All tokens but whitespace, as one sequence."""
        rows = np.flatnonzero(~self.spaces)
        return Sentences(rows, np.array([len(rows)]))


@dataclass(frozen=True)
class SentenceLayout:
    """The sentences of a batch, and where their tokens stand in it. Whitespace belongs to the sentence before it, but
    is no word of it."""

    tokens: Tokens
    starts: BoolArray
    """(n,): whether a sentence starts at each token."""
    owner: IntArray
    """(n,): the sentence that each token belongs to."""
    sentences: Sentences
    """The words of the sentences; some may have none."""

    @classmethod
    def build(
        cls, tokens: Tokens, marks: IntArray, most: int, name: str, *, scores: Optional[FloatArray] = None
    ) -> SentenceLayout:
        """marks: (n,), see `Tokens`. scores: (n_words,), the log odds that a sentence starts at each word, which decide
        where the marks do not; None if no other sentence starts. most: a longer sentence is cut into pieces of so many
        words, with a warning. name: of the component."""
        starts = marks == 1
        if scores is not None:
            rows = tokens.words.rows
            starts[rows] |= (marks[rows] == 0) & (scores > 0)
        starts[tokens.doc_starts] = True
        layout = cls._of(tokens, starts)
        longest = int(layout.sentences.lengths.max(initial=0))
        if longest > most:
            message = "%s: a sentence of %d tokens is cut into pieces of %d (max_length)"
            logger.warning(message, name, longest, most)
            places = layout.places[layout.sentences.rows]
            starts[layout.sentences.rows] |= (places % most == 0) & (places > 0)
            layout = cls._of(tokens, starts)
        return layout

    @classmethod
    def _of(cls, tokens: Tokens, starts: BoolArray) -> SentenceLayout:
        owner = np.cumsum(starts) - 1
        rows = np.flatnonzero(~tokens.spaces)
        n_sentences = int(owner[-1]) + 1 if len(owner) else 0
        return cls(tokens, starts, owner, Sentences(rows, np.bincount(owner[rows], minlength=n_sentences)))

    @property
    def places(self) -> IntArray:
        """The place of each word in its sentence, (n,); 0 for whitespace."""
        rows, lengths = self.sentences.rows, self.sentences.lengths
        places = np.zeros(len(self.owner), dtype=np.int64)
        places[rows] = np.arange(len(rows)) - np.repeat(starts_of(lengths), lengths)
        return places

    def to_rows(self, heads: IntArray) -> IntArray:
        """The row of each token's head, its own row for a root, (n,). Whitespace hangs on the word before it, else on
        the word after it; in a sentence of whitespace alone, on its first token.

        heads: (n_words,), see `Parses`.
        """
        rows, lengths = self.sentences.rows, self.sentences.lengths
        found = np.arange(len(self.owner))
        first = np.repeat(starts_of(lengths), lengths)
        found[rows] = np.where(heads == ROOT, rows, rows[first + np.maximum(heads, 1) - 1])
        spaces = np.flatnonzero(self.tokens.spaces)
        if len(spaces):
            beginnings = np.flatnonzero(self.starts)
            first_words = np.append(rows, 0)[starts_of(lengths)]
            hooks = np.where(lengths > 0, first_words, beginnings)[self.owner[spaces]]
            before = np.maximum.accumulate(np.where(self.tokens.spaces, -1, np.arange(len(found))))[spaces]
            found[spaces] = np.where(before >= beginnings[self.owner[spaces]], before, hooks)
        return found
