"""Soft labels: what teachers hold likely of each token of a document, in `doc._.rnn_soft_labels`.

Most tokens have one likely label, so only likely ones are stored. A label is stored by its name, so that it means the
same to a student with other labels, and in another vocabulary.
"""

from dataclasses import asdict, dataclass
from typing import Any, Dict, List, Mapping, Optional, Sequence

import numpy as np
from spacy.tokens import Doc

from ..types import FloatArray, IntArray
from .annotate import ATTRS
from .extensions import SOFT_LABELS, assign, read

NO_FEATURES = "_"
"""The name of an empty set of morphological features."""


@dataclass
class SoftLabels:
    """The likely labels of an attribute at each token.

    labels: the names of all that occur. counts: (n_tokens,), how many labels each token has; 0 where nothing is known.
    columns, probabilities: (sum of counts,), the labels of the first token, then those of the second, and so on.
    """

    labels: List[str]
    counts: IntArray
    columns: IntArray
    probabilities: FloatArray

    def check(self, n_tokens: int) -> None:
        """Raises ValueError, with the reason, unless they can be those of so many tokens."""
        parts: List[Any] = [self.counts, self.columns, self.probabilities]
        if not all(isinstance(part, np.ndarray) and part.ndim == 1 for part in parts):
            raise ValueError("counts, columns and probabilities are no arrays with one dimension")
        if not all(part.dtype.kind == kind for part, kind in zip(parts, "uuf")):
            raise ValueError("counts, columns or probabilities have another type")
        if len(self.counts) != n_tokens:
            raise ValueError(f"there are {n_tokens} tokens, but labels of {len(self.counts)}")
        if not int(self.counts.sum()) == len(self.columns) == len(self.probabilities):
            raise ValueError("the counts do not add up to the number of labels")
        if not all(isinstance(label, str) for label in self.labels) or (self.columns >= len(self.labels)).any():
            raise ValueError("there are labels without a name")
        if not ((self.probabilities > 0) & (self.probabilities <= 1.001)).all():
            raise ValueError("there are probabilities beyond 0 and 1")


@dataclass
class Taught:
    """What a document teaches beside its annotation.

    attrs: the soft labels of any of "pos", "tag" and "morph". weight: how much they, and fractional categories in
    `doc.cats`, count against gold annotation. temperature: see `soft_cross_entropy`.
    """

    attrs: Dict[str, SoftLabels]
    weight: float = 1.0
    temperature: float = 1.0


def sparse_labels(
    names: Sequence[str], probabilities: FloatArray, lengths: Sequence[int], *, top: int, least: float
) -> List[SoftLabels]:
    """The likely labels of each document.

    names: of the columns. probabilities: (n_tokens, n_labels), the tokens of all documents joined; a row of zeros is
    unknown. lengths: of the documents. top: the greatest number of labels that a token keeps. least: a less likely
    label is kept only if it is the likeliest.
    """
    keep = (probabilities >= least) & (probabilities > 0)
    if len(probabilities) and top < len(names):
        keep &= probabilities >= np.partition(probabilities, -top, axis=1)[:, [-top]]
    keep |= (probabilities > 0) & (probabilities == probabilities.max(axis=1, keepdims=True, initial=0.0))
    counts = keep.sum(axis=1)
    columns, kept = np.nonzero(keep)[1], probabilities[keep]
    ends = np.concatenate([[0], np.cumsum(counts)])[np.cumsum([0, *lengths])]
    start, found = 0, []
    for length, first, last in zip(lengths, ends, ends[1:]):
        distinct, inverse = np.unique(columns[first:last], return_inverse=True)
        found.append(
            SoftLabels(
                [names[column] for column in distinct.tolist()],
                counts[start : start + length].astype(np.uint16),
                inverse.astype(np.uint16),
                np.maximum(kept[first:last].astype(np.float16), np.finfo(np.float16).smallest_subnormal),
            )
        )
        start += length
    return found


def write_soft_labels(doc: Doc, taught: Taught) -> None:
    """Store them in `doc._.rnn_soft_labels`, as a dict of plain data and arrays."""
    assign(doc, SOFT_LABELS, asdict(taught))


def read_soft_labels(doc: Doc) -> Optional[Taught]:
    """What `write_soft_labels` stored, None if there is nothing. Raises ValueError, with the reason, for anything that
    cannot be soft labels of this document."""
    stored: Any = read(doc, SOFT_LABELS)
    if stored is None:
        return None
    try:
        attrs: Mapping[str, Any] = stored["attrs"]
        found = Taught({attr: SoftLabels(**attrs[attr]) for attr in attrs}, stored["weight"], stored["temperature"])
    except (KeyError, TypeError) as error:
        raise ValueError(f"{type(error).__name__}: {error}") from error
    if not set(found.attrs) <= set(ATTRS):
        raise ValueError(f"there are labels of {', '.join(set(found.attrs) - set(ATTRS))}")
    for labels in found.attrs.values():
        labels.check(len(doc))
    return found
