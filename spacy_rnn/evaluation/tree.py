"""Score a `tree_rnn` on documents and phrases of a file of parsed documents."""

from pathlib import Path

from spacy.language import Language

from ..data.gold_parse import build_gold_parse_corpus_v1
from .result import Evaluation, check_scored, read_examples, run


def evaluate_trees(nlp: Language, path: Path) -> Evaluation:
    """Score a pipeline on a file of parsed documents, with the parses of the file unless the pipeline has a parser.
    Raises CorpusError if the file is missing or damaged, or the pipeline has no `tree_rnn`."""
    examples = read_examples(nlp, build_gold_parse_corpus_v1(path), path)
    found, n_words, speed = run(nlp, examples)
    names = [name for name in found if name.startswith("tree_") or name == "cats_score"]
    scores = {name: float(found[name]) for name in names if found[name] is not None}
    check_scored(nlp, scores, path)
    n = len(examples)
    return Evaluation(scores, {"docs": n, "docs_per_second": n * speed / max(1, n_words)})
