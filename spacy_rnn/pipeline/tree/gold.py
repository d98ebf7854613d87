"""Gold labels of documents and phrases, as arrays over documents and nodes."""

from dataclasses import dataclass, field
from typing import Iterable, List, NamedTuple, Optional, Sequence, Set

import numpy as np
from spacy.training import Example

from ...base.parses import read_trees
from ...base.trees import Trees, find_subtrees
from ...errors import AnnotationError, Errors
from ...types import FloatArray, IntArray
from ..gold import same_tokens


class Phrases(NamedTuple):
    """The labelled spans of a batch."""

    nodes: IntArray
    """(n_spans,): the row of the token whose subtree is exactly the span, -1 if there is none."""
    labels: List[str]


def find_phrases(examples: List[Example], key: Optional[str], trees: Trees) -> Phrases:
    """The labelled spans of the references, none if the key is None. trees: those of the predicted documents."""
    bounds: List[int] = []
    labels: List[str] = []
    n = 0
    for example in examples:
        reference = example.reference
        if key is not None and key in reference.spans:
            spans = list(reference.spans[key])
            if not same_tokens(example.predicted, reference):
                for span in spans:  # A span of a document needs a label that the document knows.
                    example.predicted.vocab.strings.add(span.label_)
                spans = example.get_aligned_spans_y2x(spans, allow_overlap=True)
            for span in spans:
                bounds += (n + span.start, n + span.end)
                labels.append(span.label_)
        n += len(example.predicted)
    pairs = np.array(bounds, dtype=np.int64).reshape(-1, 2)
    return Phrases(find_subtrees(pairs, trees) if labels else pairs[:, 0], labels)


def read_truths(examples: List[Example], phrases: Phrases, labels: Sequence[str], target: str, name: str) -> FloatArray:
    """The gold values of all nodes, then of all documents, (n_tokens + n_docs, n_labels), NaN where there is none.
    Raises AnnotationError for a phrase whose label is no value, with target = "regression"."""
    n = sum(len(example.predicted) for example in examples)
    truths = np.full((n + len(examples), len(labels)), np.nan, dtype=np.float32)
    cats = [[example.reference.cats.get(label, np.nan) for label in labels] for example in examples]
    truths[n:] = np.array(cats, dtype=np.float32).reshape(len(examples), len(labels))
    if target in ("exclusive", "ordinal"):
        truths[n:] = _as_distribution(truths[n:])
    column = {label: i for i, label in enumerate(labels)}
    nodes, texts, values = phrases.nodes, [*phrases.labels], np.ones(len(phrases.labels), dtype=np.float32)
    if target == "regression":
        for i in np.flatnonzero(nodes >= 0).tolist():
            texts[i], values[i] = _read_value(texts[i], labels, name)
    columns = np.array([column.get(text, -1) for text in texts], dtype=np.int64)
    usable = (nodes >= 0) & (columns >= 0)
    nodes, columns, values = nodes[usable], columns[usable], values[usable]
    if target != "regression":
        truths[nodes] = 0.0
    truths[nodes, columns] = values
    if target in ("exclusive", "ordinal"):
        # The labels of a phrase with two labels count half each.
        truths[nodes] /= np.maximum(truths[nodes].sum(axis=1, keepdims=True), 1)
    return truths


def _as_distribution(truths: FloatArray) -> FloatArray:
    """Make rows sum to 1. Rows without a positive value become NaN."""
    values = np.nan_to_num(truths)
    totals = values.sum(axis=1, keepdims=True)
    return np.where(totals > 0, values / np.where(totals > 0, totals, 1), np.nan).astype(np.float32)


def _read_value(text: str, labels: Sequence[str], name: str) -> tuple[str, float]:
    """The label and the value of "0.5", if there is one label only, or of "label=0.5"."""
    label, found, number = text.rpartition("=")
    try:
        if not found and len(labels) != 1:
            raise ValueError
        return (label if found else labels[0]), float(number)
    except ValueError:
        raise AnnotationError(Errors.R156.format(name=name, labels=", ".join(labels), label=text)) from None


@dataclass
class Collected:
    """The labels and phrases of training data."""

    labels: Set[str] = field(default_factory=set)
    n_docs: int = 0  # with a category
    n_phrases: int = 0
    n_parsed: int = 0  # phrases of documents with a parse
    n_matched: int = 0  # phrases that are subtrees


def collect_labels(examples: Iterable[Example], key: Optional[str], target: str) -> Collected:
    """Collect labels, and count the phrases that are subtrees of the predicted document's parse, or of the reference's
    if the predicted document has none."""
    collected, bare = Collected(), False
    labels = collected.labels
    for example in examples:
        labels.update(example.reference.cats)
        collected.n_docs += bool(example.reference.cats)
        if key is None or key not in example.reference.spans:
            continue
        texts = [span.label_ for span in example.reference.spans[key]]
        collected.n_phrases += len(texts)
        if target == "regression":
            labels.update(text.rpartition("=")[0] for text in texts if "=" in text)
            bare = bare or any("=" not in text for text in texts)
        else:
            labels.update(texts)
        parsed = [doc for doc in (example.predicted, example.reference) if len(doc) and doc.has_annotation("DEP")]
        if parsed:
            collected.n_parsed += len(texts)
            found = find_phrases([Example(parsed[0], example.reference)], key, read_trees(parsed[:1]))
            collected.n_matched += int((found.nodes >= 0).sum())
    if bare and not labels:
        labels.add("score")
    return collected
