"""The parts of the site that are made when it is built."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

from ..helpers import ROOT
from .commands import GROUPS


def load(name: str) -> ModuleType:
    """A module of docs/tools, which is no package."""
    spec = importlib.util.spec_from_file_location(name, ROOT / "docs" / "tools" / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_command_and_option_is_on_the_page() -> None:
    page = load("hooks").on_page_markdown((ROOT / "docs" / "api" / "command-line.md").read_text(encoding="utf8"))
    for name, command in GROUPS["spacy-rnn"].items():
        section = page.split(f"\n## {name}\n")[1].split("\n## ")[0]
        assert command.help and command.help.split()[0] in section
        for parameter in command.params:
            if getattr(parameter, "hidden", False):
                assert f"`{parameter.opts[0]}`" not in section
                continue
            for option in parameter.opts if parameter.param_type_name == "option" else [parameter.name.upper()]:
                assert option == "--help" or f"`{option}" in section or f", {option}" in section


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Reads.", "Reads."),
        ("x: (n,).\ny: of it,\n    and more. Returns (n,).", "- `x`: (n,).\n- `y`: of it, and more.\n\nReturns (n,)."),
        ("Does.\n\nx, y: sizes. z: a: b.", "Does.\n\n- `x`, `y`: sizes.\n- `z`: a: b."),
        ("Does. x: (n,); y: (m,).\nRaises ValueError.", "Does.\n\n- `x`: (n,).\n- `y`: (m,).\n\nRaises ValueError."),
        ('One of:\n"a", "b": both.\n"c": this.', 'One of:\n\n- `"a"`, `"b"`: both.\n- `"c"`: this.'),
        ("Two kinds: this, and that. Note: both.", "Two kinds: this, and that. Note: both."),
    ],
)
def test_parameters_become_a_list(text: str, expected: str) -> None:
    pytest.importorskip("griffe")
    assert load("docstrings").list_parameters(text, ["x", "y", "z"]) == expected


def test_site_builds(tmp_path: Path) -> None:
    """Strictly: links, anchors, and the objects of the reference."""
    pytest.importorskip("mkdocs")
    pytest.importorskip("mkdocstrings")
    from mkdocs.commands.build import build
    from mkdocs.config import load_config

    config = load_config(str(ROOT / "mkdocs.yml"), site_dir=str(tmp_path / "site"), strict=True)
    build(config)
    assert (tmp_path / "site" / "api" / "nn.html").is_file()
