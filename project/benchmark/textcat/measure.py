"""Test scores of trained text categorizers, and their words/s in prediction and in training, in one run."""

import random
import statistics
import time
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List

import spacy
import torch
from spacy import util
from spacy.language import Language
from spacy.schemas import ConfigSchemaTraining
from spacy.tokens import Doc, DocBin
from spacy.training import Corpus, Example

from spacy_rnn.shim import touch_all

from .contestants import OURS, PEER

SCORES = {"cats_micro_f": "accuracy", "cats_macro_f": "macro F", "cats_macro_auc": "macro AUC", "cats_ece": "ECE"}
SPEEDS = ("prediction words/s", "training words/s")


def scores_of(nlp: Language, path: Path) -> Dict[str, float]:
    """In percent."""
    found = nlp.evaluate(list(Corpus(path)(nlp)))
    return {name: 100 * found[key] for key, name in SCORES.items() if found.get(key) is not None}


def read_words(path: Path, most: int) -> List[List[str]]:
    """Texts as words, so many words at most, in a repeatable order."""
    texts = [[token.text for token in doc] for doc in DocBin().from_disk(path).get_docs(spacy.blank("xx").vocab)]
    random.Random(0).shuffle(texts)
    taken, total = [], 0
    for text in texts:
        if total < most:
            taken.append(text)
            total += len(text)
    return taken


def predict(nlp: Language, texts: List[List[str]]) -> float:
    """Words/s of `nlp.pipe` over documents that are tokenized already, with nothing kept from before."""
    forget(nlp)
    docs = [Doc(nlp.vocab, words=words) for words in texts]
    start = time.perf_counter()
    for _ in nlp.pipe(docs):
        pass
    return sum(map(len, docs)) / (time.perf_counter() - start)


def forget(nlp: Language) -> None:
    """Empty the caches of word vectors."""
    for _, pipe in nlp.pipeline:
        touch_all(pipe.model)  # type: ignore[attr-defined]


def trainer(model: Path, train: Path) -> Callable[[int], float]:
    """A fresh pipeline of the same config, and a function that trains it for so many steps and returns words/s."""
    overrides = {"paths.train": str(train), "paths.dev": str(train), "training.before_to_disk": None}
    config = util.load_config(model / "config.cfg", overrides=overrides, interpolate=True)
    nlp = util.load_model_from_config(config, auto_fill=True)
    settings = util.registry.resolve(config["training"], schema=ConfigSchemaTraining)
    examples = list(Corpus(train)(nlp))
    util.fix_random_seed(settings["seed"])
    optimizer = nlp.initialize(lambda: examples)

    def batches() -> Iterator[List[Example]]:
        while True:
            random.Random(0).shuffle(examples)
            yield from settings["batcher"](examples)

    stream = batches()

    def run(steps: int) -> float:
        taken = [next(stream) for _ in range(steps)]
        start = time.perf_counter()
        for batch in taken:
            nlp.update(batch, sgd=optimizer, drop=settings["dropout"])
            optimizer.step_schedules()
        return sum(len(example.x) for batch in taken for example in batch) / (time.perf_counter() - start)

    return run


def measure(
    corpus_dir: Path, models: Dict[str, Path], *, repeats: int, steps: int, words: int, threads: int
) -> Dict[str, Any]:
    """Test scores and speeds of trained pipelines, by name. The timed runs of all sides alternate."""
    torch.set_num_threads(threads)
    pipelines = {name: spacy.load(path) for name, path in models.items()}
    results = {name: scores_of(nlp, corpus_dir / "test.spacy") for name, nlp in pipelines.items()}
    texts = read_words(corpus_dir / "test.spacy", words)
    timings: Dict[str, Dict[str, List[float]]] = {name: {speed: [] for speed in SPEEDS} for name in models}
    trainers = {name: trainer(path, corpus_dir / "train.spacy") for name, path in models.items()}
    for repeat in range(repeats + 1):
        for name, nlp in pipelines.items():
            found = (predict(nlp, texts), trainers[name](steps))
            if repeat:  # the first one warms up
                for speed, value in zip(SPEEDS, found):
                    timings[name][speed].append(value)
    for name, kinds in timings.items():
        results[name].update({speed: statistics.median(values) for speed, values in kinds.items()})
    ratios: Dict[str, float] = {}
    if OURS in results and PEER in results:
        ratios = {speed: results[OURS][speed] / results[PEER][speed] for speed in SPEEDS}
    return {"results": results, "ratios": ratios, "threads": threads, "repeats": repeats, "timings": timings}
