"""Score a text categorizer on converted texts."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict

from spacy.language import Language
from spacy.training import Corpus

from ..errors import CorpusError, Errors

# The scorer's keys and what they are called. The micro F-score of exactly one category is the accuracy.
NAMES = {
    "cats_micro_f": "micro F",
    "cats_macro_f": "macro F",
    "cats_macro_auc": "macro AUC",
    "cats_ece": "calibration error",
}


@dataclass
class TextCatEvaluation:
    """Scores from 0 to 1, by the scorer's key."""

    scores: Dict[str, float]
    f_by_label: Dict[str, float]
    texts_by_label: Dict[str, int]  # known to be in the category
    texts: int
    words_per_second: float


def evaluate_textcat(nlp: Language, path: Path) -> TextCatEvaluation:
    """Score a pipeline on a file made by `convert_textcat`, or any .spacy file with categories."""
    if not path.is_file():
        raise CorpusError(Errors.D110.format(path=path))
    examples = list(Corpus(path)(nlp))
    found = nlp.evaluate(examples)
    by_label = {name: float(scores["f"]) for name, scores in found["cats_f_per_type"].items()}
    counts = Counter(name for example in examples for name, value in example.reference.cats.items() if value)
    return TextCatEvaluation(
        scores={key: float(found[key]) for key in NAMES if found.get(key) is not None},
        f_by_label=by_label,
        texts_by_label={name: counts[name] for name in by_label},
        texts=len(examples),
        words_per_second=float(found["speed"]),
    )


def textcat_json(found: TextCatEvaluation) -> Dict[str, Any]:
    """The evaluation as plain data, to be written to a file."""
    speed = round(found.words_per_second)
    return {**found.scores, "cats_f": found.f_by_label, "texts": found.texts, "words_per_second": speed}
