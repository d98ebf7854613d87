"""The colours of labels, and the width of text."""

import unicodedata
from typing import List, Tuple

from ..types import Array

Colour = Tuple[float, ...]

_WHITE: Colour = (255, 255, 255)
_DARK: Colour = (32, 33, 36)
# The scale of labels that are numbers or opposites, which the colour-blind can distinguish too.
_LOW, _MIDDLE, _HIGH = (201, 70, 40), (214, 214, 214), (34, 108, 176)
_APART: List[Colour] = [
    (34, 108, 176), (230, 140, 20), (40, 140, 90), (201, 70, 40), (130, 90, 170), (140, 100, 75), (215, 120, 180),
    (110, 110, 110), (170, 165, 40), (40, 170, 190),
]  # fmt: skip
_OPPOSITES = (("negative", "positive"), ("neg", "pos"), ("false", "true"), ("no", "yes"))

_NARROW, _WIDE = set("ijl.,:;'|!()[]{}ftrI "), set("mwMW@%")


def label_colours(labels: List[str]) -> List[Colour]:
    """A colour for each label: along a scale for numbers and for two opposites, else as distinct as possible."""
    try:
        [float(label) for label in labels]
        ordered = len(labels) > 1
    except ValueError:
        ordered = tuple(label.lower() for label in labels) in _OPPOSITES
    if not ordered:
        return [_APART[i % len(_APART)] for i in range(len(labels))]
    places = [2 * i / (len(labels) - 1) - 1 for i in range(len(labels))]
    return [mix(_MIDDLE, _LOW if place < 0 else _HIGH, abs(place)) for place in places]


def value_colour(scores: Array, best: int, colours: List[Colour]) -> Colour:
    """The colour of a node: that of its label, the paler the less probable it is. Without a label, white; for a value
    outside of [0, 1], a colour on the scale from -1 to 1.

    scores: (n_labels,). best: the label, -1 for none."""
    if best < 0:
        if len(scores) == 0 or 0.0 <= float(scores[0]) <= 1.0:
            return _WHITE
        place = max(-1.0, min(1.0, float(scores[0])))
        return mix(_MIDDLE, _LOW if place < 0 else _HIGH, abs(place))
    return mix(_WHITE, colours[best], 0.25 + 0.75 * min(1.0, float(scores[best])))


def mix(first: Colour, second: Colour, share: float) -> Colour:
    """A mixture of two colours. share: of the second one."""
    return tuple(a + (b - a) * share for a, b in zip(first, second))


def ink_on(fill: Colour) -> Colour:
    """Black or white, whichever is easier to read (relative luminance of WCAG 2)."""

    def linear(part: float) -> float:
        part /= 255
        return part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4

    red, green, blue = map(linear, fill)
    return _DARK if 0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.25 else _WHITE


def text_width(text: str, size: float = 14) -> float:
    """The approximate width of a text in pixels, rather too wide than too narrow."""
    width = 0.0
    for char in text:
        if unicodedata.combining(char):
            continue
        if unicodedata.east_asian_width(char) in "WF":
            width += 1.05
        else:
            width += 0.36 if char in _NARROW else 0.95 if char in _WIDE else 0.72 if char.isupper() else 0.58
    return width * size
