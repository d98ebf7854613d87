"""The strings that keys stand for. The documents of a batch, and those of an example, may have different vocabularies:
a key is read with the strings of the document that it comes from, and written where its string is known."""

from typing import Dict, Iterable

from spacy.tokens import Doc
from spacy.vocab import Vocab


class Strings:
    """The strings of several documents by key. A key stands for the same string in all vocabularies that have it."""

    def __init__(self, docs: Iterable[Doc]):
        self._stores = [vocab.strings for vocab in distinct_vocabs(docs)]

    def __getitem__(self, key: int) -> str:
        """Raises KeyError if no document has the string."""
        store = next((store for store in self._stores if key in store), self._stores[0])  # type: ignore[operator]
        return str(store[key])


def distinct_vocabs(docs: Iterable[Doc]) -> Iterable[Vocab]:
    """The vocabularies of documents."""
    return dict.fromkeys(doc.vocab for doc in docs)


def add_strings(vocab: Vocab, doc: Doc, attr: str) -> None:
    """Add the strings of an attribute of a document's tokens to another vocabulary."""
    if vocab is not doc.vocab:
        for key in set(doc.to_array(attr.upper()).tolist()):
            vocab.strings.add(doc.vocab.strings[key])


def permanent(vocab: Vocab, string: str) -> int:
    """The key of a string, which stays in the string store when a memory zone ends."""
    return int(vocab.strings.add(string, allow_transient=False))  # type: ignore[call-arg]


def permanent_features(vocab: Vocab, features: Dict[str, str]) -> int:
    """The key of a set of morphological features, whose strings stay when a memory zone ends."""
    parts = [f"{name}={value}" for name, values in features.items() for value in values.split(",")]
    for string in (vocab.morphology.normalize_features(features), *features, *parts):
        permanent(vocab, string)
    return int(vocab.morphology.add(features))
