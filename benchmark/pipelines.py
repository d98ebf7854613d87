"""spaCy pipelines in the same state: their precision, their caches, their scores and their speed."""

import time
from functools import partial
from pathlib import Path
from typing import Any, Callable, Dict, Iterable, List, Tuple

import spacy
import srsly
from spacy.language import Language
from spacy.tokens import Doc, DocBin
from spacy.training import Corpus
from thinc.api import Model

from spacy_rnn.shim import mark_all_changed


def load_at(model: Path, precision: str) -> Language:
    """Load a pipeline with all settings named precision set to "auto", "bf16" or "fp32"."""
    return spacy.load(model, config=dict.fromkeys(precisions(spacy.util.load_config(model / "config.cfg")), precision))


def with_vectors(*models: Path) -> str:
    """What a title says of the word vectors of pipelines, nothing if none has any."""
    found = [srsly.read_json(model / "meta.json")["vectors"] for model in models]
    names = dict.fromkeys(str(vectors["name"]) for vectors in found if vectors["width"])
    return f", vectors {', '.join(names)}" if names else ""


def precisions(config: Dict[str, Any], path: str = "") -> List[str]:
    """The dotted names of all settings named precision."""
    found = []
    for name, value in config.items():
        if isinstance(value, dict):
            found += precisions(value, f"{path}{name}.")
        elif name == "precision":
            found.append(path + name)
    return found


def clear_caches(nlp: Language) -> None:
    """Empty the caches that predictions fill."""
    for _, pipe in nlp.pipeline:
        model = getattr(pipe, "model", None)
        if isinstance(model, Model):
            mark_all_changed(model)


def percentages(nlp: Language, path: Path, names: Dict[str, str], *, gold_words: bool = False) -> Dict[str, float]:
    """Scores on a .spacy file in percent. names: theirs, by spaCy's. gold_words: predict for the gold tokens."""
    scores = nlp.evaluate(list(Corpus(path, gold_preproc=gold_words)(nlp)))
    return {name: 100 * scores[key] for key, name in names.items() if scores.get(key) is not None}


def read_words(path: Path) -> List[List[str]]:
    """The words of each document of a .spacy file."""
    vocab = spacy.blank("xx").vocab
    return [[token.text for token in doc] for doc in DocBin().from_disk(path).get_docs(vocab)]


def words_per_second(nlp: Language, docs: Iterable[Doc]) -> float:
    """The speed of `nlp.pipe` over tokenized documents."""
    docs = list(docs)
    start = time.perf_counter()
    for _ in nlp.pipe(docs):
        pass
    return sum(map(len, docs)) / (time.perf_counter() - start)


def cold_and_warm(nlp: Language, texts: List[List[str]]) -> Tuple[Callable[[], float], Callable[[], float]]:
    """Runs that predict and return words/s, the first with empty caches. texts: the words of each."""

    def predict(cold: bool) -> float:
        if cold:
            clear_caches(nlp)
        return words_per_second(nlp, (Doc(nlp.vocab, words=words) for words in texts))

    return partial(predict, True), partial(predict, False)
