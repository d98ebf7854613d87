"""Tiny treebanks with labels, and pipelines that learn them."""

from typing import Any, Dict, List, Optional, Sequence, Tuple

import numpy as np
import spacy
from spacy.language import Language
from spacy.tokens import Doc, Span
from spacy.training import Example

from spacy_rnn.data.gold_parse import with_gold_parse

from .helpers import encoder_config

Phrase = Tuple[int, int, str]

# Words, heads, and labelled phrases, the whole sentence last. The negation reverses what it governs.
REVIEWS: List[Tuple[str, List[int], List[Phrase]]] = [
    ("a good film", [2, 2, 2], [(0, 1, "mid"), (1, 2, "high"), (0, 3, "high")]),
    ("a bad film", [2, 2, 2], [(0, 1, "mid"), (1, 2, "low"), (0, 3, "low")]),
    ("a film", [1, 1], [(0, 1, "mid"), (0, 2, "mid")]),
    ("not good", [1, 1], [(0, 1, "mid"), (0, 2, "low")]),
    ("not bad", [1, 1], [(0, 1, "mid"), (0, 2, "high")]),
    ("good", [0], [(0, 1, "high")]),
]
LABELS = ["high", "low", "mid"]


def tree_doc(nlp: Language, words: str, heads: Sequence[int]) -> Doc:
    """A parsed document; a token whose head is itself is a root."""
    deps = ["ROOT" if head == i else f"dep{i % 3}" for i, head in enumerate(heads)]
    return Doc(nlp.vocab, words=words.split(), heads=list(heads), deps=deps)


def review(nlp: Language, words: str, heads: Sequence[int], phrases: Sequence[Phrase], cats: bool = True) -> Example:
    """A parsed example with labelled phrases, and with the last one's label as its category."""
    doc = tree_doc(nlp, words, heads)
    doc.spans["tree"] = [Span(doc, start, end, label=label) for start, end, label in phrases]
    if cats and phrases:
        doc.cats = {label: float(label == phrases[-1][2]) for label in LABELS}
    return with_gold_parse(doc)


def reviews(nlp: Language, cats: bool = True) -> List[Example]:
    return [review(nlp, *row, cats=cats) for row in REVIEWS]


def tree_encoder_config(width: int = 16, precision: str = "fp32", **settings: Any) -> Dict[str, Any]:
    """The config block of a tiny recursive encoder."""
    return {
        "@architectures": "spacy-rnn.TreeEncoder.v1",
        "embed": encoder_config(precision=precision)["embed"],
        "width": width,
        "precision": precision,
        **settings,
    }


def tree_config(pooling: str = "mean", component: Optional[Dict[str, Any]] = None, **encoder: Any) -> Dict[str, Any]:
    """The config of a `tree_rnn` with a tiny encoder."""
    tok2vec = tree_encoder_config(**encoder)
    precision = tok2vec["precision"]
    model = {"@architectures": "spacy-rnn.TreeRNN.v1", "tok2vec": tok2vec, "pooling": pooling, "precision": precision}
    return {"model": model, **(component or {})}


def tree_nlp(pooling: str = "mean", component: Optional[Dict[str, Any]] = None, **encoder: Any) -> Language:
    """A blank pipeline with an untrained `tree_rnn`."""
    nlp = spacy.blank("xx")
    nlp.add_pipe("tree_rnn", config=tree_config(pooling, component, **encoder))
    return nlp


def trained_tree(steps: int = 40, **settings: Any) -> Language:
    """A pipeline that knows `REVIEWS` by heart."""
    from .helpers import train

    nlp = tree_nlp(**settings)
    train(nlp, reviews(nlp), steps, rate=0.02)
    return nlp


def annotate(nlp: Language, docs: Sequence[Doc], **kwargs: Any) -> List[Doc]:
    return list(nlp.pipe([doc.copy() for doc in docs], **kwargs))


def parsed_reviews(nlp: Language) -> List[Doc]:
    return [tree_doc(nlp, words, heads) for words, heads, _ in REVIEWS]


def cats_of(docs: Sequence[Doc]) -> np.ndarray:
    """(n_docs, n_labels), the labels by name."""
    return np.array([[doc.cats[label] for label in sorted(doc.cats)] for doc in docs])


def parser_pipeline() -> Language:
    """A pipeline with a parser of spaCy's that has seen the reviews."""
    nlp = spacy.blank("en")
    nlp.add_pipe("parser", config={"min_action_freq": 1})
    golds = [example.reference for example in reviews(nlp)]
    examples = [Example(Doc(nlp.vocab, words=[token.text for token in gold]), gold) for gold in golds]
    optimizer = nlp.initialize(lambda: examples)
    for _ in range(10):
        nlp.update(examples, sgd=optimizer)
    return nlp
