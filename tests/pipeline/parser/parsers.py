"""Tiny treebanks, and parsers that learn them by heart."""

from typing import Any, Dict, Iterable, List, Optional, Sequence, Tuple

import spacy
from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example

from ...helpers import encoder_config, train

Tree = Tuple[str, List[int], List[str]]
"""Words, heads, a root being its own, and labels."""

TREES: List[Tree] = [
    ("The cats sleep .", [1, 2, 2, 2], ["det", "nsubj", "ROOT", "punct"]),
    ("A dog barked", [1, 2, 2], ["det", "nsubj", "ROOT"]),
    ("She saw a dog today which barked", [1, 1, 3, 1, 1, 6, 3],
     ["nsubj", "ROOT", "det", "obj", "obl", "nsubj", "acl:relcl"]),  # arcs cross
    ("Yes", [0], ["ROOT"]),
]  # fmt: skip

Row = Tuple[str, int, str]
"""A token, its head and its label."""


def parser_config(**settings: Any) -> Dict[str, Any]:
    """The config of an `rnn_parser` with a tiny encoder. Settings of the model: `tok2vec`, `precision`."""
    precision = settings.pop("precision", "fp32")
    tok2vec = settings.pop("tok2vec", None) or encoder_config(precision=precision)
    model = {"@architectures": "spacy-rnn.Parser.v1", "tok2vec": tok2vec, "precision": precision}
    return {"model": {**model, "arc_width": 12, "label_width": 8}, **settings}


def parser_nlp(lang: str = "xx", **settings: Any) -> Language:
    """A blank pipeline with an untrained `rnn_parser`."""
    nlp = spacy.blank(lang)
    nlp.add_pipe("rnn_parser", config=parser_config(**settings))
    return nlp


def tree_doc(nlp: Language, tree: Tree, *, spaces: Optional[List[bool]] = None) -> Doc:
    words, heads, deps = tree
    return Doc(nlp.vocab, words=words.split(), heads=heads, deps=deps, spaces=spaces)


def bare_doc(nlp: Language, words: str, starts: Optional[Sequence[Optional[bool]]] = None) -> Doc:
    """A document without a tree. starts: whether a sentence starts at each token."""
    return Doc(nlp.vocab, words=words.split(), sent_starts=None if starts is None else list(starts))


def tree_examples(nlp: Language, trees: Iterable[Tree] = TREES) -> List[Example]:
    golds = [tree_doc(nlp, tree) for tree in trees]
    return [Example(Doc(nlp.vocab, words=[token.text for token in gold]), gold) for gold in golds]


def joined(trees: Sequence[Tree]) -> Tree:
    """Several sentences as one document."""
    words: List[str] = []
    heads: List[int] = []
    deps: List[str] = []
    for own_words, own_heads, own_deps in trees:
        heads += [len(words) + head for head in own_heads]
        words += own_words.split()
        deps += own_deps
    return " ".join(words), heads, deps


def trained_parser(steps: int = 40, trees: Iterable[Tree] = TREES, **settings: Any) -> Language:
    """A pipeline that has learned some trees by heart."""
    nlp = parser_nlp(**settings)
    train(nlp, tree_examples(nlp, trees), steps, rate=0.02)
    return nlp


def rows_of(doc: Doc) -> List[Row]:
    return [(token.text, token.head.i, token.dep_) for token in doc]


def gold_rows(tree: Tree) -> List[Row]:
    words, heads, deps = tree
    return list(zip(words.split(), heads, deps))


def parse(nlp: Language, docs: Iterable[Doc], **kwargs: Any) -> List[List[Row]]:
    return [rows_of(doc) for doc in nlp.pipe(docs, **kwargs)]


def assert_well_formed(doc: Doc) -> None:
    """Each sentence has one root, and from every token its heads lead there."""
    for sentence in doc.sents:
        roots = [token for token in sentence if token.head.i == token.i]
        assert len(roots) == 1
        for token in sentence:
            assert token.dep_ and sentence.start <= token.head.i < sentence.end
            for _ in range(len(sentence)):
                token = token.head
            assert token.i == roots[0].i
