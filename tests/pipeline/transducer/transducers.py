"""Pairs of texts, and a small transducer that knows them."""

from typing import Any, List, Tuple

import spacy
from spacy.language import Language
from spacy.training import Example
from thinc.api import fix_random_seed

from spacy_rnn.data.text_pairs import TextPair, make_pair_example
from spacy_rnn.pipeline.transducer.component import RNNTransducer

from ...helpers import train

CHARS = [(word, word.upper()) for word in ("ab", "ba", "abc", "cab", "bca", "aabb", "c", "ccb")]
WORDS = [("a red dog", "ein roter hund"), ("a dog", "ein hund"), ("a red cat, a dog", "eine rote katze, ein hund")]


def transducer_nlp(unit: str = "char", **settings: Any) -> Language:
    """A blank pipeline with an untrained transducer with a tiny network."""
    network = {"@architectures": "spacy-rnn.Transducer.v1", "width": 16, "hidden": 32, "precision": "fp32"}
    nlp = spacy.blank("en")
    model = {**network, "unit": unit, **settings.pop("model", {})}
    nlp.add_pipe("rnn_transducer", config={"model": model, **settings})
    return nlp


def transducer(nlp: Language) -> RNNTransducer:
    pipe = nlp.get_pipe("rnn_transducer")
    assert isinstance(pipe, RNNTransducer)
    return pipe


def pair_examples(nlp: Language, pairs: List[Tuple[str, str]]) -> List[Example]:
    return [make_pair_example(nlp, TextPair(*pair)) for pair in pairs]


def trained_transducer(pairs: List[Tuple[str, str]], unit: str, steps: int = 80, **settings: Any) -> Language:
    fix_random_seed(0)
    nlp = transducer_nlp(unit, **settings)
    train(nlp, pair_examples(nlp, pairs), steps, rate=0.02)
    return nlp
