"""Gold annotations of examples, as arrays."""

from collections import Counter
from typing import Dict, Iterable, List

import numpy as np
from spacy.attrs import ORTH
from spacy.tokens import Doc
from spacy.training import Example

from ..types import KeyArray
from .annotate import ATTRS, read_annotations


def aligned_keys(examples: List[Example], attrs: List[str]) -> Dict[str, KeyArray]:
    """The gold value of each attribute for each predicted token, (n_tokens,), the tokens of all examples joined; 0
    where it is missing, or where the token is not aligned with exactly one gold token."""
    rows = [
        read_annotations(example.reference, attrs)
        if same_tokens(example.predicted, example.reference)
        else np.array([_aligned(example, attr) for attr in attrs], dtype=np.uint64).T.reshape(-1, len(attrs))
        for example in examples
    ]
    joined = np.concatenate(rows)
    return {attr: joined[:, i] for i, attr in enumerate(attrs)}


def same_tokens(first: Doc, second: Doc) -> bool:
    """Whether two documents have the same tokens, which then need no alignment."""
    return len(first) == len(second) and bool((first.to_array(ORTH) == second.to_array(ORTH)).all())


def _aligned(example: Example, attr: str) -> List[int]:
    # None stands for misaligned tokens, and for values that differ among several gold tokens.
    return [value or 0 for value in example.get_aligned(attr.upper())]


def collect_annotations(examples: Iterable[Example]) -> Dict[str, Dict[str, int]]:
    """The number of occurrences of each gold value of each attribute."""
    counts: Dict[str, Counter[int]] = {attr: Counter() for attr in ATTRS}
    strings: Dict[int, str] = {}
    for example in examples:
        if len(example.reference):
            values = read_annotations(example.reference, ATTRS)
            for attr, column in zip(ATTRS, values.T):
                counts[attr].update(column.tolist())
            store = example.reference.vocab.strings
            strings.update((key, store[key]) for key in set(values.ravel().tolist()).difference(strings))
    return {attr: {strings[key]: n for key, n in found.items() if key} for attr, found in counts.items()}
