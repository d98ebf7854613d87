"""An extension of griffe: the descriptions of parameters in a docstring become a list."""

import re
from typing import Any, Iterable, List

import griffe

_START = r"(?:\A|\n\s*|(?<=[.;])\s+)"
_SECTION = re.compile(rf"{_START}(?=(?:Returns|Yields|Raises)\b)")
_QUOTED = r'"[^"\n]+"(?:, "[^"\n]+")*'


class ParameterLists(griffe.Extension):
    """The docstrings of the package describe parameters as `name: text`. In Markdown these lines would run together."""

    def on_function_instance(self, *, func: griffe.Function, **kwargs: Any) -> None:
        _rewrite(func, [parameter.name for parameter in func.parameters])

    def on_class_members(self, *, cls: griffe.Class, **kwargs: Any) -> None:
        _rewrite(cls, [*(parameter.name for parameter in cls.parameters), *cls.attributes])


def _rewrite(documented: griffe.Object, names: Iterable[str]) -> None:
    if documented.docstring is not None:
        documented.docstring.value = list_parameters(documented.docstring.value, names)


def list_parameters(text: str, names: Iterable[str]) -> str:
    """Make a bullet of each description of parameters, and a paragraph of what is returned or raised."""
    text = text.replace("RETURNS ", "Returns ")
    longest_first = sorted(map(re.escape, {name.lstrip("*") for name in names}), key=len, reverse=True)
    name = rf"(?:{'|'.join(longest_first)})" if longest_first else r"(?!)"
    entry = rf"({name}(?:(?:, | and ){name})*|{_QUOTED}): "
    paragraphs = [part for paragraph in text.split("\n\n") for part in _SECTION.split(paragraph) if part]
    return "\n\n".join(_list_entries(paragraph, entry) for paragraph in paragraphs)


def _list_entries(paragraph: str, entry: str) -> str:
    # With its group, the pattern splits a paragraph into what stands before the first entry, and in turns the names of
    # an entry and what it says.
    before, *parts = re.split(_START + entry, paragraph)
    bullets: List[str] = []
    for named, described in zip(parts[::2], parts[1::2]):
        names = ", ".join(f"`{one}`" for one in re.split(r", | and ", named))
        bullets.append(f"- {names}: {' '.join(described.split()).rstrip(';.')}.")
    return "\n\n".join(filter(None, [before, "\n".join(bullets)]))
