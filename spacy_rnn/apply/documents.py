"""The documents of files for what cannot go on without one of them: the first that cannot be used is an error."""

from typing import Iterator

from spacy.language import Language
from spacy.tokens import Doc
from spacy.vocab import Vocab

from ..errors import CorpusError, Errors
from .sources import Record, Source

# Bytes of input that are read at once, where a file can be cut.
_PIECE = 1 << 24


def read_records(source: Source, vocab: Vocab) -> Iterator[Record]:
    """The texts or documents of a source. Raises CorpusError for one that cannot be read."""
    for pieces in source.cut(_PIECE):
        for piece in pieces:
            for record in source.read(piece, vocab):
                if record.content is None:
                    raise CorpusError(Errors.D211.format(name=record.id, reason=record.error))
                yield record


def tokenized(nlp: Language, record: Record) -> Doc:
    """The document of a record, made by the tokenizer if it is a text. Raises CorpusError for a text that the pipeline
    refuses."""
    if isinstance(record.content, Doc):
        return record.content
    try:
        return nlp.make_doc(str(record.content))
    except Exception as error:  # of any tokenizer
        raise CorpusError(Errors.D211.format(name=record.id, reason=error)) from error
