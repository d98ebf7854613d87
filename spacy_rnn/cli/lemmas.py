"""The subcommands of `spacy-rnn` for lemmatizers."""

from pathlib import Path
from typing import Optional

import spacy
import srsly
import typer
from rich.table import Table

from ..data.evaluate import evaluation_json
from ..data.evaluate_lemmas import evaluate_lemmas, put_tagger_before
from ..shim.threads import build_set_threads_v1
from .app import THREADS, app, console


@app.command("add-tagger")
def add_tagger_command(
    model: str = typer.Argument(..., help="A pipeline with an rnn_lemmatizer."),
    tagger: str = typer.Argument(..., help="A pipeline that tags."),
    output_dir: Path = typer.Argument(..., help="Folder for the pipeline that tags and lemmatizes."),
) -> None:
    """Put a tagger before a trained `rnn_lemmatizer`."""
    put_tagger_before(spacy.load(model), spacy.load(tagger)).to_disk(output_dir)


@app.command("evaluate-lemmas")
def evaluate_lemmas_command(
    model: str = typer.Argument(..., help="A pipeline with an rnn_lemmatizer."),
    corpus_dir: Path = typer.Argument(..., help="Folder made by `spacy-rnn convert`."),
    tagger: Optional[str] = typer.Option(None, help="A pipeline that tags, for the score on predicted tags."),
    output: Optional[Path] = typer.Option(None, help="JSON file for the scores."),
    split: str = typer.Option("test", help="train, dev or test."),
    gpu_id: int = typer.Option(-1, help="GPU to use, or -1 for the CPU."),
    threads: int = THREADS,
) -> None:
    """Score a lemmatizer on the words as annotated, with gold tags and with predicted ones."""
    if gpu_id >= 0:
        spacy.require_gpu(gpu_id)
    nlp = build_set_threads_v1(threads)(spacy.load(model))
    found = evaluate_lemmas(nlp, corpus_dir, split, None if tagger is None else spacy.load(tagger))
    table = Table(title=f"{corpus_dir.name}, {split}")
    for name in ("", "lemmas", "words", "words/s"):
        table.add_column(name, justify="right" if name else "left")
    for setting, scored in found.items():
        accuracy = f"{100 * scored.scores['lemma_acc']:.2f}" if scored.scores else "-"
        table.add_row(setting.replace("_", " "), accuracy, f"{scored.words:,}", f"{scored.words_per_second:,.0f}")
    console.print(table)
    if output is not None:
        output.parent.mkdir(parents=True, exist_ok=True)
        srsly.write_json(output, evaluation_json(found))
