"""Test scores of trained text categorizers, and their words/s in prediction and in training."""

import random
from functools import partial
from pathlib import Path
from typing import Any, Callable, Dict, List, Tuple

import spacy
import torch

from ..pipelines import cold_and_warm, percentages, read_words
from ..training import timed_training
from ..turns import by_turns, medians
from .contestants import OURS, PEER

SCORES = {"cats_micro_f": "accuracy", "cats_macro_f": "macro F", "cats_macro_auc": "macro AUC", "cats_ece": "ECE"}
COLD, WARM, TRAINING = SPEEDS = ("prediction words/s", "warm prediction words/s", "training words/s")


def some_of(texts: List[List[str]], most: int) -> List[List[str]]:
    """Texts in a repeatable order, until they have that many words."""
    texts = list(texts)
    random.Random(0).shuffle(texts)
    taken, total = [], 0
    for text in texts:
        if total < most:
            taken.append(text)
            total += len(text)
    return taken


def measure(
    corpus_dir: Path, models: Dict[str, Path], *, repeats: int, steps: int, words: int, threads: int
) -> Dict[str, Any]:
    """Measure test scores and speeds of trained pipelines by name, with the timed runs of all of them by turns."""
    torch.set_num_threads(threads)
    pipelines = {name: spacy.load(path) for name, path in models.items()}
    test = corpus_dir / "test.spacy"
    results = {name: percentages(nlp, test, SCORES) for name, nlp in pipelines.items()}
    texts = some_of(read_words(test), words)
    runs: Dict[Tuple[str, str], Callable[[], float]] = {}
    for name, nlp in pipelines.items():
        train = timed_training(models[name] / "config.cfg", corpus_dir / "train.spacy")
        runs[name, COLD], runs[name, WARM] = cold_and_warm(nlp, texts)
        runs[name, TRAINING] = partial(train, steps)
    timings = by_turns(runs, repeats, warm_up=True)
    for (name, speed), value in medians(timings).items():
        results[name][speed] = value
    ratios: Dict[str, float] = {}
    if OURS in results and PEER in results:
        ratios = {speed: results[OURS][speed] / results[PEER][speed] for speed in SPEEDS}
    named = {" ".join(key): values for key, values in timings.items()}
    return {"results": results, "ratios": ratios, "threads": threads, "repeats": repeats, "timings": named}
