"""What several subcommands do in the same way."""

import os
import sys
from pathlib import Path
from typing import Any, Dict, Optional, Union

import srsly
import torch
import typer
from rich.console import Console
from spacy.language import Language

from ..base.files import replaced_folder
from ..evaluation.result import Evaluation
from ..pipeline.load import load_pipeline, use_gpu
from .tables import evaluation_table

# Tables in a file or a pipe are not cut to the width of a terminal that is not there.
console = Console(width=None if sys.stdout.isatty() or "COLUMNS" in os.environ else 120)
THREADS = typer.Option(1, help="Threads that torch computes with.", min=1)
GPU_ID = typer.Option(-1, help="GPU to use, or -1 for the CPU.")
MODEL = typer.Argument(..., help="A pipeline's folder or the name of an installed one.")
NOISE = typer.Option(False, "--noise", help="Also in lower case, in upper case, without diacritics and with typos.")
VECTORS = typer.Option("", help="Word vectors: a pipeline's folder, or a name that `vectors get` was given here.")
LEXICON = typer.Option("", help="A dictionary: a file, or a name that `lexicon get` was given here.")
SCORES_FILE = typer.Option(None, help="JSON file for the scores.")


def open_pipeline(model: str, gpu_id: int, threads: int) -> Language:
    """Load a pipeline onto a device, see `compute_on`."""
    compute_on(gpu_id, threads)
    return load_pipeline(model)


def with_vectors(nlp: Language) -> str:
    """What the title of a table says of a pipeline's word vectors, nothing if there are none."""
    vectors = nlp.vocab.vectors
    return f", vectors {getattr(vectors, 'name', None) or 'of its own'}" if vectors.shape[1] else ""


def compute_on(gpu_id: int, threads: int) -> None:
    """Choose the device, -1 for the CPU, and the number of torch's threads."""
    use_gpu(gpu_id)
    torch.set_num_threads(threads)


def save_scores(scores: Any, output: Optional[Path]) -> None:
    """Write scores to a JSON file, if one was asked for."""
    if output is not None:
        output.parent.mkdir(parents=True, exist_ok=True)
        srsly.write_json(output, scores)


def report(
    title: str,
    found: Union[Evaluation, Dict[str, Evaluation]],
    output: Optional[Path],
    *,
    percent: bool = True,
    more: Optional[Dict[str, Any]] = None,
) -> None:
    """Print an evaluation, or one for each setting, as a table, and write its scores to a file if one was asked for.
    more: scores by name, written beside those of several settings."""
    several = {"all": found} if isinstance(found, Evaluation) else found
    console.print(evaluation_table(title, several, percent=percent))
    records = {name: own.to_json() for name, own in several.items()}
    save_scores(records["all"] if isinstance(found, Evaluation) else {**records, **(more or {})}, output)


def save_pipeline(nlp: Language, output_dir: Path) -> None:
    """Write a pipeline to a folder, which it replaces if that holds a pipeline."""
    with replaced_folder(output_dir, checked=not (output_dir / "meta.json").is_file()) as folder:
        nlp.to_disk(folder)
