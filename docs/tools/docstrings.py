"""An extension of griffe: the descriptions of parameters in a docstring become a list."""

import re
from typing import Any, Iterable, List

import griffe

_SECTION = re.compile(r"(?:^|(?<=\.)\s+)(?=(?:Returns|RETURNS|Yields|Raises)\b)")


class ParameterLists(griffe.Extension):
    """The docstrings of the package describe parameters as `name: text`. In Markdown these lines would run together."""

    def on_function_instance(self, *, func: griffe.Function, **kwargs: Any) -> None:
        _rewrite(func, [parameter.name for parameter in func.parameters])

    def on_class_members(self, *, cls: griffe.Class, **kwargs: Any) -> None:
        _rewrite(cls, [parameter.name for parameter in cls.parameters])


def _rewrite(documented: griffe.Object, names: Iterable[str]) -> None:
    if documented.docstring is not None:
        documented.docstring.value = list_parameters(documented.docstring.value, names)


def list_parameters(text: str, names: Iterable[str]) -> str:
    """Make a bullet of each description of parameters, and a paragraph of what is returned or raised."""
    name = "|".join(sorted(map(re.escape, {name.lstrip("*") for name in names} | {"self"}), key=len, reverse=True))
    entry = re.compile(rf"((?:{name})(?:(?:, | and )(?:{name}))*): ")
    starts = re.compile(rf"(?:^|(?<=[.;])\s+)(?={entry.pattern})")
    return "\n\n".join(_list_paragraph(paragraph, entry, starts) for paragraph in text.split("\n\n"))


def _list_paragraph(paragraph: str, entry: "re.Pattern[str]", starts: "re.Pattern[str]") -> str:
    lines = paragraph.split("\n")
    first = next((i for i, line in enumerate(lines) if entry.match(line) or _SECTION.match(line)), len(lines))
    parts: List[str] = ["\n".join(lines[:first])]
    described = " ".join(line.strip() for line in lines[first:])
    bullets: List[str] = []
    for section in _SECTION.split(described):
        for part in filter(None, (piece for i, piece in enumerate(starts.split(section)) if i % 2 == 0)):
            found = entry.match(part)
            if found is not None:
                named = ", ".join(f"`{one}`" for one in re.split(r", | and ", found[1]))
                bullets.append(f"- {named}: {re.sub(';$', '.', part[found.end() :])}")
                continue
            parts += ["\n".join(bullets), part]
            bullets = []
    return "\n\n".join(filter(None, [*parts, "\n".join(bullets)]))
