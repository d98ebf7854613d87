"""Tiny corpora of entities, and recognizers that learn them by heart."""

from typing import Any, Dict, Iterable, List, Optional, Sequence, Tuple

import spacy
from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example

from ...helpers import encoder_config, train

Entity = Tuple[int, int, str]
"""First token, one past the last token, label."""

Sentence = Tuple[str, List[Entity]]

SENTENCES: List[Sentence] = [
    ("She met Ada Lovelace in London .", [(2, 4, "PER"), (5, 6, "LOC")]),
    ("New York City sleeps", [(0, 3, "LOC")]),
    ("Ada Babbage London", [(0, 1, "PER"), (1, 2, "PER"), (2, 3, "LOC")]),
    ("Nobody came .", []),
]


def ner_config(**settings: Any) -> Dict[str, Any]:
    """The config of an `rnn_ner` with a tiny encoder. Settings of the model: `tok2vec`, `precision`, `dropout`."""
    precision = settings.pop("precision", "fp32")
    tok2vec = settings.pop("tok2vec", None) or encoder_config(precision=precision)
    model = {"@architectures": "spacy-rnn.NER.v1", "tok2vec": tok2vec, "precision": precision}
    return {"model": {**model, "dropout": settings.pop("dropout", None)}, **settings}


def ner_nlp(lang: str = "xx", **settings: Any) -> Language:
    """A blank pipeline with an untrained `rnn_ner`."""
    nlp = spacy.blank(lang)
    nlp.add_pipe("rnn_ner", config=ner_config(**settings))
    return nlp


def ent_doc(nlp: Language, sentence: Sentence, **kwargs: Any) -> Doc:
    words, ents = sentence
    doc = Doc(nlp.vocab, words=words.split(), **kwargs)
    doc.set_ents([spacy.tokens.Span(doc, *ent) for ent in ents])
    return doc


def bare_doc(nlp: Language, words: str, starts: Optional[Sequence[Optional[bool]]] = None) -> Doc:
    """A document without entities. starts: whether a sentence starts at each token."""
    return Doc(nlp.vocab, words=words.split(), sent_starts=None if starts is None else list(starts))


def ent_examples(nlp: Language, sentences: Iterable[Sentence] = SENTENCES) -> List[Example]:
    return [Example(bare_doc(nlp, sentence[0]), ent_doc(nlp, sentence)) for sentence in sentences]


def trained_ner(steps: int = 40, sentences: Iterable[Sentence] = SENTENCES, **settings: Any) -> Language:
    """A pipeline that has learned some entities by heart."""
    nlp = ner_nlp(**settings)
    train(nlp, ent_examples(nlp, sentences), steps, rate=0.02)
    return nlp


def ents_of(doc: Doc) -> List[Entity]:
    return [(ent.start, ent.end, ent.label_) for ent in doc.ents]


def recognize(nlp: Language, docs: Iterable[Doc], **kwargs: Any) -> List[List[Entity]]:
    return [ents_of(doc) for doc in nlp.pipe(docs, **kwargs)]
