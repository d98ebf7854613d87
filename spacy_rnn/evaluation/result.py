"""What all evaluations return, and what they have in common."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Dict, List, Tuple

from spacy.language import Language
from spacy.training import Example

from ..data.spacy_files import Reader, vouched
from ..errors import CorpusError, Errors

# The scorers' keys and what the field calls them. The micro F-score of exactly one category is the accuracy.
NAMES = {
    "pos_acc": "UPOS",
    "tag_acc": "XPOS",
    "morph_acc": "FEATS",
    "lemma_acc": "lemmas",
    "sents_f": "sents",
    "dep_uas": "UAS",
    "dep_las": "LAS",
    "ents_f": "entities F",
    "cats_micro_f": "micro F",
    "cats_macro_f": "macro F",
    "cats_macro_auc": "macro AUC",
    "cats_ece": "calibration error",
}


@dataclass
class Evaluation:
    """Scores of a pipeline on the documents of a file, and its speed.

    scores: by the scorer's key; from 0 to 1, except for errors and correlations of numbers.
    amounts: how much was scored and how fast, such as {"words": 100, "words_per_second": 2500.0}.
    by_label: the F-score of each category, and the number of documents that are known to be in it.
    """

    scores: Dict[str, float]
    amounts: Dict[str, float]
    by_label: Dict[str, Tuple[float, int]] = field(default_factory=dict)

    def to_json(self) -> Dict[str, Any]:
        """Plain data to be written to a file."""
        speeds = {name: round(value, 1 if value < 100 else None) for name, value in self.amounts.items()}
        f_scores = {label: f_score for label, (f_score, _) in self.by_label.items()}
        return {**self.scores, **({"cats_f": f_scores} if f_scores else {}), **speeds}


def read_examples(nlp: Language, read: Reader, path: Path, missing: str = Errors.D021) -> List[Example]:
    """All examples of a file. Raises CorpusError if it is missing (with that message), damaged or empty."""
    if not path.is_file():
        raise CorpusError(missing.format(path=path))
    examples = list(vouched(read(nlp), path))
    if not examples:
        raise CorpusError(Errors.D024.format(path=path))
    return examples


def run(nlp: Language, examples: List[Example]) -> Tuple[Dict[str, Any], int, float]:
    """Annotate and score. Returns all scores, the number of words, and words per second."""
    found = nlp.evaluate(examples)
    return found, sum(len(example.predicted) for example in examples), float(found["speed"])


def check_scored(nlp: Language, scores: Dict[str, float], path: Path) -> None:
    """Raise CorpusError if a pipeline has no component that scores what the file holds."""
    if not scores:
        raise CorpusError(Errors.D025.format(path=path, found=", ".join(nlp.pipe_names) or "none"))
