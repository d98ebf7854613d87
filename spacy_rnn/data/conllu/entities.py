"""Entities in the last column of CoNLL-U: a tag a word, such as `NE=B-PER`, as `spacy convert` reads them."""

from typing import List, NamedTuple, Optional, Sequence, Tuple

NAMES = ("NE", "name")
"""What a tag may be called."""
_STARTS, _INSIDE = ("B", "U", "S"), ("I", "L", "E")
"""The letters of BILUO, and those of BIOES for the same."""


class Entity(NamedTuple):
    """The words of a sentence from `start` (counted from 0) up to `end`."""

    start: int
    end: int
    label: str


def entity_tag(misc: str) -> Optional[str]:
    """The tag in a word's last column, None if it has none. Raises ValueError for what is no tag."""
    for field in misc.split("|"):
        name, _, tag = field.partition("=")
        if name in NAMES:
            letter, _, label = tag.partition("-")
            if tag != "O" and (letter not in (*_STARTS, *_INSIDE) or not label):
                raise ValueError(f"'{field}' is no entity; expected O, or a letter of BILUO and a label: B-PER")
            return tag
    return None


def read_entities(tags: Sequence[Optional[str]]) -> Optional[Tuple[Entity, ...]]:
    """The entities of a sentence, None if none of its words has a tag. A word without one is outside of entities, and
    an entity also starts where another label goes on."""
    if all(tag is None for tag in tags):
        return None
    found: List[Entity] = []
    is_open = False
    for i, tag in enumerate(tags):
        letter, _, label = (tag or "O").partition("-")
        if is_open and letter in _INSIDE and label == found[-1].label:
            found[-1] = found[-1]._replace(end=i + 1)
        elif label:
            found.append(Entity(i, i + 1, label))
        is_open = bool(label) and letter in ("B", "I")
    return tuple(found)


def write_entities(entities: Optional[Sequence[Entity]], n_words: int) -> Optional[List[str]]:
    """A tag a word, in IOB, as `Doc` takes them: "" for missing annotation, which an entity without a label stands
    for."""
    if entities is None:
        return None
    tags = ["O"] * n_words
    for start, end, label in entities:
        tags[start:end] = [f"B-{label}", *[f"I-{label}"] * (end - start - 1)] if label else [""] * (end - start)
    return tags
