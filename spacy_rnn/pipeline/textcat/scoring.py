"""Scores of a text categorizer: spaCy's own, and the calibration error."""

from typing import Any, Callable, Dict, Iterable, Sequence

from spacy.scorer import Scorer
from spacy.training import Example

from ..calibration import calibration_error


def score_textcat(examples: Iterable[Example], *, labels: Sequence[str] = (), **kwargs: Any) -> Dict[str, Any]:
    """spaCy's scores for exactly one category, and "cats_ece", the expected calibration error of the predicted
    category. Examples with an unknown category do not count."""
    known = [example for example in examples if any(example.reference.cats.get(label) for label in labels)]
    predictions = []
    for example in known:
        predicted = [(value, label) for label, value in example.predicted.cats.items() if label in labels]
        if predicted:
            confidence, best = max(predicted, key=lambda pair: pair[0])
            predictions.append((confidence, bool(example.reference.cats.get(best))))
    scores = Scorer.score_cats(known, "cats", labels=labels, multi_label=False, **kwargs)
    return {**scores, "cats_ece": calibration_error(predictions)}


def score_textcat_multilabel(
    examples: Iterable[Example], *, labels: Sequence[str] = (), **kwargs: Any
) -> Dict[str, Any]:
    """spaCy's scores for any number of categories, and "cats_ece", the expected calibration error of the probabilities
    of all categories whose truth is known."""
    examples = list(examples)
    cats = [(example.predicted.cats, example.reference.cats) for example in examples]
    both = [(own, gold, label) for own, gold in cats for label in labels if label in own and label in gold]
    scores = Scorer.score_cats(examples, "cats", labels=labels, multi_label=True, **kwargs)
    return {**scores, "cats_ece": calibration_error([(own[label], bool(gold[label])) for own, gold, label in both])}


def make_textcat_scorer() -> Callable:
    """Registered as "spacy-rnn.textcat_scorer.v1"."""
    return score_textcat


def make_textcat_multilabel_scorer() -> Callable:
    """Registered as "spacy-rnn.textcat_multilabel_scorer.v1"."""
    return score_textcat_multilabel
