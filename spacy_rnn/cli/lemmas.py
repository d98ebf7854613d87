"""The subcommands of `spacy-rnn` for lemmatizers."""

from pathlib import Path
from typing import Optional

import typer

from ..evaluation.lemmas import evaluate_lemmas, put_tagger_before
from ..pipeline.load import load_pipeline
from .app import app
from .common import GPU_ID, SCORES_FILE, THREADS, open_pipeline, report, save_pipeline


@app.command("add-tagger")
def add_tagger_command(
    model: str = typer.Argument(..., help="A pipeline with an rnn_lemmatizer."),
    tagger: str = typer.Argument(..., help="A pipeline that tags."),
    output_dir: Path = typer.Argument(..., help="Folder for the pipeline that tags and lemmatizes."),
) -> None:
    """Put a tagger before a trained `rnn_lemmatizer`."""
    save_pipeline(put_tagger_before(load_pipeline(model), load_pipeline(tagger)), output_dir)


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
    nlp, tagging = open_pipeline(model, gpu_id, threads), load_pipeline(tagger) if tagger else None
    report(f"{corpus_dir.name}, {split}", evaluate_lemmas(nlp, corpus_dir, split, tagging), output)
