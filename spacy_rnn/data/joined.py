"""Corpora of sentences, read as documents of several sentences."""

import random
from itertools import islice
from pathlib import Path
from typing import Iterator, List, Optional, Union

from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Corpus, Example

from ..base.checks import check_at_least
from .noise import Augmenter, augmented
from .spacy_files import Reader, copy_words, vouched


def build_joined_corpus_v1(
    path: Optional[Union[str, Path]] = None,
    sentences: int = 10,
    varied: bool = False,
    gold_words: bool = False,
    limit: int = 0,
    augmenter: Optional[Augmenter] = None,
) -> Reader:
    """Read `.spacy` files whose documents are sentences in the order of a text, such as `spacy-rnn convert` writes, and
    join several sentences to one document, so that a pipeline learns where sentences start.

    path: a file or folder.
    sentences: documents of the files to a document. Its text has a space between them.
    varied: join any number up to `sentences`, drawn by the seed of spaCy, so that a pipeline also meets short texts.
    gold_words: predict on the words as annotated, as `gold_preproc` of `spacy.Corpus.v1` does, with whole documents.
    limit: of the documents of the files, 0 for all.
    augmenter: is given the joined examples.
    The reader raises CorpusError for a damaged file.
    """
    check_at_least("sentences", sentences, 1)
    corpus = Corpus(path, gold_preproc=False, limit=limit, max_length=0)  # type: ignore[arg-type]

    def read(nlp: Language) -> Iterator[Example]:
        parts = (example.reference for example in vouched(corpus(nlp), path))
        while group := list(islice(parts, random.randint(1, sentences) if varied else sentences)):
            reference = join_sentences(group)
            words = gold_words or reference.has_unknown_spaces
            predicted = copy_words(reference) if words else nlp.make_doc(reference.text)
            yield from augmented(nlp, Example(predicted, reference), augmenter)

    return read


def join_sentences(sentences: List[Doc]) -> Doc:
    """One document of several sentences, with their annotation. What they keep in `user_data` is left out."""
    if len(sentences) == 1:
        return sentences[0]
    joined = Doc.from_docs(sentences, exclude=["user_data"])  # type: ignore[call-arg]
    assert joined is not None  # as there are sentences
    return joined
