"""The annotations of `tree_rnn`: extensions of documents, sentences and tokens, and spans."""

from typing import Any, Dict, List, Optional, Union

import numpy as np
from spacy.tokens import Doc, Span, Token

from ...base.parses import read_heads
from ...base.trees import subtree_spans
from ...types import Array
from .targets import best_label

EXTENSION = "tree_rnn"

Node = Union[Token, Span]


def register_extensions() -> None:
    """`doc._.tree_rnn`: a dict of "labels", and the arrays "scores" (n_tokens, n_labels), "best"
    (n_tokens,) and "vectors" (n_tokens, width), the last one if it was asked for. Of a token's
    subtree: `token._.tree_label`, `token._.tree_scores`, `token._.tree_vector`. The same of a
    span are those of its root, so that a sentence's label is `sent._.tree_label`."""
    if not Doc.has_extension(EXTENSION):
        Doc.set_extension(EXTENSION, default=None)
    getters = {"tree_label": get_label, "tree_scores": get_scores, "tree_vector": get_vector}
    for owner in (Token, Span):
        for name, getter in getters.items():
            if not owner.has_extension(name):
                owner.set_extension(name, getter=getter)


def get_label(node: Node) -> Optional[str]:
    """The label of a subtree, "" where no label is likely enough, None where it was not predicted."""
    found = _of(node, "best")
    if found is None:
        return None
    return node.doc._.get(EXTENSION)["labels"][int(found)] if found >= 0 else ""


def get_scores(node: Node) -> Optional[Dict[str, float]]:
    """The probability, or value, of each label of a subtree."""
    found = _of(node, "scores")
    return None if found is None else dict(zip(node.doc._.get(EXTENSION)["labels"], map(float, found)))


def get_vector(node: Node) -> Optional[Array]:
    """The state of a subtree, (width,)."""
    return _of(node, "vectors")


def _of(node: Node, name: str) -> Any:
    kept = node.doc._.get(EXTENSION)
    if kept is None or name not in kept:
        return None
    return kept[name][node.root.i if isinstance(node, Span) else node.i]


def keep_subtrees(
    doc: Doc, labels: List[str], values: Array, vectors: Optional[Array], target: str, threshold: float
) -> None:
    """values: (n_tokens, n_labels); vectors: (n_tokens, width)."""
    kept = {"labels": list(labels), "scores": values.copy(), "best": best_label(values, target, threshold)}
    if vectors is not None:
        kept["vectors"] = vectors.copy()
    doc._.set(EXTENSION, kept)


def write_spans(doc: Doc, key: str, labels: List[str], best: Array) -> None:
    """Store every subtree without a gap that has a label, in the order of their heads."""
    start, end, size = subtree_spans(read_heads([doc]))
    kept = np.flatnonzero((end - start == size) & (best >= 0))
    doc.spans[key] = [
        Span(doc, first, last, label=labels[label])
        for first, last, label in zip(start[kept].tolist(), end[kept].tolist(), best[kept].tolist())
    ]
