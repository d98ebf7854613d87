"""Dependency trees as SVG or HTML, each word coloured by the label of its subtree."""

from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any, Dict, Iterator, List, Literal, Optional, Tuple, Union

import numpy as np
from spacy.tokens import Doc, Span, Token
from spacy.util import is_in_jupyter

from ..base.checks import check_choice
from ..base.parses import ParsedDocs
from ..base.trees import Trees, node_depths, subtree_spans
from ..errors import Errors, NotInitializedError
from ..pipeline.extensions import TREE, read
from .colours import Colour, ink_on, label_colours, text_width, value_colour
from .file import PAGES, write_picture

Direction = Literal["auto", "down", "right"]
DIRECTIONS = ("auto", "down", "right")

# A sentence of more words is drawn with one word a line.
_WIDEST = 24
_FONT = "font-family='system-ui, Segoe UI, Helvetica, Arial, sans-serif'"
_SIZE, _SMALL = 14, 10
_BOX, _MARGIN = 26, 16
# Between the levels, the centres and the boxes of words in a tree that grows down.
_LEVEL, _STEP, _GAP = 74, 34, 10
# Between the lines, and between the levels, of a tree that grows to the right.
_LINE, _INDENT = 31, 34


@dataclass
class Node:
    """A word in the drawing. `x` is the left side of its box, `y` the middle."""

    token: Token
    depth: int
    width: float
    fill: Colour
    tooltip: str
    head: Optional["Node"] = None
    x: float = 0.0
    y: float = 0.0


def render_tree(
    doc: Union[Doc, Span],
    *,
    path: Optional[Union[str, Path]] = None,
    direction: Direction = "auto",
    page: bool = False,
    jupyter: Optional[bool] = None,
) -> Optional[str]:
    """Draw the dependency trees of a document, one a sentence. The colour of a word is the label that `tree_rnn` gave
    its subtree, the stronger the likelier. A tooltip shows all scores.

    doc: a document, or a part of one, that a `tree_rnn` with `save_scores` annotated.
    path: a file to write, the SVG (".svg") or a page of it (".html").
    direction: "down" draws roots on top and words from left to right, "right" draws one word a line. "auto" is "right"
        for long sentences.
    page: return a page of HTML instead of the SVG.
    jupyter: display the SVG in a notebook; None detects one.
    Returns the SVG or HTML, None if it is displayed. Raises AnnotationError for a document without a parse, and
    NotInitializedError for one without scores, SettingError for a file with another ending.
    """
    check_choice("direction", direction, DIRECTIONS)
    whole = doc.doc if isinstance(doc, Span) else doc
    trees = ParsedDocs.read([whole], "render_tree").trees
    kept = read(whole, TREE)
    if len(whole) and (kept is None or "scores" not in kept):
        raise NotInitializedError(Errors.R159)
    svg = _draw(doc, trees, kept or {"labels": [], "scores": np.zeros((0, 0)), "best": []}, direction)
    html = _page(svg, whole.lang_ or "en")
    if path is not None:
        write_picture(path, {".svg": svg, **dict.fromkeys(PAGES, html)})
    if jupyter or (jupyter is None and path is None and is_in_jupyter()):
        from IPython.display import SVG, display  # type: ignore[import-not-found, unused-ignore]

        display(SVG(svg))
        return None
    return html if page else svg


def _draw(doc: Union[Doc, Span], trees: Trees, kept: Dict[str, Any], direction: str) -> str:
    labels = kept["labels"]
    colours = label_colours(labels)
    parts, right = [_legend(labels, colours)] if labels else [], _MARGIN + sum(map(_legend_width, labels))
    bottom = 2.0 * _MARGIN + _SIZE if labels else 0.0
    for nodes in _sentences(doc, trees, kept, colours):
        down = direction == "down" or (direction == "auto" and len(nodes) <= _WIDEST)
        (_place_down if down else _place_right)(nodes, bottom + _MARGIN)
        parts += [_edge(node, down) for node in nodes] + [_box(node, down) for node in nodes]
        right = max(right, *(node.x + node.width + (0 if down else 90) for node in nodes))
        bottom = max(node.y for node in nodes) + _BOX / 2 + _MARGIN
    width, height = round(right + _MARGIN), round(bottom + _MARGIN)
    body = "\n".join(parts)
    return (
        f"<svg xmlns='http://www.w3.org/2000/svg' width='{width}' height='{height}' viewBox='0 0 {width} {height}' "
        f"{_FONT} font-size='{_SIZE}' role='img'>\n<rect width='100%' height='100%' fill='#ffffff'/>\n{body}\n</svg>"
    )


def _sentences(
    doc: Union[Doc, Span], trees: Trees, kept: Dict[str, Any], colours: List[Colour]
) -> Iterator[List[Node]]:
    """The words of each sentence. The ancestors and subtrees of spaCy's tokens do not end if heads form a cycle."""
    whole, inside = (doc.doc, range(doc.start, doc.end)) if isinstance(doc, Span) else (doc, range(len(doc)))
    depths, (starts, ends, _) = node_depths(trees.heads), subtree_spans(trees)
    for sent in whole.sents:
        nodes: Dict[int, Node] = {}
        for token in sent:
            if (i := token.i) in inside:
                phrase, scores = str(whole[int(starts[i]) : int(ends[i])]), kept["scores"][i]
                fill = value_colour(scores, int(kept["best"][i]), colours)
                width = text_width(_shown(token)) + 18
                nodes[i] = Node(token, int(depths[i]), width, fill, _tooltip(phrase, kept["labels"], scores))
        least = min((node.depth for node in nodes.values()), default=0)
        for i, node in nodes.items():
            node.depth -= least
            node.head = nodes.get(int(trees.heads[i])) if trees.heads[i] != i else None
        if nodes:
            yield list(nodes.values())


def _shown(token: Token) -> str:
    """The word, with a visible sign for whitespace, and without the middle if it is very long."""
    text = token.text if not token.is_space else "␣"
    return text if len(text) <= 30 else f"{text[:14]}…{text[-14:]}"


def _tooltip(phrase: str, labels: List[str], scores: Any) -> str:
    lines = [phrase if len(phrase) <= 200 else f"{phrase[:199]}…"]
    return "\n".join([*lines, *(f"{label}: {float(score):.3f}" for label, score in zip(labels, scores))])


def _place_down(nodes: List[Node], top: float) -> None:
    """Place words from left to right, each as far left as its left neighbour and the words of its level allow."""
    ends: Dict[int, float] = {}
    centre = 0.0
    for node in nodes:
        left = max(ends.get(node.depth, float(_MARGIN)), centre + _STEP - node.width / 2, float(_MARGIN))
        node.x, node.y = left, top + 14 + node.depth * _LEVEL + _BOX / 2
        centre = left + node.width / 2
        ends[node.depth] = max(left + node.width, left + node.width / 2 + _dep_width(node) / 2) + _GAP


def _place_right(nodes: List[Node], top: float) -> None:
    for line, node in enumerate(nodes):
        node.x, node.y = _MARGIN + node.depth * _INDENT, top + line * _LINE + _BOX / 2


def _dep_width(node: Node) -> float:
    return text_width(node.token.dep_) * _SMALL / _SIZE


def _edge(node: Node, down: bool) -> str:
    if (head := node.head) is None:
        return ""
    if down:
        x1, y1 = head.x + head.width / 2, head.y + _BOX / 2
        x2, y2 = node.x + node.width / 2, node.y - _BOX / 2
        bend = (y2 - y1) / 2
        curve = f"M{x1:.1f},{y1:.1f} C{x1:.1f},{y1 + bend:.1f} {x2:.1f},{y2 - bend:.1f} {x2:.1f},{y2:.1f}"
    else:
        x = head.x + 12
        y = head.y + (_BOX / 2 if node.y > head.y else -_BOX / 2)
        curve = f"M{x:.1f},{y:.1f} V{node.y:.1f} H{node.x:.1f}"
    return f"<path d='{curve}' fill='none' stroke='#9aa0a6' stroke-width='1.2'/>"


def _box(node: Node, down: bool) -> str:
    middle = node.x + node.width / 2
    dep = escape(node.token.dep_)
    if down:
        place = f"x='{middle:.1f}' y='{node.y - _BOX / 2 - 5:.1f}' text-anchor='middle'"
    else:
        place = f"x='{node.x + node.width + 8:.1f}' y='{node.y + 4:.1f}'"
    return (
        f"<g><title>{escape(node.tooltip)}</title>"
        f"<rect x='{node.x:.1f}' y='{node.y - _BOX / 2:.1f}' width='{node.width:.1f}' height='{_BOX}' rx='6' "
        f"fill='{_hex(node.fill)}' stroke='#5f6368' stroke-width='0.8'/>"
        f"<text x='{middle:.1f}' y='{node.y + 5:.1f}' text-anchor='middle' fill='{_hex(ink_on(node.fill))}'>"
        f"{escape(_shown(node.token))}</text>"
        f"<text {place} font-size='{_SMALL}' fill='#5f6368' stroke='#ffffff' stroke-width='3' "
        f"paint-order='stroke'>{dep}</text></g>"
    )


def _legend_width(label: str) -> float:
    return text_width(label) + 34


def _legend(labels: List[str], colours: List[Colour]) -> str:
    x, parts = float(_MARGIN), []
    for label, colour in zip(labels, colours):
        parts.append(
            f"<rect x='{x:.1f}' y='{_MARGIN}' width='14' height='14' rx='3' fill='{_hex(colour)}' stroke='#5f6368' "
            f"stroke-width='0.8'/><text x='{x + 19:.1f}' y='{_MARGIN + 12}' fill='#202124'>{escape(label)}</text>"
        )
        x += _legend_width(label)
    return "<g>" + "".join(parts) + "</g>"


def _hex(colour: Tuple[float, ...]) -> str:
    return "#" + "".join(f"{round(part):02x}" for part in colour)


def _page(svg: str, lang: str) -> str:
    return (
        f"<!DOCTYPE html>\n<html lang='{escape(lang)}'>\n<head>\n<meta charset='utf-8'>\n"
        "<title>Dependency tree</title>\n"
        "<style>body{margin:0;background:#fff}figure{margin:0;overflow-x:auto}</style>\n"
        f"</head>\n<body>\n<figure>\n{svg}\n</figure>\n</body>\n</html>\n"
    )
