"""Word vectors in a training config that was written without them."""

import inspect
from pathlib import Path
from typing import Any, Dict, Iterator

import srsly
from spacy.util import get_package_path, is_package, registry
from thinc.api import Config

from ...errors import CorpusError, Errors, SettingError
from .fetch import VECTORS_FOLDER

LAYER = "spacy-rnn.StaticVectors.v2"
# The settings by which layers of spaCy's are told to read vectors.
SWITCHES = {
    "spacy.MultiHashEmbed.v1": "include_static_vectors",
    "spacy.MultiHashEmbed.v2": "include_static_vectors",
    "spacy.HashEmbedCNN.v1": "pretrained_vectors",
    "spacy.HashEmbedCNN.v2": "pretrained_vectors",
}


def add_vectors(config: Config, name: str) -> None:
    """Have all layers of a config that can read word vectors do so: those of ours whose feature `vectors` is null, and
    spaCy's own.

    name: a pipeline's folder, what `spacy-rnn vectors get` wrote under this name, or an installed pipeline.

    Raises CorpusError if there are no such vectors or if they are of another language than the config, and SettingError
    if the config has no layer for them.
    """
    place = name if is_pipeline(name) else str(VECTORS_FOLDER / name)
    lang, found = config["nlp"]["lang"], vectors_language(place)
    if not found:
        raise CorpusError(Errors.D227.format(name=name, folder=place))
    if lang != found:
        raise CorpusError(Errors.D228.format(folder=place, found=found, lang=lang))
    n_layers = 0
    for section in architectures(config.get("components", {})):
        if section["@architectures"] == "spacy-rnn.WordFeatures.v1":
            if section.get("vectors") is None:
                section["vectors"] = {"@architectures": LAYER, **defaults(LAYER)}
            n_layers += 1
        elif section["@architectures"] in SWITCHES:
            section[SWITCHES[section["@architectures"]]] = True
            n_layers += 1
    if not n_layers:
        raise SettingError(Errors.R029)
    config.setdefault("paths", {})["vectors"] = place
    config["initialize"]["vectors"] = "${paths.vectors}"


def is_pipeline(name: str) -> bool:
    """Whether this is the folder of a pipeline or the name of an installed one."""
    return bool(name) and ((Path(name) / "meta.json").is_file() or is_package(name))


def vectors_language(place: str) -> str:
    """The language of the vectors of a pipeline, nothing if it has none."""
    folder = get_package_path(place) if is_package(place) else Path(place)
    try:
        meta = srsly.read_json(folder / "meta.json")
        return str(meta["lang"]) if meta["vectors"]["width"] else ""
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def architectures(section: Dict[str, Any]) -> Iterator[Dict[str, Any]]:
    """All blocks of a config that name a network, whatever they are in."""
    if "@architectures" in section:
        yield section
    for value in list(section.values()):
        if isinstance(value, dict):
            yield from architectures(value)


def defaults(architecture: str) -> Dict[str, Any]:
    """The settings of a network that has a default for each of them."""
    parameters = inspect.signature(registry.get("architectures", architecture)).parameters.values()
    return {parameter.name: parameter.default for parameter in parameters}
