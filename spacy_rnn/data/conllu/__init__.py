"""CoNLL-U, the format of Universal Dependencies: https://universaldependencies.org/format.html."""

from .read import ConlluWord, MultiwordToken, Sentence, heads_of, read_conllu
from .write import ConlluCounts, ConlluWriter

__all__ = ["ConlluCounts", "ConlluWord", "ConlluWriter", "MultiwordToken", "Sentence", "heads_of", "read_conllu"]
