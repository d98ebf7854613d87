"""Corpora whose predicted documents have some of the gold annotation already: parses, or tags."""

from pathlib import Path
from typing import Callable, Iterator, List, Optional, Sequence, Union

import numpy as np
from spacy.attrs import DEP, HEAD, MORPH, POS, SENT_START, TAG
from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Corpus, Example

from .noise import Augmenter, augmented
from .spacy_files import Reader, copy_words, vouched

_PARSE = [HEAD, DEP, SENT_START]
_TAGS = [POS, TAG, MORPH]


def build_gold_parse_corpus_v1(
    path: Optional[Union[str, Path]] = None,
    limit: int = 0,
    max_length: int = 0,
    shuffle: bool = False,
    augmenter: Optional[Augmenter] = None,
) -> Reader:
    """Read `.spacy` files like `spacy.Corpus.v1`, but with the gold words and dependency parses in the predicted
    documents, so that a component that needs parses is trained without a parser.

    path: a file or folder.
    limit: the number of documents, 0 for all.
    max_length: leave out documents of more tokens, 0 for no limit.
    shuffle: read in a new order each time, by the seed of spaCy.
    augmenter: is given the examples with the annotation in their predicted documents, which one of spaCy's own loses.
    The reader raises CorpusError for a damaged file.
    """
    return _reader(with_gold_parse, path, limit, max_length, shuffle, augmenter)


def build_gold_tag_corpus_v1(
    path: Optional[Union[str, Path]] = None,
    limit: int = 0,
    max_length: int = 0,
    shuffle: bool = False,
    augmenter: Optional[Augmenter] = None,
) -> Reader:
    """Read `.spacy` files like "spacy-rnn.GoldParseCorpus.v1", but with parts of speech, fine-grained tags and
    morphology instead of parses, so that a lemmatizer is trained and scored without a tagger."""
    return _reader(with_gold_tags, path, limit, max_length, shuffle, augmenter)


def _reader(
    make: Callable[[Doc], Example],
    path: Optional[Union[str, Path]],
    limit: int,
    max_length: int,
    shuffle: bool,
    augmenter: Optional[Augmenter],
) -> Reader:
    corpus = Corpus(path, gold_preproc=False, limit=limit, max_length=0, shuffle=shuffle)  # type: ignore[arg-type]

    def read(nlp: Language) -> Iterator[Example]:
        for example in vouched(corpus(nlp), path):
            if max_length == 0 or len(example.reference) <= max_length:
                yield from augmented(nlp, make(example.reference), augmenter)

    return read


def with_gold_parse(reference: Doc) -> Example:
    """An example whose predicted document has the words and the parse of the reference."""
    return _with(reference, _PARSE if reference.has_annotation("DEP") else [])


def with_gold_tags(reference: Doc) -> Example:
    """An example whose predicted document has the words and the tags of the reference."""
    return _with(reference, _TAGS)


def _with(reference: Doc, attrs: Sequence[int]) -> Example:
    doc = copy_words(reference)
    if len(doc) and attrs:
        kept: List[Union[int, str]] = list(attrs)
        values: np.ndarray = reference.to_array(kept)
        doc.from_array(kept, values)  # type: ignore[arg-type]
    return Example(doc, reference)
