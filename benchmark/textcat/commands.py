"""The commands: train and measure all systems on one set, or measure trained pipelines."""

from pathlib import Path
from typing import List, Optional

import typer
from rich.console import Console

from ..pipelines import with_vectors
from . import memory
from .contestants import OURS, PLANS, systems, train
from .measure import measure
from .report import write
from .sets import SETS, convert_set

# Texts of each split, and training steps, in the small run.
SMALL_TEXTS, SMALL_STEPS = 300, 8

REPEATS = typer.Option(3, min=1, help="Timed runs of each side, by turns")
STEPS = typer.Option(8, min=1, help="Training steps of each timed run")
N_WORDS = typer.Option(40_000, min=1, help="Words of each timed prediction at most")
THREADS = typer.Option(1, min=1, help="Threads of torch; spaCy's own layers use one")


def textcat_command(
    name: str = typer.Argument(..., help=f"One of {', '.join(SETS)}"),
    source: Path = typer.Argument(..., help="The folder of its files", exists=True, file_okay=False),
    work: Path = typer.Argument(..., help="Folder for converted texts and models; those that are there stay"),
    output: Path = typer.Argument(..., help="Where to write the figures: this name with .json, .md and .svg"),
    small: bool = typer.Option(False, help="A few steps on few texts: shows that all works, in a minute or two"),
    only: Optional[str] = typer.Option(None, help="Some of the systems, joined by commas"),
    vectors: str = typer.Option("", help="Word vectors of all systems but the bag of words"),
    measured: bool = typer.Option(True, help="Measure all on the test texts after training"),
    repeats: int = REPEATS,
    steps: int = STEPS,
    words: int = N_WORDS,
    threads: int = THREADS,
) -> None:
    """Train the categorizers on one set of texts; write their test scores and speeds as a table and a picture."""
    if name not in SETS:
        raise typer.BadParameter(f"{name!r} is not one of: {', '.join(SETS)}", param_hint="NAME")
    plan = PLANS[name]
    wanted = systems(plan) if only is None else [part.strip() for part in only.split(",")]
    for system in wanted:
        if system not in systems(plan):
            raise typer.BadParameter(f"{system!r} is not one of: {', '.join(systems(plan))}", param_hint="--only")
    work = work / (f"{name}-small" if small else name)
    models = work / f"vectors-{Path(vectors).name}" if vectors else work
    if not (work / "corpus" / "stats.json").is_file():
        convert_set(name, source, work / "corpus", SMALL_TEXTS if small else 0)
    for system in wanted:
        train(system, plan, work / "corpus", models, SMALL_STEPS if small else 0, vectors)
    if measured:
        paths = {system: models / system / "model-best" for system in wanted}
        found = measure(work / "corpus", paths, repeats=repeats, steps=steps, words=words, threads=threads)
        write(found, SETS[name].title + with_vectors(*paths.values()), output)


def textcat_models_command(
    corpus: Path = typer.Argument(..., help="Converted texts, with train.spacy and test.spacy", exists=True),
    models: Path = typer.Argument(..., help="A folder NAME/model-best for each side; 'spacy-rnn' is ours", exists=True),
    output: Path = typer.Argument(..., help="Where to write the figures: this name with .json, .md and .svg"),
    repeats: int = REPEATS,
    steps: int = STEPS,
    words: int = N_WORDS,
    threads: int = THREADS,
) -> None:
    """Measure trained categorizers; write their test scores and speeds as a table and a picture."""
    ours_first = sorted(models.glob("*/model-best"), key=lambda path: (path.parent.name != OURS, path))
    paths = {path.parent.name: path for path in ours_first}
    found = measure(corpus, paths, repeats=repeats, steps=steps, words=words, threads=threads)
    write(found, corpus.name + with_vectors(*paths.values()), output)


def textcat_memory_command(
    model: Path = typer.Argument(..., help="A trained pipeline", exists=True),
    tokens: Optional[List[int]] = typer.Option(None, help="Tokens of a document; may be given several times"),
) -> None:
    """Measure the memory and the time that prediction takes for one long document, beside the document itself."""
    for found in memory.memory_of(model, tokens or list(memory.LENGTHS)):
        Console().print(f"{found['tokens']:,} tokens: {found['megabytes']:.1f} MB, {found['seconds']:.2f} s")
