"""What the commands of the documentation would run, checked without running them."""

import re
import shlex
from pathlib import Path
from typing import Any, Dict, Iterator, List, Set

import srsly
from typer.main import get_command

import benchmark.app
import spacy_rnn.cli

from ..helpers import ROOT


def commands_of(app: Any) -> Dict[str, Any]:
    """The commands of an application by name, those of a group by two words."""
    found: Dict[str, Any] = {}
    for name, command in get_command(app).commands.items():  # type: ignore[attr-defined]
        own = getattr(command, "commands", None)
        found.update({name: command} if own is None else {f"{name} {other}": one for other, one in own.items()})
    return found


GROUPS: Dict[str, Any] = {"spacy-rnn": commands_of(spacy_rnn.cli.app), "benchmark": commands_of(benchmark.app.app)}
# Options of these are settings of the training config.
_OPEN = ("train",)


class CommandError(Exception):
    """Why a command cannot run."""


def check_script(script: str) -> None:
    """Check every line of a shell script. Commands that belong to others (pip) are not looked into."""
    current = ROOT
    for line in script.replace("\\\n", " ").splitlines():
        folder = ROOT if line.startswith("(") else current
        for words in _split(line):
            if words[0] == "cd":
                folder = folder / words[1]
                if not folder.is_dir():
                    raise CommandError(f"{words[1]} is no folder")
            else:
                check_command(words, folder)
        current = current if line.startswith("(") else folder


def _split(line: str) -> Iterator[List[str]]:
    for part in line.strip("()").split("&&"):
        words = shlex.split(part.replace(")", ""), comments=True)
        while words and re.fullmatch(r"[A-Z_]+=\S+", words[0]):
            words = words[1:]
        if words:
            yield words


def check_command(words: List[str], folder: Path) -> None:
    """Check one command: make, spacy-rnn, spacy project, benchmark, python SCRIPT, python -m pytest."""
    if words[0] == "make":
        _check_make(words[1:])
    elif words[:3] == ["spacy", "project", "run"]:
        _check_workflow(words[3], folder / words[4], words[5:])
    elif words[0] == "spacy-rnn":
        _check_typer("spacy-rnn", words[1:])
    elif words[:3] == ["python", "-m", "spacy_rnn"] and words[3:]:
        _check_typer("spacy-rnn", words[3:])
    elif words[:3] == ["python", "-m", "benchmark"]:
        if folder != ROOT:
            raise CommandError(f"benchmark is no module in {folder}")
        _check_typer("benchmark", words[3:])
    elif words[0] == "python" and (folder / words[1]).resolve() == ROOT / "benchmark":
        _check_typer("benchmark", words[2:])
    elif words[:3] == ["python", "-m", "pytest"]:
        _check_tests(words[3:])
    elif words[0] == "python" and words[1].endswith(".py") and not (folder / words[1]).is_file():
        raise CommandError(f"{words[1]} is no file in {folder}")


def _check_make(words: List[str]) -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf8")
    for word in words:
        pattern = rf"^{word.partition('=')[0]} \?=" if "=" in word else rf"^{word}:"
        if not re.search(pattern, makefile, re.MULTILINE):
            raise CommandError(f"make knows no {word}")


def _check_workflow(name: str, folder: Path, words: List[str]) -> None:
    project = srsly.read_yaml(folder / "project.yml")
    if name not in project["workflows"] and name not in {command["name"] for command in project["commands"]}:
        raise CommandError(f"{folder / 'project.yml'} has no {name}")
    for option in options(words):
        if option.removeprefix("--vars.") not in project["vars"]:
            raise CommandError(f"{folder / 'project.yml'} has no variable {option}")


def _check_typer(group: str, words: List[str]) -> None:
    name = next((name for name in (" ".join(words[:2]), *words[:1]) if name in GROUPS[group]), None)
    if name is None:
        raise CommandError(f"{group} has no command {' '.join(words[:1])}")
    known = {option for one in GROUPS[group][name].params for option in (*one.opts, *one.secondary_opts)}
    for option in options(words):
        if option not in known and not (words[0] in _OPEN and "." in option):
            raise CommandError(f"{group} {name} has no option {option}")


def _check_tests(words: List[str]) -> None:
    for word in words:
        if word.startswith("tests") and not (ROOT / word.partition("::")[0]).exists():
            raise CommandError(f"{word} is not there")


def options(words: List[str]) -> Set[str]:
    return {word.partition("=")[0] for word in words if re.match(r"--?[a-z]", word)}
