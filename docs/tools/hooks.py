"""Hooks of mkdocs: the pages about commands and registered functions are made when the site is built.

A page asks for them by a comment in a line of its own: `<!-- commands -->`, `<!-- registered: readers -->` (a group of
spaCy's registry), `<!-- public: spacy_rnn.nn -->` (what a package exports) or `<!-- modules: spacy_rnn.evaluation -->`
(the modules of a package).
"""

import pkgutil
import re
from importlib import import_module
from importlib.metadata import entry_points
from typing import Any, Callable, Dict

from typer.main import get_command

_MARK = re.compile(r"^<!-- (\w+)(?:: ([\w.]+))? -->$", re.MULTILINE)


def on_page_markdown(markdown: str, **kwargs: Any) -> str:
    """Called by mkdocs for every page before it is rendered."""
    return _MARK.sub(lambda mark: WRITERS[mark[1]](mark[2] or ""), markdown)


def write_commands(_: str = "") -> str:
    """Every command of `spacy-rnn` with its arguments and options."""
    from spacy_rnn.cli import app

    commands: Dict[str, Any] = {}
    for name, command in get_command(app).commands.items():  # type: ignore[attr-defined]
        # A group has commands of its own.
        own = getattr(command, "commands", None)
        commands.update({name: command} if own is None else {f"{name} {other}": one for other, one in own.items()})
    return "\n".join(_write_command(name, commands[name]) for name in sorted(commands))


def _write_command(name: str, command: Any) -> str:
    parameters = [one for one in command.params if one.name != "help" and not getattr(one, "hidden", False)]
    arguments = [_name(parameter) for parameter in parameters if parameter.param_type_name == "argument"]
    usage = " ".join(["spacy-rnn", name, *arguments, "[OPTIONS]"])
    rows = [f"| `{_name(one)}` | {_escape(one.help or '')} | {_default(one)} |" for one in parameters]
    table = ["| | | default |", "|---|---|---|", *rows]
    return "\n".join([f"## {name}", "", command.help or "", "", "```text", usage, "```", "", *table, ""])


def _name(parameter: Any) -> str:
    if parameter.param_type_name == "argument":
        return str(parameter.name.upper() + ("..." if parameter.nargs == -1 else ""))
    return ", ".join(parameter.opts) + "".join(f" / {other}" for other in parameter.secondary_opts)


def _default(parameter: Any) -> str:
    value = parameter.default
    if parameter.required:
        return "required"
    if isinstance(value, bool) and (value or parameter.secondary_opts):
        return f"`{(parameter.opts if value else parameter.secondary_opts)[0]}`"
    return "" if value is None or value is False or value == "" else f"`{value}`"


def _escape(text: str) -> str:
    return text.replace("|", "\\|").replace("*", "\\*").replace("<", "&lt;")


def write_registered(group: str) -> str:
    """Every function that the package registers in a group, under its name."""
    points = sorted(entry_points(group=f"spacy_{group}"), key=lambda point: point.name.lower())
    own = [point for point in points if point.value.startswith("spacy_rnn.")]
    level = 2 if group == "architectures" else 3  # the other groups share a page, each under a heading
    return "\n".join(_write_object(point.value.replace(":", "."), point.name, level) for point in own)


def write_public(package: str) -> str:
    """Every class and function that a package exports, in its own order."""
    module = import_module(package)
    exported = [(name, getattr(module, name)) for name in module.__all__]
    return "\n".join(_write_object(f"{one.__module__}.{name}", name) for name, one in exported if callable(one))


def write_modules(package: str) -> str:
    """Every public module of a package."""
    found = pkgutil.walk_packages(import_module(package).__path__, f"{package}.")
    names = sorted(info.name for info in found if not info.ispkg and "._" not in info.name)
    return "\n".join(_write_object(name, name.removeprefix("spacy_rnn.")) for name in names)


def _write_object(path: str, heading: str, level: int = 2) -> str:
    options = {"heading": heading, "toc_label": heading.removeprefix("spacy-rnn."), "heading_level": level}
    lines = [f"::: {path}", "    options:", *(f"      {name}: {value!r}" for name, value in options.items())]
    return "\n".join([*lines, ""])


WRITERS: Dict[str, Callable[[str], str]] = {
    "commands": write_commands,
    "registered": write_registered,
    "public": write_public,
    "modules": write_modules,
}
