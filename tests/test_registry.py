"""Every registered name resolves, and every architecture is registered."""

import importlib
import inspect
import pkgutil
import re
from importlib.metadata import EntryPoint, entry_points
from typing import Any, List

import pytest
from catalogue import RegistryError  # type: ignore[import-untyped]
from spacy.language import Language
from spacy.util import registry

import spacy_rnn.models

from .helpers import ROOT

SETUP = ROOT / "setup.py"
GROUPS = [f"spacy_{name}" for name in ("factories", *registry.get_registry_names())]
POINTS: List[EntryPoint] = sorted(
    {point for group in GROUPS for point in entry_points(group=group) if point.value.startswith("spacy_rnn.")},
    key=lambda point: (point.group, point.name),
)
# Methods of pydantic models, which older releases of spaCy 3.8 refuse as names of settings.
FORBIDDEN = {"construct", "copy", "dict", "fields", "json", "schema", "validate"}
FUNCTIONS = [point for point in POINTS if point.group != "spacy_factories"]


@pytest.mark.parametrize("point", FUNCTIONS, ids=lambda point: point.name)
def test_registered_name_resolves(point: EntryPoint) -> None:
    """To the function that setup.py names."""
    assert re.fullmatch(r"spacy-rnn\.[A-Za-z0-9_]+\.v\d+", point.name)
    assert registry.get(point.group[len("spacy_") :], point.name) is point.load()


@pytest.mark.parametrize("point", FUNCTIONS, ids=lambda point: point.name)
def test_every_argument_has_a_default_or_is_a_part(point: EntryPoint) -> None:
    """`init fill-config` writes defaults; an argument without a default is another block of the config."""
    for name, parameter in inspect.signature(point.load()).parameters.items():
        assert name not in FORBIDDEN
        assert parameter.annotation is not inspect.Parameter.empty, name
        assert not isinstance(parameter.annotation, str), f"{name}: spaCy does not check annotations that are strings"
        assert parameter.default is not inspect.Parameter.empty or name in ("tok2vec", "embed", "encode", "corpus")


@pytest.mark.parametrize("name", [point.name for point in POINTS if point.group == "spacy_factories"])
def test_factory_resolves(name: str) -> None:
    assert Language.get_factory_meta(name).factory == name
    pipe: Any = Language().add_pipe(name)
    assert pipe.name == name


def test_all_architectures_are_registered() -> None:
    """Each function build_x_v1 of the package."""
    built = set()
    for module in pkgutil.walk_packages(spacy_rnn.models.__path__, "spacy_rnn.models."):
        members = inspect.getmembers(importlib.import_module(module.name), inspect.isfunction)
        built |= {function for name, function in members if re.fullmatch(r"build_\w+_v\d+", name)}
    assert {point.load() for point in POINTS if point.group == "spacy_architectures"} == built


def test_installed_names_are_those_of_setup() -> None:
    """A name added to setup.py takes effect with the next `pip install -e .`"""
    written = set(re.findall(r"\"(spacy-rnn\.[\w.]+) = ([\w.]+:\w+)\"", SETUP.read_text(encoding="utf8")))
    assert {(point.name, point.value) for point in FUNCTIONS} == written


def test_unknown_name_is_refused() -> None:
    with pytest.raises(RegistryError, match="spacy-rnn.Nothing.v1"):
        registry.get("architectures", "spacy-rnn.Nothing.v1")
