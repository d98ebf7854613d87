"""The annotations that `tree_rnn` writes: extension attributes of documents, spans and tokens, and span groups."""

from typing import Any, Dict, List, Optional, Sequence, Union

import numpy as np
from spacy.tokens import Doc, Span, Token

from ...base.trees import Trees, starts_of, subtree_spans
from ...types import Array, IntArray

EXTENSION = "tree_rnn"

Node = Union[Token, Span]


def register_extensions() -> None:
    """`doc._.tree_rnn` is a dict of "labels", and of the arrays "scores" (n_tokens, n_labels), "best" (n_tokens,) and,
    with `save_vectors`, "vectors" (n_tokens, width). `token._.tree_label`, `token._.tree_scores` and
    `token._.tree_vector` describe the subtree of a token; of a span, such as a sentence, they are those of its root."""
    if not Doc.has_extension(EXTENSION):
        Doc.set_extension(EXTENSION, default=None)
    getters = {"tree_label": get_label, "tree_scores": get_scores, "tree_vector": get_vector}
    for owner in (Token, Span):
        for name, getter in getters.items():
            if not owner.has_extension(name):
                owner.set_extension(name, getter=getter)


def get_label(node: Node) -> Optional[str]:
    """The label of a subtree, "" if no label is likely enough, None if it was not predicted."""
    found = _of(node, "best")
    if found is None:
        return None
    return node.doc._.get(EXTENSION)["labels"][int(found)] if found >= 0 else ""


def get_scores(node: Node) -> Optional[Dict[str, float]]:
    """The probability, or value, of each label of a subtree, None if they were not predicted."""
    found = _of(node, "scores")
    return None if found is None else dict(zip(node.doc._.get(EXTENSION)["labels"], map(float, found)))


def get_vector(node: Node) -> Optional[Array]:
    """The state of a subtree, (width,), None if it was not kept."""
    return _of(node, "vectors")


def _of(node: Node, name: str) -> Any:
    kept = node.doc._.get(EXTENSION)
    if kept is None or name not in kept:
        return None
    return kept[name][node.root.i if isinstance(node, Span) else node.i]


def keep_subtrees(doc: Doc, labels: List[str], values: Array, best: IntArray, vectors: Optional[Array]) -> None:
    """Set `doc._.tree_rnn`. values: (n_tokens, n_labels). best: (n_tokens,), see `best_label`. vectors: (n_tokens,
    width)."""
    kept = {"labels": list(labels), "scores": values.copy(), "best": best.copy()}
    if vectors is not None:
        kept["vectors"] = vectors.copy()
    doc._.set(EXTENSION, kept)


def write_spans(docs: Sequence[Doc], key: str, labels: List[str], best: IntArray, trees: Trees) -> None:
    """Store every subtree that has no gap and has a label, in the order of their heads. best: (n_tokens,), see
    `best_label`. trees: those of the documents."""
    start, end, size = subtree_spans(trees)
    kept = (end - start == size) & (best >= 0)
    for doc, first in zip(docs, starts_of(trees.lengths).tolist()):
        rows = first + np.flatnonzero(kept[first : first + len(doc)])
        columns = (start[rows] - first, end[rows] - first, best[rows])
        doc.spans[key] = [Span(doc, a, b, label=labels[i]) for a, b, i in zip(*(column.tolist() for column in columns))]
