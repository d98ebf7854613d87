"""What a config has to know about the data that it will train on."""

from dataclasses import dataclass
from pathlib import Path

import spacy

from ...errors import CorpusError, Errors
from ..spacy_files import read_docs
from ..text_files import file_format
from ..textcat_files import read_textcat_file


@dataclass
class TrainingData:
    """The size of a corpus. sentences: of the documents, each at least one."""

    docs: int = 0
    tokens: int = 0
    sentences: int = 0


def examine(path: Path) -> TrainingData:
    """Count the documents, tokens and sentences of a corpus, a `.spacy` file, a folder of those, or a table of texts,
    whose tokens are counted by spaces. Raises CorpusError for a file that cannot be read, and for an empty corpus."""
    found = TrainingData()
    if file_format(path) in (".jsonl", ".csv", ".tsv"):
        for text in read_textcat_file(path):
            found.docs += 1
            found.sentences += 1
            found.tokens += len(text.text.split())
        return found
    files = sorted(path.rglob("*.spacy")) if path.is_dir() else [path]
    vocab = spacy.blank("xx").vocab
    for file in files:
        for doc in read_docs(file, vocab):
            found.docs += 1
            found.tokens += len(doc)
            found.sentences += max(1, sum(bool(token.is_sent_start) for token in doc))
    if not found.docs:
        raise CorpusError(Errors.D024.format(path=path))
    return found
