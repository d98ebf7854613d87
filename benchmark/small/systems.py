"""The categorizers that take part, as `nlp.add_pipe` makes them."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Dict, Optional

import spacy
from spacy.language import Language

OURS = "spacy-rnn"
# spaCy's architectures, with the settings that spaCy gives them where a config does not say otherwise.
BAG = {"@architectures": "spacy.TextCatBOW.v3", "ngram_size": 1, "length": 262144, "no_output_layer": False}
REDUCE = {
    "@architectures": "spacy.TextCatReduce.v1",
    "use_reduce_first": False,
    "use_reduce_last": False,
    "use_reduce_max": False,
    "use_reduce_mean": True,
    "tok2vec": {
        "@architectures": "spacy.HashEmbedCNN.v2",
        "pretrained_vectors": None,
        "width": 96,
        "depth": 4,
        "embed_size": 2000,
        "window_size": 1,
        "maxout_pieces": 3,
        "subword_features": True,
    },
}


@dataclass
class System:
    """A component, and what its config changes."""

    factory: str
    model: Dict[str, Any] = field(default_factory=dict)
    """Changes of the model, or another architecture with all its settings."""
    settings: Dict[str, Any] = field(default_factory=dict)
    """Changes of the component's own settings."""
    vectors: bool = False
    """Whether the pipeline is initialized with word vectors."""


SYSTEMS: Dict[str, System] = {
    OURS: System("rnn_textcat"),
    "spacy-ensemble": System("textcat"),
    "spacy-bow": System("textcat", BAG),
    "spacy-reduce": System("textcat", REDUCE),
}
WITH_VECTORS: Dict[str, System] = {
    f"{OURS} + vectors": System(
        "rnn_textcat", {"tok2vec": {"embed": {"vectors": {"@architectures": "spacy-rnn.StaticVectors.v2"}}}}, {}, True
    ),
    "spacy-ensemble + vectors": System("textcat", {"tok2vec": {"embed": {"include_static_vectors": True}}}, {}, True),
}


def build(system: System, lang: str, exclusive: bool, vectors: Optional[Path] = None) -> Language:
    """A blank pipeline with the component. vectors: a pipeline or folder with word vectors."""
    nlp = spacy.blank(lang)
    model = dict(system.model)
    if "@architectures" in model:
        model["exclusive_classes"] = exclusive
    if system.vectors:
        nlp.config["initialize"]["vectors"] = str(vectors)
    config = {**system.settings, **({"model": model} if model else {})}
    nlp.add_pipe(system.factory if exclusive else f"{system.factory}_multilabel", config=config)
    return nlp
