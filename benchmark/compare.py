"""Two trained taggers on one converted treebank: accuracy on gold words, words/s in prediction and in training."""

from functools import partial
from pathlib import Path
from typing import Callable, Dict, Optional, Tuple

import spacy
import srsly
import torch
import typer
from rich.console import Console
from rich.table import Table
from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Corpus

from .precision import load_at
from .training import GROWING_WORDS, timed_training
from .turns import by_turns, forget, medians, read_words, words_per_second

OURS, PEER = "spacy-rnn", "spaCy CNN"
SCORES = {"pos_acc": "UPOS", "tag_acc": "XPOS", "morph_acc": "FEATS"}
TRAINING_STEPS = 20


def accuracy(nlp: Language, path: Path) -> Dict[str, float]:
    """Scores on words as annotated, in percent."""
    scores = nlp.evaluate(list(Corpus(path, gold_preproc=True)(nlp)))
    return {name: 100 * scores[key] for key, name in SCORES.items() if scores.get(key) is not None}


def compare_command(
    corpus_dir: Path = typer.Argument(..., help="Converted treebank"),
    ours: Path = typer.Argument(..., help="Trained pipeline of ours"),
    ours_config: Path = typer.Argument(..., help="The config it was trained with"),
    peer: Path = typer.Argument(..., help="Trained pipeline of the peer"),
    peer_config: Path = typer.Argument(..., help="The config it was trained with"),
    output: Optional[Path] = typer.Option(None, help="JSON file for the figures"),
    repeats: int = typer.Option(5, min=1, help="Timed runs of each side, alternating"),
    threads: int = typer.Option(1, min=1, help="Threads that torch may use; set OMP_NUM_THREADS for the rest"),
    precision: str = typer.Option("auto", help="Of ours in prediction: auto, bf16 or fp32"),
) -> None:
    """Two trained taggers on one treebank: accuracy, and speed in prediction and in training."""
    torch.set_num_threads(threads)
    pipelines = {OURS: load_at(ours, precision), PEER: spacy.load(peer)}
    results = {name: accuracy(nlp, corpus_dir / "test-words.spacy") for name, nlp in pipelines.items()}
    train = corpus_dir / "train-words.spacy"
    sentences = read_words(train)

    def predict(nlp: Language, *, cold: bool) -> float:
        if cold:
            forget(nlp)
        return words_per_second(nlp, (Doc(nlp.vocab, words=words) for words in sentences))

    runs: Dict[Tuple[str, str], Callable[[], float]] = {}
    for name, nlp in pipelines.items():  # warm is what follows cold
        runs[name, "cold"], runs[name, "warm"] = partial(predict, nlp, cold=True), partial(predict, nlp, cold=False)
    timings = by_turns(runs, repeats)
    trainers = {
        (name, "train"): partial(timed_training(config, train, growing_words=GROWING_WORDS), TRAINING_STEPS)
        for name, config in ((OURS, ours_config), (PEER, peer_config))
    }
    timings.update(by_turns(trainers, repeats, warm_up=True))
    for (name, kind), speed in medians(timings).items():
        results[name][f"{kind} words/s"] = speed

    table = Table(title=f"{corpus_dir.name}, test, gold words; {threads} thread(s); medians of {repeats}")
    columns = list(results[OURS])
    for column in ("", *columns):
        table.add_column(column, justify="right" if column else "left")
    for name, figures in results.items():
        table.add_row(name, *(f"{figures[c]:,.0f}" if "/" in c else f"{figures[c]:.2f}" for c in columns))
    ratios = {c: results[OURS][c] / results[PEER][c] for c in columns if "/" in c}
    table.add_row("ratio", *(f"{ratios[c]:.2f}x" if c in ratios else "" for c in columns))
    Console().print(table)
    if output is not None:
        output.parent.mkdir(parents=True, exist_ok=True)
        named = {" ".join(key): values for key, values in timings.items()}
        srsly.write_json(output, {"results": results, "ratios": ratios, "threads": threads, "timings": named})
