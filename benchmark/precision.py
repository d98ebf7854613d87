"""Pipelines at a chosen precision."""

from pathlib import Path
from typing import Any, Dict, List

import spacy
from spacy.language import Language


def load_at(model: Path, precision: str) -> Language:
    """A trained pipeline, all settings called precision changed: "auto", "bf16" or "fp32"."""
    return spacy.load(model, config=dict.fromkeys(precisions(spacy.util.load_config(model / "config.cfg")), precision))


def precisions(config: Dict[str, Any], path: str = "") -> List[str]:
    """The dotted names of all settings called precision."""
    found = []
    for name, value in config.items():
        dotted = f"{path}.{name}" if path else name
        if isinstance(value, dict):
            found += precisions(value, dotted)
        elif name == "precision":
            found.append(dotted)
    return found
