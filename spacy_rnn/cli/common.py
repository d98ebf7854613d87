"""What several subcommands do in the same way."""

from pathlib import Path
from typing import Any, Optional

import spacy
import srsly
import typer
from rich.console import Console
from spacy.language import Language

from ..training.threads import build_set_threads_v1

console = Console()
THREADS = typer.Option(1, help="Threads that torch computes with.", min=1)
GPU_ID = typer.Option(-1, help="GPU to use, or -1 for the CPU.")
MODEL = typer.Argument(..., help="A pipeline's folder or the name of an installed one.")
SCORES_FILE = typer.Option(None, help="JSON file for the scores.")


def load_pipeline(model: str, gpu_id: int, threads: int) -> Language:
    """A pipeline on the GPU, or on the CPU for -1, with so many threads."""
    if gpu_id >= 0:
        spacy.require_gpu(gpu_id)
    return build_set_threads_v1(threads)(spacy.load(model))


def save_scores(scores: Any, output: Optional[Path]) -> None:
    """Write scores to a JSON file, if there is to be one."""
    if output is not None:
        output.parent.mkdir(parents=True, exist_ok=True)
        srsly.write_json(output, scores)
