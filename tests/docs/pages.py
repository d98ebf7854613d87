"""The pages of the documentation, taken apart."""

import re
from pathlib import Path
from typing import Iterator, List, NamedTuple, Set, Tuple

from ..helpers import ROOT

PAGES: List[Path] = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
_FENCE = re.compile(r"^```(\w*)[^\n]*\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_SPAN = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
_LINK = re.compile(r"\]\(([^()\s]+)\)")
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)


class Block(NamedTuple):
    """A fenced block of code."""

    language: str
    text: str
    line: int
    """The line in the page where its code begins, from 1 on."""


def name_of(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def read(page: Path) -> str:
    return page.read_text(encoding="utf8")


def blocks(page: Path) -> Iterator[Block]:
    text = read(page)
    for found in _FENCE.finditer(text):
        yield Block(found[1], found[2], text.count("\n", 0, found.start(2)) + 1)


def prose(page: Path) -> str:
    """The page without its blocks."""
    return _FENCE.sub("", read(page))


def spans(page: Path) -> List[str]:
    """Code within sentences."""
    return _SPAN.findall(prose(page))


def links(page: Path) -> List[Tuple[str, str]]:
    """Targets of links and pictures, without what leads to other sites: a path, and an anchor; either may be empty."""
    parts = [target.partition("#") for target in _LINK.findall(_SPAN.sub("", prose(page))) if "://" not in target]
    return [(path, anchor) for path, _, anchor in parts]


def anchors(page: Path) -> Set[str]:
    """Of the headings, as far as the site and GitHub make the same of them."""
    return {slug for title in _HEADING.findall(prose(page)) if (slug := _site_slug(title)) == _github_slug(title)}


def _site_slug(title: str) -> str:
    return re.sub(r"[-\s]+", "-", re.sub(r"[^\w\s-]", "", title.replace("`", "")).strip().lower())


def _github_slug(title: str) -> str:
    return re.sub(r"[^\w\- ]", "", title.replace("`", "")).strip().lower().replace(" ", "-")
