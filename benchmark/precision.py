"""Pipelines at a chosen precision."""

from pathlib import Path
from typing import Any, Dict, List

import spacy
from spacy.language import Language


def load_at(model: Path, precision: str) -> Language:
    """Load a pipeline with all settings named precision set to "auto", "bf16" or "fp32"."""
    return spacy.load(model, config=dict.fromkeys(precisions(spacy.util.load_config(model / "config.cfg")), precision))


def precisions(config: Dict[str, Any], path: str = "") -> List[str]:
    """The dotted names of all settings named precision."""
    found = []
    for name, value in config.items():
        if isinstance(value, dict):
            found += precisions(value, f"{path}{name}.")
        elif name == "precision":
            found.append(path + name)
    return found
