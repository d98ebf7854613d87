"""Scores of a text categorizer: spaCy's own, and the calibration error."""

from typing import Any, Callable, Dict, Iterable, Sequence

from spacy.scorer import Scorer
from spacy.training import Example

from .calibration import calibration_error


def score_textcat(examples: Iterable[Example], *, labels: Sequence[str] = (), **kwargs: Any) -> Dict[str, Any]:
    """spaCy's scores for exactly one category, and "cats_ece", the expected calibration error of the predicted
    category. Examples with an unknown category do not count."""
    known = [example for example in examples if any(example.reference.cats.get(label) for label in labels)]
    confidences, hits = [], []
    for example in known:
        predicted = {label: value for label, value in example.predicted.cats.items() if label in labels}
        if predicted:
            best = max(predicted, key=lambda label: predicted[label])
            confidences.append(predicted[best])
            hits.append(bool(example.reference.cats.get(best)))
    scores = Scorer.score_cats(known, "cats", labels=labels, multi_label=False, **kwargs)
    return {**scores, "cats_ece": calibration_error(confidences, hits)}


def score_textcat_multilabel(
    examples: Iterable[Example], *, labels: Sequence[str] = (), **kwargs: Any
) -> Dict[str, Any]:
    """spaCy's scores for any number of categories, and "cats_ece", the expected calibration error of the probabilities
    of all categories whose truth is known."""
    examples = list(examples)
    confidences, hits = [], []
    for example in examples:
        gold, predicted = example.reference.cats, example.predicted.cats
        for label in labels:
            if label in gold and label in predicted:
                confidences.append(predicted[label])
                hits.append(bool(gold[label]))
    scores = Scorer.score_cats(examples, "cats", labels=labels, multi_label=True, **kwargs)
    return {**scores, "cats_ece": calibration_error(confidences, hits)}


def make_textcat_scorer() -> Callable:
    """Registered as "spacy-rnn.textcat_scorer.v1"."""
    return score_textcat


def make_textcat_multilabel_scorer() -> Callable:
    """Registered as "spacy-rnn.textcat_multilabel_scorer.v1"."""
    return score_textcat_multilabel
