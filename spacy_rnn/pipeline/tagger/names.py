"""The names of labels by which a tagger is told to add them."""

from typing import List, Optional, Tuple

from ...errors import AnnotationError, Errors
from ..annotate import ATTRS

Named = Tuple[str, str]
"""An attribute, and a value of it; that of "morph" is one feature, such as Case=Nom."""


def read_name(label: object, attrs: Optional[List[str]], name: str) -> List[Named]:
    """What a name stands for: a label with its attribute before it, as in `RNNTagger.labels`; without it, where `attrs`
    is one attribute; and a label of spaCy's morphologizer, such as "POS=NOUN|Case=Nom", where these are "pos" and
    "morph". Morphological features may come several in one name.

    attrs: the setting. name: of the component, for messages.

    Raises AnnotationError for other names.
    """
    if isinstance(label, str) and label:
        attr, found, value = label.partition("=")
        if found and attr in ATTRS:
            return _named(attr, value)
        if attrs is not None and len(attrs) == 1:
            return _named(attrs[0], label)
        if attrs is not None and found and set(attrs) == {"pos", "morph"}:
            return [("pos", part[4:]) if part.startswith("POS=") else ("morph", part) for part in label.split("|")]
    raise AnnotationError(Errors.R015.format(name=name, label=label))


def _named(attr: str, value: str) -> List[Named]:
    return [(attr, part) for part in (value.split("|") if attr == "morph" else [value])]
