"""The subcommands of `spacy-rnn` for lemmatizers."""

from pathlib import Path
from typing import Optional

import typer
from rich.table import Table

from ..evaluation.lemmas import evaluate_lemmas, put_tagger_before
from ..evaluation.tagger import evaluation_json
from ..pipeline.load import load_pipeline
from .app import app
from .common import GPU_ID, SCORES_FILE, THREADS, compute_on, console, save_scores


@app.command("add-tagger")
def add_tagger_command(
    model: str = typer.Argument(..., help="A pipeline with an rnn_lemmatizer."),
    tagger: str = typer.Argument(..., help="A pipeline that tags."),
    output_dir: Path = typer.Argument(..., help="Folder for the pipeline that tags and lemmatizes."),
) -> None:
    """Put a tagger before a trained `rnn_lemmatizer`."""
    put_tagger_before(load_pipeline(model), load_pipeline(tagger)).to_disk(output_dir)


@app.command("evaluate-lemmas")
def evaluate_lemmas_command(
    model: str = typer.Argument(..., help="A pipeline with an rnn_lemmatizer."),
    corpus_dir: Path = typer.Argument(..., help="Folder made by `spacy-rnn convert`."),
    tagger: Optional[str] = typer.Option(None, help="A pipeline that tags, for the score on predicted tags."),
    output: Optional[Path] = SCORES_FILE,
    split: str = typer.Option("test", help="train, dev or test."),
    gpu_id: int = GPU_ID,
    threads: int = THREADS,
) -> None:
    """Score a lemmatizer on the words as annotated, with gold tags and with predicted ones."""
    compute_on(gpu_id, threads)
    nlp, tagging = load_pipeline(model), None if tagger is None else load_pipeline(tagger)
    found = evaluate_lemmas(nlp, corpus_dir, split, tagging)
    table = Table(title=f"{corpus_dir.name}, {split}")
    for name in ("", "lemmas", "words", "words/s"):
        table.add_column(name, justify="right" if name else "left")
    for setting, scored in found.items():
        accuracy = f"{100 * scored.scores['lemma_acc']:.2f}" if scored.scores else "-"
        table.add_row(setting.replace("_", " "), accuracy, f"{scored.words:,}", f"{scored.words_per_second:,.0f}")
    console.print(table)
    save_scores(evaluation_json(found), output)
