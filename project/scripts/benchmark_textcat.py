"""Compare trained text categorizers on one converted corpus: test scores, words/s in prediction and in training.
All sides in one run; a table, a JSON file and a picture."""

import random
import statistics
import time
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List

import spacy
import srsly
import torch
import typer
from matplotlib import pyplot
from rich.console import Console
from rich.table import Table
from spacy import util
from spacy.language import Language
from spacy.schemas import ConfigSchemaTraining
from spacy.tokens import Doc, DocBin
from spacy.training import Corpus, Example

from spacy_rnn.shim import touch_all

OURS = "spacy-rnn"
PEER = "spacy-ensemble"
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


def draw(results: Dict[str, Dict[str, float]], title: str, path: Path) -> None:
    """Scores and speeds side by side."""
    figure, (left, middle, right) = pyplot.subplots(1, 3, figsize=(11, 3.2), layout="constrained")
    names = list(results)
    colors = ["#0f766e" if name == OURS else "#a8a29e" for name in names]
    for axis, key in zip((left, middle, right), ("accuracy", *SPEEDS)):
        values = [results[name].get(key, 0.0) for name in names]
        bars = axis.barh(names, values, color=colors)
        axis.bar_label(bars, [f"{value:.1f}" if key == "accuracy" else f"{value:,.0f}" for value in values], padding=3)
        axis.set_title(key)
        axis.invert_yaxis()
        axis.margins(x=0.25)
        axis.spines[["top", "right", "bottom"]].set_visible(False)
        axis.set_xticks([])
        if axis is not left:
            axis.set_yticklabels([])
    figure.suptitle(title)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=120)
    pyplot.close(figure)


def main(
    corpus_dir: Path = typer.Argument(..., help="Converted texts, with train.spacy and test.spacy"),
    models_dir: Path = typer.Argument(..., help="A folder NAME/model-best for each side; 'spacy-rnn' is ours"),
    output: Path = typer.Option(None, help="JSON file for the figures"),
    picture: Path = typer.Option(None, help="PNG file for the figures"),
    repeats: int = typer.Option(3, help="Timed runs of each side, alternating"),
    steps: int = typer.Option(8, help="Training steps of each timed run"),
    words: int = typer.Option(40_000, help="Words of each timed prediction, at most"),
    threads: int = typer.Option(1, help="Threads that torch may use; spaCy's own layers use one"),
) -> None:
    torch.set_num_threads(threads)
    models = {path.parent.name: path for path in sorted(models_dir.glob("*/model-best"))}
    models = dict(sorted(models.items(), key=lambda item: item[0] != OURS))
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
    columns = list(results[next(iter(results))])
    title = f"{corpus_dir.name}, test; {threads} thread(s), medians of {repeats}"
    table = Table(title=title)
    for column in ("", *columns):
        table.add_column(column, justify="right" if column else "left")
    for name, figures in results.items():
        cells = (f"{figures[c]:,.0f}" if c in SPEEDS else f"{figures[c]:.2f}" if c in figures else "-" for c in columns)
        table.add_row(name, *cells)
    ratios: Dict[str, Any] = {}
    if OURS in results and PEER in results:
        ratios = {speed: results[OURS][speed] / results[PEER][speed] for speed in SPEEDS}
        cells = (f"{ratios[c]:.1f}x" if c in ratios else "" for c in columns)
        table.add_row(f"{OURS} / {PEER}", *cells)
    Console().print(table)
    if output is not None:
        output.parent.mkdir(parents=True, exist_ok=True)
        srsly.write_json(output, {"results": results, "ratios": ratios, "threads": threads, "timings": timings})
    if picture is not None:
        draw(results, title, picture)


if __name__ == "__main__":
    typer.run(main)
