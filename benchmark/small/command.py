"""The command: train all systems on all sets, and write a table."""

from pathlib import Path
from typing import Dict, List, Optional

import srsly
import typer
from rich.console import Console
from rich.markdown import Markdown

from ..textcat.sets import Splits
from .report import markdown
from .runs import Results, Table, digest, run
from .sets import SETS, read_set
from .systems import SYSTEMS, WITH_VECTORS, System


def small_sets_command(
    output: Path = typer.Argument(..., help="Where to write the results: this name with .jsonl and .md"),
    folders: List[Path] = typer.Argument(
        ..., help="Folders with the sets' folders and archives, by their names", exists=True, file_okay=False
    ),
    sets: Optional[str] = typer.Option(None, help=f"Some of the sets, joined by commas: {', '.join(SETS)}"),
    systems: Optional[str] = typer.Option(None, help="Some of the systems, joined by commas"),
    vectors: Optional[Path] = typer.Option(None, help="Word vectors, for two more systems", exists=True),
    variants: Optional[Path] = typer.Option(
        None, help="JSON file of more systems: {name: {factory, model, settings}}", exists=True, dir_okay=False
    ),
    seeds: int = typer.Option(3, min=1, help="Runs of each system on each set; each has its own sample of texts"),
    updates: int = typer.Option(600, min=1, help="About so many updates with 50 texts each"),
) -> None:
    """Train categorizers as they come on small sets, all in the same way; write their test scores as a table.

    Runs whose results are in the file already are not repeated, unless the defaults of a component have changed.
    """
    known = {**SYSTEMS, **(WITH_VECTORS if vectors else {})}
    if variants is not None:
        known.update({name: System(**given) for name, given in srsly.read_json(variants).items()})
    names, wanted = _chosen(sets, list(SETS), "--sets"), _chosen(systems, list(known), "--systems")
    results = Results(output.with_suffix(".jsonl"))
    table: Table = {}
    for name in names:
        read: Dict[str, Splits] = {}
        for system in wanted:
            settings = digest(name, known[system], updates, vectors)
            for seed in range(seeds):
                line = results.find(settings, seed)
                if line is None:
                    if name not in read:
                        read[name] = read_set(name, folders)
                    found = run(name, read[name], known[system], seed, updates, vectors)
                    line = {"set": name, "system": system, "seed": seed, "settings": settings, **found}
                    results.add(line)
                pair = line["dev"]["score"], line["test"]["score"]
                table.setdefault(name, {}).setdefault(system, []).append(pair)
    text = markdown(table, wanted)
    output.with_suffix(".md").write_text(text, encoding="utf8")
    Console().print(Markdown(text))


def _chosen(given: Optional[str], known: List[str], option: str) -> List[str]:
    names = known if given is None else [part.strip() for part in given.split(",")]
    for name in names:
        if name not in known:
            raise typer.BadParameter(f"{name!r} is not one of: {', '.join(known)}", param_hint=option)
    return names
