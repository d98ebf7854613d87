"""Timed training of a fresh pipeline, as `spacy train` does it."""

import time
from pathlib import Path
from typing import Callable, Iterator, List

import spacy
from spacy import util
from spacy.training import Corpus, Example

# The words after which spaCy's default batches have grown to their full size.
GROWING_WORDS = 1_000_000


def timed_training(
    config_path: Path,
    train: Path,
    *,
    gold_words: bool = False,
    growing_words: int = 0,
) -> Callable[[int], float]:
    """A function that trains a fresh pipeline for so many more steps and returns words/s.

    config_path: a training config. train: a .spacy file.
    gold_words: keep the tokens of the file.
    growing_words: skip batches of so many words first, where batches grow: measured is what most steps are like.
    """
    paths = {"paths.train": str(train), "paths.dev": str(train)}
    config = util.load_config(config_path, overrides=paths, interpolate=False)
    config["training"]["before_to_disk"] = None  # nothing is saved
    config = config.interpolate()
    nlp = util.load_model_from_config(config, auto_fill=True)
    settings = util.registry.resolve(config["training"], schema=spacy.schemas.ConfigSchemaTraining)
    corpus = Corpus(train, gold_preproc=gold_words, shuffle=True)
    util.fix_random_seed(settings["seed"])
    optimizer = nlp.initialize(lambda: corpus(nlp))

    def batches() -> Iterator[List[Example]]:
        while True:
            yield from settings["batcher"](corpus(nlp))

    stream, skipped = batches(), 0
    while skipped < growing_words:
        skipped += n_words(next(stream))

    def run(steps: int) -> float:
        taken = [next(stream) for _ in range(steps)]
        start = time.perf_counter()
        for batch in taken:
            nlp.update(batch, sgd=optimizer, drop=settings["dropout"])
            optimizer.step_schedules()
        return sum(map(n_words, taken)) / (time.perf_counter() - start)

    return run


def n_words(batch: List[Example]) -> int:
    return sum(len(example.x) for example in batch)
