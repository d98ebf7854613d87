"""Score a pipeline with an `rnn_transducer` on pairs of texts."""

import time
from pathlib import Path
from typing import Dict, Optional

from spacy.language import Language

from ..data.text_pairs import build_transducer_corpus_v1


def evaluate_pairs(
    nlp: Language, path: Path, target_path: Optional[Path] = None, *, lowercase: bool = False
) -> Dict[str, float]:
    """Score a pipeline on pairs of texts, read as `build_transducer_corpus_v1` reads them.

    Returns the scores that begin with "transduced_", the number of "texts" and "texts_per_second".
    Raises CorpusError for a file that cannot be read.
    """
    examples = list(build_transducer_corpus_v1(path, target_path, lowercase=lowercase)(nlp))
    start = time.perf_counter()
    found = nlp.evaluate(examples)
    seconds = time.perf_counter() - start
    scores = {name: value for name, value in found.items() if name.startswith("transduced_")}
    return {**scores, "texts": len(examples), "texts_per_second": round(len(examples) / seconds, 1)}
