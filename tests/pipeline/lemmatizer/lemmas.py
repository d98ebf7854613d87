"""Words with lemmas, and a small lemmatizer that knows them."""

from typing import Any, List, Sequence, Tuple

import spacy
from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example
from thinc.api import fix_random_seed

from spacy_rnn.pipeline.lemmatizer.component import RNNLemmatizer

from ...helpers import train

STEMS = ["walk", "talk", "jump", "look", "play", "work", "call", "pull", "help", "turn", "kick", "lift", "rain", "snow"]
NAMES = ["Paris", "Lyon", "Nice", "Brest"]

# (word, UPOS, lemma); a noun in -s and a verb in -ed lose their ending, names keep everything.
Word = Tuple[str, str, str]


def sentence(stem: str, name: str) -> List[Word]:
    verb = stem + "ed"
    return [
        ("The", "DET", "the"),
        (stem + "s", "NOUN", stem),
        (verb, "VERB", stem),
        (verb, "ADJ", verb),
        ("in", "ADP", "in"),
        (name, "PROPN", name),
    ]


SENTENCES = [sentence(stem, NAMES[i % len(NAMES)]) for i, stem in enumerate(STEMS)]


def tagged_doc(nlp: Language, words: Sequence[Tuple[str, str]]) -> Doc:
    return Doc(nlp.vocab, words=[form for form, _ in words], pos=[pos for _, pos in words])


def lemma_examples(nlp: Language, sentences: Sequence[Sequence[Word]] = SENTENCES) -> List[Example]:
    """Gold documents beside documents with the same words and tags."""
    examples = []
    for words in sentences:
        predicted = tagged_doc(nlp, [(form, pos) for form, pos, _ in words])
        gold = predicted.copy()
        for token, (_, _, lemma) in zip(gold, words):
            token.lemma_ = lemma
        examples.append(Example(predicted, gold))
    return examples


def lemmatizer_nlp(lang: str = "en", **settings: Any) -> Language:
    """A blank pipeline with an untrained lemmatizer with a tiny network."""
    network = {"@architectures": "spacy-rnn.Lemmatizer.v1", "width": 16, "hidden": 32, "precision": "fp32"}
    nlp = spacy.blank(lang)
    nlp.add_pipe("rnn_lemmatizer", config={"model": {**network, **settings.pop("model", {})}, **settings})
    return nlp


def lemmatizer(nlp: Language) -> RNNLemmatizer:
    pipe = nlp.get_pipe("rnn_lemmatizer")
    assert isinstance(pipe, RNNLemmatizer)
    return pipe


def trained_lemmatizer(steps: int = 60, **settings: Any) -> Language:
    fix_random_seed(0)
    nlp = lemmatizer_nlp(**settings)
    train(nlp, lemma_examples(nlp), steps, rate=0.01)
    return nlp


def lemmas(nlp: Language, words: Sequence[Tuple[str, str]]) -> List[str]:
    return [token.lemma_ for token in nlp(tagged_doc(nlp, words))]
