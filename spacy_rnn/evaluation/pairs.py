"""Score an `rnn_transducer` on pairs of texts."""

from pathlib import Path
from typing import Optional

from spacy.language import Language

from ..data.text_pairs import build_transducer_corpus_v1
from .result import Evaluation, check_scored, run


def evaluate_pairs(
    nlp: Language, path: Path, target_path: Optional[Path] = None, *, lowercase: bool = False
) -> Evaluation:
    """Score a pipeline on pairs of texts, read as `build_transducer_corpus_v1` reads them.

    Raises CorpusError for a file that cannot be read, or a pipeline without an `rnn_transducer`."""
    examples = list(build_transducer_corpus_v1(path, target_path, lowercase=lowercase)(nlp))
    found, n_words, speed = run(nlp, examples)
    names = [name for name in found if name.startswith("transduced_")]
    scores = {name: float(found[name]) for name in names if found[name] is not None}
    check_scored(nlp, scores, path)
    n = len(examples)
    return Evaluation(scores, {"texts": n, "texts_per_second": n * speed / max(1, n_words)})
