"""Tiny corpora of nested spans, and categorizers that learn them by heart."""

from typing import Any, Dict, Iterable, List, Optional, Sequence, Tuple

import spacy
from spacy.language import Language
from spacy.tokens import Doc, Span
from spacy.training import Example

from ...helpers import encoder_config, train

Row = Tuple[int, int, str]
"""First token, one past the last token, label."""

Sentence = Tuple[str, List[Row]]

SENTENCES: List[Sentence] = [
    ("The Bank of New York City fell", [(0, 6, "ORG"), (3, 5, "LOC"), (3, 6, "GPE"), (3, 6, "LOC")]),
    ("Ada Lovelace 's bank", [(0, 2, "PER"), (0, 4, "ORG")]),
    ("London and Paris met", [(0, 1, "LOC"), (0, 3, "LOC"), (2, 3, "LOC")]),
    ("Nobody came .", []),
]


def spancat_config(**settings: Any) -> Dict[str, Any]:
    """The config of an `rnn_spancat` with a tiny encoder. Settings of the model: `tok2vec`, `precision`, `dropout`."""
    precision = settings.pop("precision", "fp32")
    tok2vec = settings.pop("tok2vec", None) or encoder_config(precision=precision)
    model = {"@architectures": "spacy-rnn.SpanCat.v1", "tok2vec": tok2vec, "precision": precision, "edge_width": 16}
    return {"model": {**model, "dropout": settings.pop("dropout", None)}, **settings}


def spancat_nlp(lang: str = "xx", **settings: Any) -> Language:
    """A blank pipeline with an untrained `rnn_spancat`."""
    nlp = spacy.blank(lang)
    nlp.add_pipe("rnn_spancat", config=spancat_config(**settings))
    return nlp


def bare_doc(nlp: Language, words: str, starts: Optional[Sequence[Optional[bool]]] = None) -> Doc:
    """A document without spans. starts: whether a sentence starts at each token."""
    return Doc(nlp.vocab, words=words.split(), sent_starts=None if starts is None else list(starts))


def span_doc(nlp: Language, sentence: Sentence, key: str = "sc") -> Doc:
    words, rows = sentence
    doc = bare_doc(nlp, words)
    doc.spans[key] = [Span(doc, *row) for row in rows]
    return doc


def span_examples(nlp: Language, sentences: Iterable[Sentence] = SENTENCES, key: str = "sc") -> List[Example]:
    return [Example(bare_doc(nlp, sentence[0]), span_doc(nlp, sentence, key)) for sentence in sentences]


def trained_spancat(steps: int = 60, sentences: Iterable[Sentence] = SENTENCES, **settings: Any) -> Language:
    """A pipeline that has learned some spans by heart."""
    nlp = spancat_nlp(**settings)
    train(nlp, span_examples(nlp, sentences, settings.get("spans_key", "sc")), steps, rate=0.02)
    return nlp


def spans_of(doc: Doc, key: str = "sc") -> List[Row]:
    return [(span.start, span.end, span.label_) for span in doc.spans[key]]


def categorize(nlp: Language, docs: Iterable[Doc], **kwargs: Any) -> List[List[Row]]:
    return [spans_of(doc) for doc in nlp.pipe(docs, **kwargs)]
