"""The subcommands of `spacy-rnn` for pairs of texts."""

from pathlib import Path
from typing import Optional

import typer

from ..evaluation.pairs import evaluate_pairs
from .app import app
from .common import GPU_ID, MODEL, SCORES_FILE, THREADS, open_pipeline, report


@app.command("evaluate-pairs")
def evaluate_pairs_command(
    model: str = MODEL,
    path: Path = typer.Argument(..., help="The texts to be read: a text a line, or .jsonl, .csv or .tsv of both."),
    target_path: Optional[Path] = typer.Option(None, help="The texts to be written, a text a line."),
    lowercase: bool = typer.Option(False, help="Read both in lower case, as the training config may."),
    output: Optional[Path] = SCORES_FILE,
    gpu_id: int = GPU_ID,
    threads: int = THREADS,
) -> None:
    """Score an `rnn_transducer` on pairs of texts: exact matches, edits a character; with sacrebleu, chrF and BLEU."""
    found = evaluate_pairs(open_pipeline(model, gpu_id, threads), path, target_path, lowercase=lowercase)
    report(path.name, found, output, percent=False)
