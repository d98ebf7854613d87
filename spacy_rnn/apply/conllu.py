"""Documents from files through a pipeline to CoNLL-U: `spacy-rnn to-conllu`."""

import io
from pathlib import Path
from typing import Iterator, Optional, Tuple

from fsspec.implementations.local import LocalFileSystem
from spacy.language import Language
from spacy.tokens import Doc
from spacy.vocab import Vocab

from ..base.files import replaced_file
from ..data.conllu import ConlluCounts, ConlluWriter
from ..errors import CorpusError, Errors
from .documents import read_records, tokenized
from .sources import Source, locate


def write_conllu(nlp: Optional[Language], source: Source, output: Path) -> ConlluCounts:
    """Annotate texts or documents and write them to a file, which is replaced when all are written.

    nlp: a pipeline, or None to write documents as they are.
    Raises CorpusError for what cannot be read, for text without a pipeline, and if the output is a file of the input.
    """
    files = source.files()
    is_local = isinstance(locate(source.address)[0], LocalFileSystem)
    output.parent.mkdir(parents=True, exist_ok=True)
    with replaced_file(output, inputs=map(Path, files) if is_local else ()) as opened:
        target = io.TextIOWrapper(opened, encoding="utf8", newline="\n")
        writer = ConlluWriter(target)
        for doc, name in _as_they_are(source) if nlp is None else _annotated(nlp, source):
            writer.write(doc, name)
        target.detach()
    return writer.counts


def _annotated(nlp: Language, source: Source) -> Iterator[Tuple[Doc, str]]:
    docs = ((tokenized(nlp, record), record.id) for record in read_records(source, nlp.vocab))
    yield from nlp.pipe(docs, as_tuples=True)


def _as_they_are(source: Source) -> Iterator[Tuple[Doc, str]]:
    for record in read_records(source, Vocab()):
        if not isinstance(record.content, Doc):
            raise CorpusError(Errors.D214.format(name=record.id))
        yield record.content, record.id
