"""A corpus whose documents come with their gold parses."""

from pathlib import Path
from typing import Callable, Iterable, Iterator, Optional, Union

import numpy as np
from spacy.attrs import DEP, HEAD, SENT_START
from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Corpus, Example

from ..errors import CorpusError, Errors

_PARSE = [HEAD, DEP, SENT_START]


def build_gold_parse_corpus_v1(
    path: Optional[Union[str, Path]] = None,
    limit: int = 0,
    max_length: int = 0,
    shuffle: bool = False,
) -> Callable[[Language], Iterable[Example]]:
    """Read `.spacy` files as spaCy does, but with the words and the dependency parses of the
    files already in the documents to be annotated, so that a component that needs parses can
    be trained without running a parser.

    path: a file or folder.
    limit: of documents, 0 for none.
    max_length: documents of more tokens are left out, 0 for no limit.
    shuffle: read in a new order each time, from spaCy's seed.
    """
    corpus = Corpus(path, gold_preproc=False, limit=limit, max_length=0, shuffle=shuffle)  # type: ignore[arg-type]

    def read(nlp: Language) -> Iterator[Example]:
        for example in _vouched(corpus(nlp), path):
            if max_length == 0 or len(example.reference) <= max_length:
                yield with_gold_parse(example.reference)

    return read


def _vouched(examples: Iterable[Example], path: object) -> Iterator[Example]:
    """The same, with a CorpusError for whatever spaCy raises of a damaged file."""
    stream = iter(examples)
    while True:
        try:
            example = next(stream, None)
        except Exception as error:
            reason = " ".join(str(error).split()) or type(error).__name__
            raise CorpusError(Errors.D188.format(path=path, reason=reason)) from error
        if example is None:
            return
        yield example


def with_gold_parse(reference: Doc) -> Example:
    """An example whose predicted document has the reference's words and parse, and nothing else."""
    words, spaces = [token.text for token in reference], [bool(token.whitespace_) for token in reference]
    doc = Doc(reference.vocab, words=words, spaces=spaces)
    if len(doc) and reference.has_annotation("DEP"):
        values: np.ndarray = reference.to_array(_PARSE)
        doc.from_array(_PARSE, values)  # type: ignore[arg-type]
    return Example(doc, reference)
