"""Score a `tree_rnn` on documents and phrases of a file of parsed documents."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict

from spacy.language import Language

from ..data.gold_parse import build_gold_parse_corpus_v1
from ..errors import CorpusError, Errors


@dataclass
class TreeEvaluation:
    """Scores from 0 to 1, by the scorer's key."""

    scores: Dict[str, float]
    docs: int
    docs_per_second: float


def evaluate_trees(nlp: Language, path: Path) -> TreeEvaluation:
    """Score a pipeline on a file of parsed documents, with the parses of the file unless the pipeline has a parser."""
    if not path.is_file():
        raise CorpusError(Errors.D021.format(path=path))
    examples = list(build_gold_parse_corpus_v1(path)(nlp))
    found = nlp.evaluate(examples)
    names = [name for name in found if name.startswith("tree_") or name == "cats_score"]
    words = sum(len(example.x) for example in examples)
    speed = len(examples) * float(found["speed"]) / max(1, words)
    return TreeEvaluation({name: float(found[name]) for name in names}, len(examples), speed)


def evaluation_record(found: TreeEvaluation) -> Dict[str, Any]:
    """The evaluation as plain data, to be written to a file."""
    return {**found.scores, "docs": found.docs, "docs_per_second": round(found.docs_per_second)}
