"""The labels of a parser: the meaning of its output columns."""

from typing import Any, Dict, Iterable, List, Set

import numpy as np
from spacy.attrs import DEP, HEAD
from spacy.training import Example

from ...base.parsing import UNKNOWN
from ...errors import AnnotationError, Errors
from ...types import BoolArray, IntArray, KeyArray
from ..strings import Strings

ROOT = "ROOT"
"""The label of roots in spaCy, for data without any root."""
DEP_LABEL = "dep"
"""The label that spaCy gives to an arc about which nothing is known: of whitespace, and in data without any arc."""

LabelData = Dict[str, List[str]]
"""The labels of "arcs" and of "roots", as `spacy init labels` stores them."""


def no_labels() -> LabelData:
    return {"arcs": [], "roots": []}


def check_labels(labels: Any, name: str) -> LabelData:
    """Raises AnnotationError for what is no `LabelData`."""
    if (
        not isinstance(labels, dict)
        or set(labels) != {"arcs", "roots"}
        or not all(isinstance(own, (list, tuple)) for own in labels.values())
        or not all(isinstance(label, str) and label for own in labels.values() for label in own)
    ):
        raise AnnotationError(Errors.R121.format(name=name, found=labels))
    return {kind: list(dict.fromkeys(labels[kind])) for kind in ("arcs", "roots")}


def collect_labels(examples: Iterable[Example]) -> LabelData:
    """The gold labels of tokens with a head, and those of roots, by name."""
    found: Dict[bool, Set[str]] = {False: set(), True: set()}
    for example in examples:
        doc = example.reference
        if len(doc):
            values: KeyArray = doc.to_array([HEAD, DEP]).astype(np.uint64, copy=False)
            for is_root, dep in {(head == 0, dep) for head, dep in values.tolist() if dep}:
                found[is_root].add(doc.vocab.strings[dep])
    return {"arcs": sorted(found[False]), "roots": sorted(found[True])}


def merge_labels(first: LabelData, second: LabelData) -> LabelData:
    """The labels of both, those of the first one first, and those that a parser cannot do without."""
    merged = {kind: list(dict.fromkeys([*first[kind], *second[kind]])) for kind in ("arcs", "roots")}
    return {"arcs": merged["arcs"] or [DEP_LABEL], "roots": merged["roots"] or [ROOT]}


def columns_of(labels: LabelData) -> List[str]:
    """The label of each column: first those of arcs, then those of roots."""
    return [*labels["arcs"], *labels["roots"]]


def find_columns(labels: LabelData, keys: IntArray, is_root: BoolArray, strings: Strings) -> IntArray:
    """The column of each label, (n,), UNKNOWN for those that the parser does not know. keys: (n,), of the string store.
    is_root: (n,)."""
    arcs = {label: i for i, label in enumerate(labels["arcs"])}
    roots = {label: i for i, label in enumerate(labels["roots"], start=len(arcs))}
    distinct, inverse = np.unique(keys, return_inverse=True)
    names = [strings[key] if key else "" for key in distinct.view(np.uint64).tolist()]
    table = np.array([[known.get(name, UNKNOWN) for name in names] for known in (arcs, roots)], dtype=np.int64)
    return table[is_root.astype(np.int64), inverse]
