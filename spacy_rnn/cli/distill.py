"""The subcommand of `spacy-rnn` for learning from raw text."""

from pathlib import Path
from typing import List

import typer
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from ..distillation import DistillSettings, Teacher, distill
from ..distillation.teachers import TAUGHT
from ..pipeline.load import load_pipeline
from .app import app
from .common import GPU_ID, THREADS, compute_on, console

DEFAULT = DistillSettings()


@app.command("distill")
def distill_command(
    teachers: List[str] = typer.Argument(..., help="Trained pipelines; PIPELINE:tag,cats teaches only tag and cats."),
    raw: str = typer.Argument(..., help="Text or documents: a file, a folder, a pattern, or an address of fsspec."),
    output_dir: Path = typer.Argument(..., help="Folder for soft.spacy and stats.json; replaced."),
    weights: str = typer.Option("", help="How much each teacher counts, such as 2,1; by default all the same."),
    labels: str = typer.Option(DEFAULT.labels, help="soft, hard (the likeliest), agreed (where all teachers agree)."),
    limit: int = typer.Option(DEFAULT.limit, help="About how many words, taken evenly from the text; 0 for all."),
    sentences: bool = typer.Option(DEFAULT.sentences, help="Label sentence by sentence, or whole documents."),
    max_length: int = typer.Option(DEFAULT.max_length, help="Leave out what has more tokens; 0 for no limit."),
    top: int = typer.Option(DEFAULT.top, help="Labels that are kept of each token."),
    least: float = typer.Option(DEFAULT.least, help="The smallest probability that is kept."),
    input_format: str = typer.Option(DEFAULT.input_format, help="jsonl, parquet, text, docbin; auto: by name."),
    text: str = typer.Option(DEFAULT.text, help="Field or column of a text."),
    gpu_id: int = GPU_ID,
    threads: int = THREADS,
) -> None:
    """Label raw text with what trained pipelines hold likely, for a student that learns from it."""
    try:
        numbers = [float(weight) for weight in weights.split(",") if weight.strip()] or [1.0] * len(teachers)
    except ValueError as error:
        raise typer.BadParameter("expected numbers with commas between them", param_hint="--weights") from error
    if len(numbers) != len(teachers):
        raise typer.BadParameter(f"expected {len(teachers)} numbers, one for each teacher", param_hint="--weights")
    settings = DistillSettings(
        labels=labels,
        limit=limit,
        sentences=sentences,
        max_length=max_length,
        top=top,
        least=least,
        input_format=input_format,
        text=text,
    )
    compute_on(gpu_id, threads)
    pipelines = [named_teacher(name, weight) for name, weight in zip(teachers, numbers)]
    shown = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(*shown, console=console) as bar:
        task = bar.add_task("labelling", total=None)

        def show(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total)

        stats = distill(pipelines, raw, output_dir, settings, changed=show)
    found = ", ".join([*(f"{n:,} with {attr}" for attr, n in stats.tokens.items()), *stats.cats])
    console.print(f"{output_dir}: {stats.docs:,} documents, {stats.words:,} words: {found}", soft_wrap=True)


def named_teacher(name: str, weight: float) -> Teacher:
    """A teacher of everything that a pipeline assigns, or of some attributes, named after a colon."""
    path, _, attrs = name.rpartition(":")
    if path and set(attrs.split(",")) <= set(TAUGHT):
        return Teacher(load_pipeline(path), weight, attrs.split(","))
    return Teacher(load_pipeline(name), weight)
