"""The extension attributes that components assign. They are registered when this module is imported, whether or not a
component is ever constructed: documents and pipelines also come from files and from other processes.

Values with a row for each token are stored with the tokens that they describe, and are returned only for these: after
`Doc.retokenize`, an attribute of the document is None, and a token has its own row or none.
"""

from dataclasses import dataclass
from math import prod
from typing import Any, Dict, List, Optional, Tuple, Union

import numpy as np
from spacy.attrs import IDX, ORTH
from spacy.tokens import Doc, Span, Token
from spacy.tokens.underscore import get_ext_args
from spacy.util import logger

from ..types import Array, KeyArray

SCORES = "rnn_scores"
"""A dict of arrays (n_tokens, n_labels), see `RNNTagger`."""
ATTENTION = "rnn_attention"
"""An array (n_tokens,), see `CategorizerMixin`."""
TREE = "tree_rnn"
"""A dict of "labels" and of the arrays "scores" (n_tokens, n_labels), "best" (n_tokens,), the label of each subtree or
-1, and with `save_vectors` "vectors" (n_tokens, width)."""
ARC_PROBS = "rnn_arc_probs"
"""An array (n_tokens,), the probability of the arc to each token, see `RNNParser`."""
ENT_PROBS = "rnn_ent_probs"
"""An array (n_tokens,), the probability of the entity that each token is in, 0 if none was predicted there, see
`RNNEntityRecognizer`."""
SPAN_PROBS = "rnn_span_probs"
"""A dict from keys of `doc.spans` to dicts: "labels", "spans" (n_spans, 2), the first and the last token of each, and
"probs" (n_spans, n_labels), see `RNNSpanCategorizer`."""
TRANSDUCED = "transduced"
"""The text that was written for a document, or is to be written for it; None if there is none."""
TRANSDUCTIONS = "transductions"
"""A list of (text, score), the best one first."""
SOFT_LABELS = "rnn_soft_labels"
"""What teachers hold likely of each token, see `Taught`."""

Node = Union[Token, Span]


@dataclass(frozen=True)
class RowsGetter:
    """The value of an attribute with a row for each token, None if the document has other tokens by now."""

    name: str

    def __call__(self, doc: Doc) -> Any:
        value, tokens = _stored(doc, self.name)
        same = _count(value) in (None, len(doc)) if tokens is None else np.array_equal(tokens, _tokens_of(doc))
        return value if same else None


@dataclass(frozen=True)
class RowsSetter:
    """Stores a value with a row for each token, and the tokens."""

    name: str

    def __call__(self, doc: Doc, value: Any) -> None:
        _user_data(doc)[_key(self.name)] = {"tokens": _tokens_of(doc), "rows": value}


def tree_label(node: Node) -> Optional[str]:
    """`_.tree_label`: the label of the subtree of a token, or of the root of a span such as a sentence; "" if no label
    is likely enough, None if it was not predicted."""
    kept, row = _tree_row(node, "best")
    return None if kept is None else kept["labels"][found] if (found := int(kept["best"][row])) >= 0 else ""


def tree_scores(node: Node) -> Optional[Dict[str, float]]:
    """`_.tree_scores`: the probability, or value, of each label of a subtree, None if they were not predicted."""
    kept, row = _tree_row(node, "scores")
    return None if kept is None else dict(zip(kept["labels"], map(float, kept["scores"][row])))


def tree_vector(node: Node) -> Optional[Array]:
    """`_.tree_vector`: the state of a subtree, (width,), None if it was not kept."""
    kept, row = _tree_row(node, "vectors")
    return None if kept is None else kept["vectors"][row]


@dataclass(frozen=True)
class LabelProb:
    """`_.pos_prob`, `_.tag_prob` and `_.morph_prob`: the probability of the label that a tagger predicted for a token,
    None if it was not kept. That of a set of features which is composed is the product of those of its parts."""

    attr: str

    def __call__(self, token: Token) -> Optional[float]:
        kept, tokens = _stored(token.doc, SCORES)
        row = None if not kept or self.attr not in kept else _row_of(token, tokens, _count(kept))
        if row is None:
            return None
        rows = kept[self.attr][row]
        best = int(rows.argmax())
        if self.attr != "morph" or best:
            return float(rows[best])
        parts = (float(own[row].max()) for name, own in kept.items() if name.startswith("morph="))
        return prod(parts, start=float(rows[0]))


def arc_prob(token: Token) -> Optional[float]:
    """`_.arc_prob`: the marginal probability of the arc from the head of a token, None if it was not kept."""
    kept, tokens = _stored(token.doc, ARC_PROBS)
    row = None if kept is None else _row_of(token, tokens, len(kept))
    return None if row is None else float(kept[row])


def entity_prob(span: Span) -> Optional[float]:
    """The marginal probability of an entity, None if it was not kept or the span is none that was
    predicted."""
    kept, tokens = _stored(span.doc, ENT_PROBS)
    if kept is None or not _is_entity(span):
        return None
    first, last = (_row_of(token, tokens, len(kept)) for token in (span[0], span[-1]))
    if first is None or last is None or last - first != len(span) - 1:
        return None
    return float(kept[first]) or None


def span_probs(span: Span) -> Optional[List[Tuple[str, float]]]:
    """`_.label_probs`: all labels with the probability that a span has them, the likeliest first; None if they were not
    kept or the span is none that was predicted."""
    kept, tokens = _stored(span.doc, SPAN_PROBS)
    if not kept or not len(span):
        return None
    first, last = (_row_of(token, tokens, None) for token in (span[0], span[-1]))
    if first is None or last is None or last - first != len(span) - 1:
        return None
    for group in kept.values():
        for row in np.flatnonzero((group["spans"] == [first, last]).all(axis=1)).tolist():
            pairs = zip(group["labels"], group["probs"][row].tolist())
            return sorted(pairs, key=lambda pair: -pair[1])
    return None


def prob(span: Span) -> Optional[float]:
    """`_.prob`: the probability of an entity, see `entity_prob`, or of the label of a span, see `span_probs`."""
    found = entity_prob(span)
    return dict(span_probs(span) or ()).get(span.label_) if found is None else found


_ROWS = {
    name: {"getter": RowsGetter(name), "setter": RowsSetter(name)}
    for name in (SCORES, ATTENTION, TREE, ARC_PROBS, ENT_PROBS, SPAN_PROBS)
}
_VALUES: Dict[str, Dict[str, Any]] = {name: {"default": None} for name in (TRANSDUCED, TRANSDUCTIONS, SOFT_LABELS)}
_NODES = {getter.__name__: {"getter": getter} for getter in (tree_label, tree_scores, tree_vector)}
EXTENSIONS: List[Tuple[Any, str, Dict[str, Any]]] = [
    *((Doc, name, kind) for name, kind in (*_ROWS.items(), *_VALUES.items())),
    *((owner, name, kind) for owner in (Token, Span) for name, kind in _NODES.items()),
    *((Token, f"{attr}_prob", {"getter": LabelProb(attr)}) for attr in ("pos", "tag", "morph")),
    (Token, "arc_prob", {"getter": arc_prob}),
    (Span, "prob", {"getter": prob}),
    (Span, "label_probs", {"getter": span_probs}),
]


def register(*assigned: str) -> None:
    """Register all attributes that are not registered yet. One that something else has registered is left as it is.

    assigned: those that a component will assign. Logs a warning for one that will not show what the component assigns.
    """
    for owner, name, kind in EXTENSIONS:
        if not owner.has_extension(name):
            owner.set_extension(name, **kind)
        elif name in assigned and owner.get_extension(name) != get_ext_args(**kind):
            _, method, getter, _ = owner.get_extension(name)
            if owner is not Doc or method is not None or getter is not None:
                message = "%s._.%s was registered by other code, and does not show what this component assigns"
                logger.warning(message, owner.__name__, name)


def read(doc: Doc, name: str) -> Any:
    """The value of an attribute of a document."""
    if not Doc.has_extension(name):
        register()
    return doc._.get(name)


def assign(doc: Doc, name: str, value: Any) -> None:
    """Set an attribute of a document."""
    if not Doc.has_extension(name):
        register()
    doc._.set(name, value)


def _key(name: str) -> Tuple[str, str, None, None]:
    """The key under which spaCy stores an attribute of a document."""
    return "._.", name, None, None


def _user_data(doc: Doc) -> Dict[Any, Any]:
    # spaCy declares keys of strings only.
    return doc.user_data


def _tokens_of(doc: Doc) -> KeyArray:
    """What identifies the tokens of a document: their places in its text and their forms, (n_tokens, 2)."""
    return doc.to_array([IDX, ORTH]).astype(np.uint64, copy=False)


def _stored(doc: Doc, name: str) -> Tuple[Any, Optional[KeyArray]]:
    """A value, and the tokens that it describes, None if they are not known: earlier versions did not store them."""
    stored: Any = _user_data(doc).get(_key(name))
    is_known = isinstance(stored, dict) and stored.keys() == {"tokens", "rows"}
    return (stored["rows"], stored["tokens"]) if is_known else (stored, None)


def _count(value: Any) -> Optional[int]:
    """The number of rows of a value, None if it has none."""
    arrays = value.values() if isinstance(value, dict) else [value]
    return next((len(array) for array in arrays if isinstance(array, np.ndarray)), None)


def _tree_row(node: Node, name: str) -> Tuple[Any, int]:
    """The kept subtrees, and the row of a token or of the root of a span; None if it has no row, or they have no array
    of that name."""
    kept, tokens = _stored(node.doc, TREE)
    if not kept or name not in kept:
        return None, 0
    row = _row_of(node.root if isinstance(node, Span) else node, tokens, _count(kept))
    return (None, 0) if row is None else (kept, row)


def _is_entity(span: Span) -> bool:
    """Whether a span has the tokens, and the label if it has any, of an entity of its document."""
    doc = span.doc
    if not len(span) or span[0].ent_iob != 3 or span.label not in (0, span[0].ent_type):
        return False
    return all(token.ent_iob == 1 for token in span[1:]) and (span.end == len(doc) or doc[span.end].ent_iob != 1)


def _row_of(token: Token, tokens: Optional[KeyArray], n_rows: Optional[int]) -> Optional[int]:
    """The row of a token among those that are described, None if it is not among them. tokens, n_rows: see `_stored`
    and `_count`."""
    if tokens is None:
        return token.i if n_rows == len(token.doc) else None
    wanted = [token.idx, token.orth]
    row = token.i
    if row >= len(tokens) or tokens[row].tolist() != wanted:
        row = int(np.searchsorted(tokens[:, 0], np.uint64(token.idx)))
        if row == len(tokens) or tokens[row].tolist() != wanted:
            return None
    return row


register()
