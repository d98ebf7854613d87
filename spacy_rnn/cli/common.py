"""What several subcommands do in the same way."""

from pathlib import Path
from typing import Any, Optional

import srsly
import torch
import typer
from rich.console import Console
from spacy.language import Language

from ..pipeline.load import use_gpu

console = Console()
THREADS = typer.Option(1, help="Threads that torch computes with.", min=1)
GPU_ID = typer.Option(-1, help="GPU to use, or -1 for the CPU.")
MODEL = typer.Argument(..., help="A pipeline's folder or the name of an installed one.")
SCORES_FILE = typer.Option(None, help="JSON file for the scores.")


def compute_on(gpu_id: int, threads: int) -> None:
    """Choose the device, -1 for the CPU, and the number of torch's threads."""
    use_gpu(gpu_id)
    torch.set_num_threads(threads)


def save_scores(scores: Any, output: Optional[Path]) -> None:
    """Write scores to a JSON file, if one was asked for."""
    if output is not None:
        output.parent.mkdir(parents=True, exist_ok=True)
        srsly.write_json(output, scores)


def save_pipeline(nlp: Language, output_dir: Path) -> None:
    """Write a pipeline to a folder, which is made."""
    output_dir.mkdir(parents=True, exist_ok=True)
    nlp.to_disk(output_dir)
