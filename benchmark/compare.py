"""Two trained pipelines on one converted treebank: accuracy on gold words, words/s in prediction and in training."""

from functools import partial
from pathlib import Path
from typing import Callable, Dict, Optional, Tuple

import spacy
import torch
import typer
from spacy.language import Language

from spacy_rnn.evaluation.result import NAMES
from spacy_rnn.evaluation.tagger import evaluate_words

from .figures import Results, show, write_json
from .pipelines import cold_and_warm, load_at, read_words, with_vectors
from .training import GROWING_WORDS, timed_training
from .turns import by_turns, medians

OURS, PEER = "spacy-rnn", "spaCy CNN"
TRAINING_STEPS = 20


def compare_command(
    corpus_dir: Path = typer.Argument(..., help="A converted treebank"),
    ours: Path = typer.Argument(..., help="A trained pipeline of ours"),
    ours_config: Path = typer.Argument(..., help="The config it was trained with"),
    peer: Path = typer.Argument(..., help="A trained pipeline of the peer"),
    peer_config: Path = typer.Argument(..., help="The config it was trained with"),
    output: Optional[Path] = typer.Option(None, help="JSON file for the figures"),
    repeats: int = typer.Option(5, min=1, help="Timed runs of each side, by turns"),
    threads: int = typer.Option(1, min=1, help="Threads of torch; OMP_NUM_THREADS sets those of other libraries"),
    precision: str = typer.Option("auto", help="Of ours in prediction: auto, bf16 or fp32"),
) -> None:
    """Compare two trained pipelines on one treebank: accuracy, and speed in prediction and in training."""
    torch.set_num_threads(threads)
    pipelines = {OURS: load_at(ours, precision), PEER: spacy.load(peer)}
    train = corpus_dir / "train-words.spacy"
    results: Results = {name: accuracy(nlp, corpus_dir) for name, nlp in pipelines.items()}
    sentences = read_words(train)
    runs: Dict[Tuple[str, str], Callable[[], float]] = {}
    for name, nlp in pipelines.items():
        runs[name, "cold"], runs[name, "warm"] = cold_and_warm(nlp, sentences)
    timings = by_turns(runs, repeats)
    trainers = {
        (name, "train"): partial(timed_training(config, train, growing_words=GROWING_WORDS), TRAINING_STEPS)
        for name, config in ((OURS, ours_config), (PEER, peer_config))
    }
    timings.update(by_turns(trainers, repeats, warm_up=True))
    for (name, kind), speed in medians(timings).items():
        results[name][f"{kind} words/s"] = speed
    ratios = {name: speed / results[PEER][name] for name, speed in results[OURS].items() if "/s" in name}
    title = f"{corpus_dir.name}, test, gold words{with_vectors(ours, peer)}"
    show(f"{title}; {threads} thread(s); medians of {repeats}", results, ratios)
    named = {" ".join(key): values for key, values in timings.items()}
    write_json(output, {"results": results, "ratios": ratios, "threads": threads, "timings": named})


def accuracy(nlp: Language, corpus_dir: Path) -> Dict[str, float]:
    """The scores of a pipeline on the words and sentences of the test set, in percent."""
    return {NAMES[key]: 100 * score for key, score in evaluate_words(nlp, corpus_dir).scores.items()}
