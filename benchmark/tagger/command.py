"""The command that trains and measures all systems."""

from pathlib import Path
from typing import Any, Dict, Optional

import typer
from rich.console import Console
from rich.markdown import Markdown

from spacy_rnn.data.convert import convert_treebank

from ..figures import write_json
from .contestants import CONTESTANTS
from .corpus import cut
from .measure import measure_all, train_all
from .report import machine, picture, table

# Sentences of each split in the small run.
SMALL = {"train": 400, "dev": 100, "test": 200}


def run_command(
    treebank: Path = typer.Argument(..., help="Folder of *-ud-{train,dev,test}.conllu", exists=True, file_okay=False),
    corpus: Path = typer.Argument(..., help="The same, converted", exists=True, file_okay=False),
    models: Path = typer.Argument(..., help="Folder for models; those that are there are not trained again"),
    output: Path = typer.Argument(..., help="Folder for benchmark.json, benchmark.md and benchmark.svg"),
    small: bool = typer.Option(False, help="A few training steps on 400 sentences: shows that all works, in minutes"),
    systems: Optional[str] = typer.Option(None, help=f"Some of {', '.join(CONTESTANTS)}, joined by commas"),
    repeats: int = typer.Option(3, min=1, help="Turns of measuring"),
    threads: int = typer.Option(1, min=1, help="Threads of each system"),
    jobs: int = typer.Option(2, min=1, help="Systems to train at the same time"),
    seconds: float = typer.Option(10.0, min=0.1, help="The time for which training is measured each turn"),
) -> None:
    """Train and measure the systems, and write a table and a picture."""
    names = list(CONTESTANTS) if systems is None else [name.strip() for name in systems.split(",")]
    unknown = [name for name in names if name not in CONTESTANTS]
    if unknown:
        raise typer.BadParameter(f"{unknown[0]!r} is not one of: {', '.join(CONTESTANTS)}", param_hint="--systems")
    if small:
        repeats, seconds = 1, 1.0
        treebank = cut(treebank, models / treebank.name, SMALL)
        corpus = models / "corpus"
        convert_treebank(treebank, corpus)
    arguments = ["small" if small else "full", str(treebank), str(corpus), str(models)]
    train_all(names, arguments, models, jobs, threads)
    results = measure_all(names, arguments, repeats, threads, seconds)
    found = {"treebank": treebank.name, "threads": threads, "repeats": repeats, "small": small, "machine": machine()}
    write({**found, "results": results}, output)


def write(run: Dict[str, Any], output: Path) -> None:
    """Write the figures of a run as JSON, as a table and as a picture, and print the table."""
    write_json(output / "benchmark.json", run)
    text = table(run)
    (output / "benchmark.md").write_text(text, encoding="utf8")
    picture(run, output / "benchmark.svg")
    console = Console()
    console.print(Markdown(text))
    console.print(f"{run['machine']['processor']}, {run['threads']} thread(s) each; written to {output}")
