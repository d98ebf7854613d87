"""Timed training of a fresh pipeline, as the `train` commands of spaCy and of this package do it."""

import time
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List, Optional, Tuple

import spacy
from spacy import util
from spacy.language import Language
from spacy.training import Example
from spacy.training.loop import create_train_batches
from thinc.api import Optimizer

from spacy_rnn.training.parallel import trained_models
from spacy_rnn.training.update import add_gradients

# The words after which spaCy's default batches have grown to their full size.
GROWING_WORDS = 1_000_000

OUR_TRAINER, SPACY_TRAINER = "spacy_rnn", "spacy"
"""The modules whose `train` commands train pipelines. The same config gives the same weights with both."""

Batch = List[Example]


def start_training(
    config_path: Path, overrides: Dict[str, str], trainer: str, growing_words: int = 0
) -> Tuple[Iterator[Batch], Callable[[Batch], None]]:
    """Initialize a pipeline. Returns its training batches, and a function that learns from one of them.

    config_path: a full training config. overrides: values by dotted names. trainer: the module whose command trains.
    growing_words: skip batches of that many words, where batches grow, to measure what most steps are like.
    """
    config = util.load_config(config_path, overrides=overrides, interpolate=False)
    config["training"]["before_to_disk"] = None  # nothing is saved
    nlp = util.load_model_from_config(config, auto_fill=True)
    resolved = nlp.config.interpolate()
    settings = util.registry.resolve(resolved["training"], schema=spacy.schemas.ConfigSchemaTraining)
    corpus = util.registry.resolve(resolved["corpora"])["train"]
    util.fix_random_seed(settings["seed"])
    optimizer = nlp.initialize(lambda: corpus(nlp))
    batches = (batch for _, batch in create_train_batches(nlp, corpus, settings["batcher"], settings["max_epochs"]))
    skipped = 0
    while skipped < growing_words:
        skipped += n_words(next(batches))
    return batches, lambda batch: learn(nlp, batch, optimizer, settings["dropout"], trainer)


def learn(nlp: Language, batch: Batch, optimizer: Optimizer, dropout: float, trainer: str) -> None:
    """Take one training step."""
    if trainer == SPACY_TRAINER:
        nlp.update(batch, sgd=optimizer, drop=dropout)
    else:
        add_gradients(nlp, batch, drop=dropout, losses={})
        for name, _ in trained_models(nlp, frozen=[]):
            nlp.get_pipe(name).finish_update(optimizer)  # type: ignore[attr-defined]
    optimizer.step_schedules()


def timed_training(
    config_path: Path, train: Path, *, trainer: Optional[str] = None, growing_words: int = 0
) -> Callable[[int], float]:
    """A function that trains a fresh pipeline for a number of steps and returns words/s.

    train: a .spacy file. trainer: see `start_training`; None takes ours for pipelines with our components.
    """
    if trainer is None:
        trainer = trainer_of(util.load_config(config_path))
    paths = {"paths.train": str(train), "paths.dev": str(train)}
    batches, step = start_training(config_path, paths, trainer, growing_words)

    def run(steps: int) -> float:
        taken = [next(batches) for _ in range(steps)]
        start = time.perf_counter()
        for batch in taken:
            step(batch)
        return sum(map(n_words, taken)) / (time.perf_counter() - start)

    return run


def trainer_of(config: Dict[str, Any]) -> str:
    """Our trainer for pipelines with a component of ours, spaCy's for all others."""
    factories = (config["components"][name].get("factory", "") for name in config["nlp"]["pipeline"])
    return OUR_TRAINER if any("rnn" in factory for factory in factories) else SPACY_TRAINER


def n_words(batch: Batch) -> int:
    return sum(len(example.x) for example in batch)
