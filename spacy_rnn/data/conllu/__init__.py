"""CoNLL-U, the format of Universal Dependencies: https://universaldependencies.org/format.html."""

from .entities import Entity, write_entities
from .read import ConlluWord, MultiwordToken, Sentence, heads_of, read_conllu
from .write import ConlluCounts, ConlluWriter

__all__ = [
    "ConlluCounts",
    "ConlluWord",
    "ConlluWriter",
    "Entity",
    "MultiwordToken",
    "Sentence",
    "heads_of",
    "read_conllu",
    "write_entities",
]
