"""Training configs that hold only the values in which they differ from another config."""

import json
from configparser import ConfigParser
from pathlib import Path
from typing import Any, Dict

from spacy.util import load_config
from thinc.api import Config


def load_variant(path: Path, overrides: Dict[str, Any]) -> Config:
    """Load a config, full or a variant, without interpolating it.

    A variant begins with the section `[base]`, where `config` is the path of another config, relative to the variant.
    Its other sections hold the values that differ; a block with another registered function replaces the whole block.
    Components that are not in the pipeline are left out.

    overrides: values by dotted names, which take precedence.
    """
    text = path.read_text(encoding="utf8")
    if next((line for line in text.splitlines() if line.startswith("[")), "") != "[base]":
        return load_config(path, overrides=overrides, interpolate=False)
    parser = ConfigParser(interpolation=None)
    parser.optionxform = str  # type: ignore[assignment, method-assign]
    parser.read_string(text)
    values: Dict[str, Any] = {}
    for name in parser.sections():
        block = values
        for part in name.split("."):
            block = block.setdefault(part, {})
        block.update({key: value if value[0] == "$" else json.loads(value) for key, value in parser[name].items()})
    config = load_variant(path.parent / values.pop("base")["config"], {}).merge(values)
    config["components"] = {name: config["components"][name] for name in config["nlp"]["pipeline"]}
    return config.from_str(config.to_str(), interpolate=False, overrides=overrides)
