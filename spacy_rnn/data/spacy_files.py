"""Files of spaCy's binary format, which raise a `CorpusError` where they are missing or damaged."""

from pathlib import Path
from random import Random
from typing import Callable, Iterable, Iterator, Optional, TypeVar

from spacy.language import Language
from spacy.tokens import Doc, DocBin
from spacy.training import Example
from spacy.vocab import Vocab

from ..errors import CorpusError, Errors, UserError

Reader = Callable[[Language], Iterable[Example]]
T = TypeVar("T")


# What spaCy stores of each document.
_OF_EACH = ("tokens", "spaces", "cats", "flags", "user_data", "span_groups")


def read_docs(path: Path, vocab: Vocab, numbers: Optional[Random] = None) -> Iterator[Doc]:
    """The documents of a file, in its order or in one that is drawn from random numbers."""

    def load() -> Iterator[Doc]:
        stored = DocBin().from_disk(path)
        if numbers is not None:
            order = numbers.sample(range(len(stored)), len(stored))
            for name in _OF_EACH:
                values = getattr(stored, name)
                setattr(stored, name, [values[i] for i in order] if values else values)
        yield from stored.get_docs(vocab)

    if not path.is_file():
        raise CorpusError(Errors.D021.format(path=path))
    return vouched(load(), path)


def vouched(stream: Iterable[T], path: object) -> Iterator[T]:
    """The same items. Raises CorpusError for whatever spaCy raises about a damaged file."""
    items = iter(stream)
    while True:
        try:
            item = next(items)
        except StopIteration:
            return
        except UserError:
            raise
        except Exception as error:  # of any type, as the damage has it
            reason = " ".join(str(error).split()) or type(error).__name__
            raise CorpusError(Errors.D188.format(path=path, reason=reason)) from error
        yield item


def copy_words(doc: Doc, vocab: Optional[Vocab] = None) -> Doc:
    """A document of the same words and spaces without annotation. vocab: another one than that of the document."""
    words, spaces = [token.text for token in doc], [bool(token.whitespace_) for token in doc]
    return Doc(doc.vocab if vocab is None else vocab, words=words, spaces=spaces)
