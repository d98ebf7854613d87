"""Compare two trained lemmatizers on one converted treebank: accuracy on gold words with gold and with predicted tags,
and words/s, both sides in one run."""

import statistics
import time
from pathlib import Path
from typing import Any, Callable, Dict, List, Optional, Tuple

import spacy
import srsly
import torch
import typer
from rich.console import Console
from rich.table import Table
from spacy.language import Language
from spacy.tokens import Doc, DocBin
from spacy.training import Corpus

from spacy_rnn.data.evaluate_lemmas import evaluate_lemmas, put_tagger_before
from spacy_rnn.shim import touch_all

OURS, PEER = "spacy-rnn", "spaCy trainable_lemmatizer"
TAGS = ["pos", "tag", "morph"]


def read_docs(path: Path, nlp: Language, *, tagged: bool) -> List[Doc]:
    """Bare documents of a file, with gold tags or without."""
    docs = []
    for gold in DocBin().from_disk(path).get_docs(nlp.vocab):
        doc = Doc(nlp.vocab, words=[token.text for token in gold], spaces=[bool(token.whitespace_) for token in gold])
        if tagged:
            attrs: List[Any] = [name.upper() for name in TAGS]
            values: Any = gold.to_array(attrs)
            doc.from_array(attrs, values)
        docs.append(doc)
    return docs


def speed(nlp: Language, docs: List[Doc]) -> float:
    """Words/s of `nlp.pipe` over documents that are tokenized already."""
    start = time.perf_counter()
    for _ in nlp.pipe(docs):
        pass
    return sum(map(len, docs)) / (time.perf_counter() - start)


def forget(nlp: Language) -> None:
    """Empty what is kept between predictions."""
    for _, pipe in nlp.pipeline:
        touch_all(pipe.model)  # type: ignore[attr-defined]


def main(
    corpus_dir: Path = typer.Argument(..., help="Converted treebank"),
    ours: Path = typer.Argument(..., help="Pipeline with our lemmatizer"),
    peer: Path = typer.Argument(..., help="Pipeline with spaCy's lemmatizer"),
    tagger: Optional[Path] = typer.Option(None, help="Pipeline that tags, for predicted tags"),
    output: Optional[Path] = typer.Option(None, help="JSON file for the figures"),
    split: str = typer.Option("test", help="The split that is scored"),
    repeats: int = typer.Option(5, help="Timed runs of each side, alternating; 0 for none"),
    threads: int = typer.Option(1, help="Threads that torch may use; set OMP_NUM_THREADS for the rest"),
) -> None:
    torch.set_num_threads(threads)
    lemmatizer, spacys = spacy.load(ours), spacy.load(peer)
    results: Dict[str, Dict[str, float]] = {OURS: {}, PEER: {}}
    for setting, found in evaluate_lemmas(
        lemmatizer, corpus_dir, split, spacy.load(tagger) if tagger else None
    ).items():
        results[OURS][setting.replace("_", " ")] = 100 * found.scores["lemma_acc"]
    path = corpus_dir / f"{split}-words.spacy"
    # It reads words only, so tags make no difference.
    results[PEER]["gold tags"] = 100 * spacys.evaluate(list(Corpus(path, gold_preproc=True)(spacys)))["lemma_acc"]
    if tagger:
        results[PEER]["predicted tags"] = results[PEER]["gold tags"]

    text = corpus_dir / "train-words.spacy"
    runs: Dict[Tuple[str, str], Callable[[], float]] = {
        (OURS, "words/s"): lambda: speed(lemmatizer, read_docs(path, lemmatizer, tagged=True)),
        (PEER, "words/s"): lambda: speed(spacys, read_docs(path, spacys, tagged=False)),
        (OURS, "words/s, train text"): lambda: speed(lemmatizer, read_docs(text, lemmatizer, tagged=True)),
        (PEER, "words/s, train text"): lambda: speed(spacys, read_docs(text, spacys, tagged=False)),
    }
    if tagger:
        both = put_tagger_before(lemmatizer, spacy.load(tagger))
        runs[OURS, "words/s with tagger"] = lambda: speed(both, read_docs(path, both, tagged=False))
    timings: Dict[Tuple[str, str], List[float]] = {key: [] for key in runs}
    for _ in range(repeats):
        for key, run in runs.items():
            forget(lemmatizer)  # every run starts cold
            timings[key].append(run())
    for (name, kind), speeds in timings.items():
        if speeds:
            results[name][kind] = statistics.median(speeds)

    table = Table(
        title=f"{corpus_dir.name}, {split}, gold words; {threads} thread(s); medians of {repeats}, cold caches"
    )
    table.add_column("")
    columns = list(results[OURS])
    for column in columns:
        table.add_column(column, justify="right")
    for name, figures in results.items():
        cells = (f"{figures[c]:,.0f}" if "/s" in c else f"{figures[c]:.2f}" for c in columns if c in figures)
        table.add_row(name, *cells)
    Console().print(table)
    if output is not None:
        output.parent.mkdir(parents=True, exist_ok=True)
        srsly.write_json(output, {"results": results, "threads": threads})


if __name__ == "__main__":
    typer.run(main)
