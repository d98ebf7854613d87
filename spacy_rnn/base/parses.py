"""Dependency parses of documents, as arrays."""

from typing import Iterable, List

import numpy as np
from spacy.attrs import DEP, HEAD
from spacy.tokens import Doc

from ..errors import AnnotationError, Errors
from ..types import IntArray
from .trees import absolute_heads, break_cycles


def read_parse(docs: List[Doc]) -> IntArray:
    """The way from each token to its head, and its dependency label. (n_tokens, 2)"""
    arrays = [doc.to_array([HEAD, DEP]).astype(np.int64, copy=False).reshape(-1, 2) for doc in docs]
    return np.concatenate(arrays) if arrays else np.zeros((0, 2), dtype=np.int64)


def check_parsed(docs: Iterable[Doc], name: str) -> None:
    """Raise ValueError unless all documents have a dependency parse."""
    for doc in docs:
        if not doc.has_annotation("DEP"):
            raise AnnotationError(Errors.R150.format(name=name, text=doc.text[:40]))


def read_heads(docs: List[Doc]) -> IntArray:
    """The head of each token as a row of the joined batch, itself for a root; the first node of
    a cycle counts as one. (n_tokens,)"""
    lengths = np.fromiter(map(len, docs), dtype=np.int64, count=len(docs))
    return break_cycles(absolute_heads(read_parse(docs)[:, 0], lengths))
