"""Recurrent and recursive neural networks as spaCy pipeline components."""

import sys
from importlib import import_module
from typing import Any

__version__ = "0.1.0"

# Imported on first use, so that `import spacy_rnn` stays light.
_LAZY = {"explain": "spacy_rnn.display.attention", "render_tree": "spacy_rnn.display.tree"}


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        return getattr(import_module(_LAZY[name]), name)
    raise AttributeError(f"module 'spacy_rnn' has no attribute {name!r}")


if sys.modules.get("spacy"):  # Who has documents may read their extension attributes.
    import_module("spacy_rnn.pipeline.extensions")
