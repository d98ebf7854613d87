"""Dependency parses of documents."""

from __future__ import annotations

from typing import Iterable, List

import numpy as np
from spacy.attrs import DEP, HEAD
from spacy.tokens import Doc

from ..errors import AnnotationError, Errors
from .arrays import lengths_of, token_attrs
from .trees import Trees, absolute_heads


class ParsedDocs(List[Doc]):
    """Documents with their trees, so that a component, its layers and its loss read each parse once. Everything else
    sees an ordinary list of documents."""

    def __init__(self, docs: Iterable[Doc], trees: Trees):
        super().__init__(docs)
        self.trees = trees

    @classmethod
    def read(cls, docs: List[Doc], name: str) -> ParsedDocs:
        """Check and read the parses, unless that is done already. See `check_parsed`."""
        if isinstance(docs, cls):
            return docs
        check_parsed(docs, name)
        return cls(docs, read_trees(docs))


def check_parsed(docs: Iterable[Doc], name: str) -> None:
    """Raises AnnotationError for a document without a parse. name: of the component or layer that needs one."""
    for doc in docs:
        if not doc.has_annotation("DEP"):
            raise AnnotationError(Errors.R150.format(name=name, text=doc.text[:40]))


def read_trees(docs: List[Doc]) -> Trees:
    """The trees of a batch; without a parse, every token is a root."""
    lengths = lengths_of(docs)
    parses = token_attrs(docs, HEAD, DEP).view(np.int64)
    return Trees.from_heads(absolute_heads(parses[:, 0], lengths), parses[:, 1], lengths)
