"""Fair timing of several sides: by turns, on the same texts, in the same state."""

import statistics
import time
from pathlib import Path
from typing import Callable, Dict, Hashable, Iterable, List, Mapping, TypeVar

import spacy
from spacy.language import Language
from spacy.tokens import Doc, DocBin
from thinc.api import Model

from spacy_rnn.shim import mark_all_changed

Key = TypeVar("Key", bound=Hashable)


def by_turns(runs: Mapping[Key, Callable[[], float]], repeats: int, *, warm_up: bool = False) -> Dict[Key, List[float]]:
    """Call all runs in turn, `repeats` times, and return the values of each.

    warm_up: begin with a turn that does not count.
    """
    found: Dict[Key, List[float]] = {key: [] for key in runs}
    for turn in range(repeats + warm_up):
        for key, run in runs.items():
            value = run()
            if turn >= warm_up:
                found[key].append(value)
    return found


def medians(timings: Mapping[Key, List[float]]) -> Dict[Key, float]:
    """The medians of the runs that have values."""
    return {key: statistics.median(values) for key, values in timings.items() if values}


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


def clear_caches(nlp: Language) -> None:
    """Empty the caches that predictions fill."""
    for _, pipe in nlp.pipeline:
        model = getattr(pipe, "model", None)
        if isinstance(model, Model):
            mark_all_changed(model)
