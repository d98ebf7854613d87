"""Text categorizers with tiny encoders, and texts for them to learn by heart."""

import copy
from typing import Any, Dict, List, Optional, Sequence

import spacy
from spacy.language import Language
from spacy.training import Example

from ..helpers import encoder_config

# A bag of words sees no difference between the first two.
TEXTS = ["not good , bad", "not bad , good", "very good indeed", "bad"]
POLARITY = ["negative", "positive", "positive", "negative"]
CATS: List[Dict[str, float]] = [
    {"negative": float(p == "negative"), "positive": float(p == "positive")} for p in POLARITY
]

NAMES = {True: "rnn_textcat", False: "rnn_textcat_multilabel"}


def textcat_nlp(
    exclusive: bool = True, *, lang: str = "xx", model: Optional[Dict[str, Any]] = None, **settings: Any
) -> Language:
    """A blank pipeline with an untrained categorizer. model: settings of spacy-rnn.TextCat.v1."""
    nlp = spacy.blank(lang)
    nlp.add_pipe(NAMES[exclusive], config=textcat_config(exclusive, model=model, **settings))
    return nlp


def textcat_config(
    exclusive: bool = True, *, model: Optional[Dict[str, Any]] = None, **settings: Any
) -> Dict[str, Any]:
    default = {
        "@architectures": "spacy-rnn.TextCat.v1",
        "exclusive_classes": exclusive,
        "pooling": ["attention", "last"],
        "precision": "fp32",
        "tok2vec": encoder_config(),
    }
    return {"model": {**default, **copy.deepcopy(model or {})}, **settings}


def make_texts(nlp: Language, texts: Sequence[str] = TEXTS, cats: Sequence[Dict[str, float]] = CATS) -> List[Example]:
    return [Example.from_dict(nlp.make_doc(text), {"cats": own}) for text, own in zip(texts, cats)]


def train_texts(
    nlp: Language, steps: int = 40, *, examples: Optional[List[Example]] = None, **kwargs: Any
) -> List[float]:
    """Initialize and train. Returns the sum of all losses of each step."""
    examples = make_texts(nlp) if examples is None else examples
    optimizer = nlp.initialize(lambda: examples)
    optimizer.learn_rate = 0.02
    history = []
    for _ in range(steps):
        losses: Dict[str, float] = {}
        nlp.update(examples, sgd=optimizer, losses=losses, **kwargs)
        history.append(sum(losses.values()))
    return history


def trained_textcat(exclusive: bool = True, steps: int = 40, **settings: Any) -> Language:
    """A pipeline that knows `TEXTS` by heart."""
    nlp = textcat_nlp(exclusive, **settings)
    train_texts(nlp, steps)
    return nlp


def read_cats(nlp: Language, texts: Sequence[str] = TEXTS, **kwargs: Any) -> List[Dict[str, float]]:
    return [doc.cats for doc in nlp.pipe(texts, **kwargs)]


def best(nlp: Language, texts: Sequence[str] = TEXTS) -> List[str]:
    return [max(cats, key=lambda label: cats[label]) for cats in read_cats(nlp, texts)]
