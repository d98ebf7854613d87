"""Pairs of a text to read and a text to write, as a spaCy corpus."""

import random
from pathlib import Path
from typing import Callable, Iterable, Iterator, List, NamedTuple, Optional, Tuple, Union

from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example

from ..errors import CorpusError, Errors
from ..pipeline.extensions import TRANSDUCED, assign
from .noise import Augmenter, augmented
from .text_files import accepted, read_lines
from .textcat_files import read_rows


class TextPair(NamedTuple):
    """A text to read and a text to write."""

    source: str
    target: str


def build_transducer_corpus_v1(
    path: Optional[Union[str, Path]] = None,
    target_path: Optional[Union[str, Path]] = None,
    source: str = "source",
    target: str = "target",
    lowercase: bool = False,
    limit: int = 0,
    shuffle: bool = False,
    augmenter: Optional[Augmenter] = None,
) -> Callable[[Language], Iterable[Example]]:
    """A corpus for `rnn_transducer`: documents of the texts to read, with the texts to write in
    `reference._.transduced`.

    path, target_path, source, target: see `read_text_pairs`.
    lowercase: convert both texts to lower case.
    limit: the most pairs to read, 0 for all.
    shuffle: read the pairs in a new order each time. spaCy's seed repeats the orders.
    augmenter: changes the texts to read, such as `spacy-rnn.Noise.v1`.
    Raises CorpusError without a path, and for a file that cannot be read.
    """
    if path is None:
        raise CorpusError(Errors.D108.format(path="corpora: path = null"))
    paths = Path(path), None if target_path is None else Path(target_path)

    def read(nlp: Language) -> Iterator[Example]:
        pairs = list(_read(*paths, source, target))[: limit or None]
        if shuffle:
            random.shuffle(pairs)
        for line, pair in pairs:
            with accepted(paths[0], line):
                example = make_pair_example(nlp, TextPair(*(text.lower() for text in pair)) if lowercase else pair)
            yield from augmented(nlp, example, augmenter)

    return read


def make_pair_example(nlp: Language, pair: TextPair) -> Example:
    """A document of the text to read, and beside it a reference with the text to write."""
    predicted = nlp.make_doc(pair.source)
    reference = Doc(nlp.vocab, words=[t.text for t in predicted], spaces=[bool(t.whitespace_) for t in predicted])
    assign(reference, TRANSDUCED, pair.target)
    return Example(predicted, reference)


def read_text_pairs(
    path: Path, target_path: Optional[Path] = None, *, source: str = "source", target: str = "target"
) -> List[TextPair]:
    """Read pairs of texts, UTF-8, compressed or not.

    With `target_path`, both files are plain text, and line i of one belongs to line i of the other. Otherwise `path` is
    a .jsonl, .csv or .tsv file with the texts under `source` and `target`. A .csv or .tsv file of two columns needs no
    header. Raises CorpusError with the line that cannot be read, that lacks a text, or whose text is blank.
    """
    return [pair for _, pair in _read(path, target_path, source, target)]


def _read(path: Path, target_path: Optional[Path], source: str, target: str) -> Iterator[Tuple[int, TextPair]]:
    """The pairs, each with its line."""
    return _parallel(path, target_path) if target_path is not None else _columns(path, [source, target])


def _parallel(path: Path, target_path: Path) -> Iterator[Tuple[int, TextPair]]:
    sources, targets = list(read_lines(path)), list(read_lines(target_path))
    if len(sources) != len(targets):
        line = min(len(sources), len(targets)) + 1
        raise CorpusError(
            Errors.D172.format(path=path, n=len(sources), target_path=target_path, target_n=len(targets), line=line)
        )
    for file, lines in ((path, sources), (target_path, targets)):
        if not lines:
            raise CorpusError(Errors.D107.format(path=file))
        for line, text in enumerate(lines, start=1):
            if not text.strip():
                raise CorpusError(Errors.D171.format(path=file, line=line, name="line"))
    return enumerate((TextPair(*pair) for pair in zip(sources, targets)), start=1)


def _columns(path: Path, names: List[str]) -> Iterator[Tuple[int, TextPair]]:
    for line, row in read_rows(path, unnamed=names):
        for name in names:
            if not isinstance(row.get(name), str):
                raise CorpusError(Errors.D170.format(path=path, line=line, name=name))
            if not row[name].strip():
                raise CorpusError(Errors.D171.format(path=path, line=line, name=name))
        yield line, TextPair(*(row[name] for name in names))
