"""The annotations that `tree_rnn` writes: extension attributes and span groups."""

from typing import List, Optional, Sequence

import numpy as np
from spacy.tokens import Doc, Span

from ...base.trees import Trees, starts_of, subtree_spans
from ...types import Array, IntArray
from ..extensions import TREE, assign


def keep_subtrees(doc: Doc, labels: List[str], values: Array, best: IntArray, vectors: Optional[Array]) -> None:
    """Set `doc._.tree_rnn`. values: (n_tokens, n_labels). best: (n_tokens,), see `best_label`. vectors: (n_tokens,
    width)."""
    kept = {"labels": list(labels), "scores": values.copy(), "best": best.copy()}
    if vectors is not None:
        kept["vectors"] = vectors.copy()
    assign(doc, TREE, kept)


def write_spans(docs: Sequence[Doc], key: str, labels: List[str], best: IntArray, trees: Trees) -> None:
    """Store every subtree that has no gap and has a label, in the order of their heads. best: (n_tokens,), see
    `best_label`. trees: those of the documents."""
    start, end, size = subtree_spans(trees)
    kept = (end - start == size) & (best >= 0)
    for doc, first in zip(docs, starts_of(trees.lengths).tolist()):
        rows = first + np.flatnonzero(kept[first : first + len(doc)])
        columns = (start[rows] - first, end[rows] - first, best[rows])
        doc.spans[key] = [Span(doc, a, b, label=labels[i]) for a, b, i in zip(*(column.tolist() for column in columns))]
