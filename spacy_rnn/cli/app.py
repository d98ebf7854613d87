"""The application that all subcommands are registered with, and the one place where errors end."""

import sys
from importlib.metadata import version
from typing import NoReturn

import typer
from rich.console import Console

from .. import __version__
from ..errors import Errors, UserError

app = typer.Typer(
    name="spacy-rnn",
    help="Prepare corpora for spaCy training with recurrent and recursive networks, and score what was trained.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"spacy-rnn {__version__}, spaCy {version('spacy')}, torch {version('torch')}")
        raise typer.Exit


@app.callback()
def options(
    _version: bool = typer.Option(
        False, "--version", callback=_print_version, is_eager=True, help="Print the versions and end."
    ),
) -> None:
    """Prepare corpora for spaCy training with recurrent and recursive networks, train, score and apply pipelines."""


def main() -> None:
    """Run the command. An error that the user can mend, or one of the operating system, ends it with one sentence and
    exit status 1. All others are mistakes of this package and end it with a traceback."""
    try:
        app(prog_name="spacy-rnn")
    except UserError as error:
        fail(str(error))
    except OSError as error:
        if error.errno is None:
            raise
        fail(Errors.D022.format(path=error.filename or "output", reason=error.strerror))


def fail(message: str) -> NoReturn:
    """Print an error and end the program."""
    Console(stderr=True).print(f"✘ {message}", style="red", soft_wrap=True, highlight=False, markup=False)
    sys.exit(1)
