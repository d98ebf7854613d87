"""Compare two trained pipelines on one converted treebank: accuracy on gold words, words/s in
prediction and words/s in training, both sides in one run."""

import statistics
import time
from pathlib import Path
from typing import Callable, Dict, Iterator, List, Tuple

import spacy
import srsly
import torch
import typer
from rich.console import Console
from rich.table import Table
from spacy import util
from spacy.language import Language
from spacy.tokens import Doc, DocBin
from spacy.training import Corpus, Example

from spacy_rnn.shim import touch_all

SCORES = {"pos_acc": "UPOS", "tag_acc": "XPOS", "morph_acc": "FEATS"}


# The words after which spaCy's default batches have grown to their full size.
GROWING_WORDS = 1_000_000


def accuracy(nlp: Language, path: Path) -> Dict[str, float]:
    """Scores on words as annotated, in percent."""
    scores = nlp.evaluate(list(Corpus(path, gold_preproc=True)(nlp)))
    return {name: 100 * scores[key] for key, name in SCORES.items() if scores.get(key) is not None}


def read_words(path: Path) -> List[List[str]]:
    vocab = spacy.blank("xx").vocab
    return [[token.text for token in doc] for doc in DocBin().from_disk(path).get_docs(vocab)]


def predict(nlp: Language, sentences: List[List[str]]) -> float:
    """Words/s of `nlp.pipe` over documents that are tokenized already."""
    docs = [Doc(nlp.vocab, words=words) for words in sentences]
    start = time.perf_counter()
    for _ in nlp.pipe(docs):
        pass
    return sum(map(len, docs)) / (time.perf_counter() - start)


def forget(nlp: Language) -> None:
    """Empty the caches of word vectors."""
    for _, pipe in nlp.pipeline:
        touch_all(pipe.model)  # type: ignore[attr-defined]


def trainer(config_path: Path, train: Path) -> Tuple[Language, Callable[[int], float]]:
    """A fresh pipeline, and a function that trains it for so many steps and returns words/s."""
    overrides = {"paths.train": str(train), "paths.dev": str(train)}
    config = util.load_config(config_path, overrides=overrides, interpolate=True)
    nlp = util.load_model_from_config(config, auto_fill=True)
    settings = util.registry.resolve(config["training"], schema=spacy.schemas.ConfigSchemaTraining)
    corpus = Corpus(train, gold_preproc=True)
    util.fix_random_seed(settings["seed"])
    optimizer = nlp.initialize(lambda: corpus(nlp))

    def batches() -> Iterator[List[Example]]:
        while True:
            yield from settings["batcher"](corpus(nlp))

    stream = batches()
    # Measure what most steps are like.
    words = 0
    while words < GROWING_WORDS:
        words += sum(len(example.x) for example in next(stream))

    def run(steps: int) -> float:
        taken = [next(stream) for _ in range(steps)]
        start = time.perf_counter()
        for batch in taken:
            nlp.update(batch, sgd=optimizer, drop=settings["dropout"])
            optimizer.step_schedules()
        return sum(len(example.x) for batch in taken for example in batch) / (time.perf_counter() - start)

    return nlp, run


def main(
    corpus_dir: Path = typer.Argument(..., help="Converted treebank"),
    ours: Path = typer.Argument(..., help="Trained pipeline of ours"),
    ours_config: Path = typer.Argument(..., help="The config it was trained with"),
    peer: Path = typer.Argument(..., help="Trained pipeline of the peer"),
    peer_config: Path = typer.Argument(..., help="The config it was trained with"),
    output: Path = typer.Option(None, help="JSON file for the figures"),
    repeats: int = typer.Option(5, help="Timed runs of each side, alternating"),
    threads: int = typer.Option(1, help="Threads that torch may use; set OMP_NUM_THREADS for the rest"),
) -> None:
    torch.set_num_threads(threads)
    sides = {"spacy-rnn": (ours, ours_config), "spaCy CNN": (peer, peer_config)}
    pipelines = {name: spacy.load(model) for name, (model, _) in sides.items()}
    results: Dict[str, Dict[str, float]] = {
        name: accuracy(nlp, corpus_dir / "test-words.spacy") for name, nlp in pipelines.items()
    }
    sentences = read_words(corpus_dir / "train-words.spacy")
    timings: Dict[str, Dict[str, List[float]]] = {name: {"cold": [], "warm": [], "train": []} for name in sides}
    for _ in range(repeats):
        for name, nlp in pipelines.items():
            forget(nlp)
            timings[name]["cold"].append(predict(nlp, sentences))
            timings[name]["warm"].append(predict(nlp, sentences))
    trainers = {name: trainer(config, corpus_dir / "train-words.spacy")[1] for name, (_, config) in sides.items()}
    for repeat in range(repeats + 1):
        for name, run in trainers.items():
            speed = run(20)
            if repeat:
                timings[name]["train"].append(speed)
    for name, kinds in timings.items():
        results[name].update({f"{kind} words/s": statistics.median(speeds) for kind, speeds in kinds.items()})
    table = Table(title=f"{corpus_dir.name}, test, gold words; {threads} thread(s); medians of {repeats}")
    table.add_column("")
    columns = list(results["spacy-rnn"])
    for column in columns:
        table.add_column(column, justify="right")
    for name, figures in results.items():
        table.add_row(
            name, *(f"{figures[c]:,.2f}" if "/" not in c else f"{figures[c]:,.0f}" for c in columns if c in figures)
        )
    ratios = {c: results["spacy-rnn"][c] / results["spaCy CNN"][c] for c in columns if "/" in c}
    table.add_row("ratio", *(f"{ratios[c]:.2f}x" if c in ratios else "" for c in columns))
    Console().print(table)
    if output is not None:
        srsly.write_json(output, {"results": results, "ratios": ratios, "threads": threads, "timings": timings})


if __name__ == "__main__":
    typer.run(main)
