"""Gold trees of examples, as what a parser is to learn."""

from typing import List, NamedTuple, Tuple

import numpy as np
from spacy.attrs import DEP, HEAD, SENT_START
from spacy.tokens import Doc
from spacy.training import Example

from ...base.parsing import ROOT, UNKNOWN, TreeTargets
from ...types import IntArray
from ..gold import same_tokens
from ..strings import Strings
from .labels import LabelData, find_columns
from .sentences import SentenceLayout, Tokens


class GoldTrees(NamedTuple):
    """The gold trees of a batch, for the predicted tokens."""

    heads: IntArray
    """(n,): the row of each token's head in the batch, its own for a root, or UNKNOWN."""
    deps: IntArray
    """(n,): labels, as keys of the string store, 0 for none."""
    marks: IntArray
    """(n,): 1 where a sentence starts, -1 where none does, 0 where that is not known."""


def read_gold(examples: List[Example]) -> GoldTrees:
    """The gold trees. A token counts if it is aligned with exactly one gold token, and the other way round; so must be
    its head. A document without gold sentences has those that it has itself."""
    parts, start = [], 0
    for example in examples:
        if len(example.predicted):
            heads, deps, marks = _read(example)
            parts.append((np.where(heads == UNKNOWN, UNKNOWN, heads + start), deps, marks))
            start += len(heads)
    empty: IntArray = np.zeros(0, dtype=np.int64)
    return (
        GoldTrees(*(np.concatenate([empty, *columns]) for columns in zip(*parts))) if parts else GoldTrees(*3 * [empty])
    )


def _read(example: Example) -> Tuple[IntArray, IntArray, IntArray]:
    """heads, deps and marks of one example that has tokens."""
    predicted, reference = example.predicted, example.reference
    if not len(reference):
        unknown = np.full(len(predicted), UNKNOWN)
        return unknown, np.zeros_like(unknown), _own_marks(predicted)
    heads, deps, marks = _annotated(reference)
    # The first token of any document is marked.
    has_sentences = bool(marks[1:].any())
    if not same_tokens(predicted, reference):
        to_gold, from_gold = _aligned(example)
        known = to_gold >= 0
        gold = np.where(known, to_gold, 0)
        heads = np.where(known & (heads[gold] >= 0), from_gold[np.maximum(heads[gold], 0)], UNKNOWN)
        deps = np.where(known, deps[gold], 0)
        marks = np.where(known, marks[gold], 0)
    return heads, deps, marks if has_sentences else _own_marks(predicted)


def _annotated(doc: Doc) -> Tuple[IntArray, IntArray, IntArray]:
    """heads, deps and marks of a gold document."""
    values = doc.to_array([HEAD, DEP, SENT_START]).astype(np.uint64, copy=False).view(np.int64)
    deps, marks = values[:, 1], values[:, 2]
    # spaCy knows no head without a label.
    heads = np.where(deps != 0, np.arange(len(doc)) + values[:, 0], UNKNOWN)
    if 0 < np.count_nonzero(deps) < len(doc):
        # In a tree with gaps, spaCy sets sentence starts for lack of anything else.
        marks = np.maximum(marks, 0)
    return heads, deps, marks


def _own_marks(doc: Doc) -> IntArray:
    return doc.to_array(SENT_START).astype(np.uint64, copy=False).view(np.int64)


def _aligned(example: Example) -> Tuple[IntArray, IntArray]:
    """The gold token of each predicted one, and the other way round; -1 where several or none stand for it."""
    forth, back = example.alignment.x2y, example.alignment.y2x
    tables = []
    for one, other in ((forth, back), (back, forth)):
        single = np.flatnonzero(one.lengths == 1)
        found = np.full(len(one.lengths), -1, dtype=np.int64)
        found[single] = one.data[(np.cumsum(one.lengths) - one.lengths)[single]]
        partner = np.maximum(found, 0)
        tables.append(np.where((found >= 0) & (np.asarray(other.lengths)[partner] == 1), found, -1))
    return tables[0], tables[1]


def gold_layout(gold: GoldTrees, tokens: Tokens, most: int, name: str) -> SentenceLayout:
    """The gold sentences, see `SentenceLayout.build`."""
    return SentenceLayout.build(tokens, gold.marks, most, name)


def to_targets(
    gold: GoldTrees, layout: SentenceLayout, labels: LabelData, strings: Strings, *, learn_starts: bool
) -> TreeTargets:
    """What is to be learned about the words of some sentences. A head that is whitespace, or in another sentence, and a
    label that the parser does not know, do not count.

    learn_starts: learn where sentences start, too.
    """
    rows, spaces = layout.sentences.rows, layout.tokens.spaces
    heads, keys = gold.heads[rows], gold.deps[rows]
    target = np.maximum(heads, 0)
    inside = (heads != UNKNOWN) & ~spaces[target] & (layout.owner[target] == layout.owner[rows])
    is_root = heads == rows
    places = np.where(inside, np.where(is_root, ROOT, layout.places[target] + 1), UNKNOWN)
    columns = np.where(inside, find_columns(labels, keys, is_root, strings), UNKNOWN)
    starts = None
    if learn_starts:
        marks = gold.marks.copy()
        marks[layout.tokens.doc_starts] = 0  # which is no decision
        starts = np.select([marks > 0, marks < 0], [1, 0], UNKNOWN)[rows]
    return TreeTargets(places, columns, starts)
