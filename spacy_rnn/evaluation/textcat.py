"""Score a text categorizer on converted texts."""

from collections import Counter
from pathlib import Path
from typing import Optional

from spacy.language import Language
from spacy.training import Corpus

from ..data.noise import Augmenter
from ..errors import Errors
from .result import Evaluation, check_scored, read_examples, run

SCORES = ("cats_micro_f", "cats_macro_f", "cats_macro_auc", "cats_ece")


def evaluate_textcat(nlp: Language, path: Path, augmenter: Optional[Augmenter] = None) -> Evaluation:
    """Score a pipeline on a file made by `convert_textcat`, or on any .spacy file with categories.

    augmenter: changes the texts before, such as one of `spacy_rnn.data.noise.conditions`.
    Raises CorpusError if the file is missing or damaged, or the pipeline has no text categorizer."""
    examples = read_examples(nlp, Corpus(path, augmenter=augmenter), path, missing=Errors.D110)
    found, _, speed = run(nlp, examples)
    is_known = any(example.reference.cats for example in examples)
    scores = {key: float(found[key]) for key in SCORES if is_known and found.get(key) is not None}
    check_scored(nlp, scores, path)
    counts = Counter(name for example in examples for name, value in example.reference.cats.items() if value)
    by_label = {name: (float(own["f"]), counts[name]) for name, own in found["cats_f_per_type"].items()}
    return Evaluation(scores, {"texts": len(examples), "words_per_second": speed}, by_label)
