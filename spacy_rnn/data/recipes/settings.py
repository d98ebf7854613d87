"""How to train each component, and how large an encoder is: the settings of the project's configs."""

from dataclasses import dataclass
from typing import Any, Dict, Sequence

SHARING = ("rnn_tagger", "rnn_parser", "rnn_ner", "rnn_spancat")
"""Components that predict something of each token and can have one encoder together."""

SIZES: Dict[str, Dict[str, int]] = {
    "fast": {"embed": 96, "words": 64, "chars": 96, "encode": 160},
    "default": {"embed": 128, "words": 64, "chars": 128, "encode": 256},
    "wide": {"embed": 160, "words": 100, "chars": 200, "encode": 320},
}
"""The widths of an encoder."""


_TREE_WORDS = {"chars": None, "lexical": None, "width": None, "words": {"width": 150, "lazy": True}}
CHANGES: Dict[str, Dict[str, Any]] = {
    "rnn_lemmatizer": {"model": {"hidden": 128}},
    "tree_rnn": {"model": {"tok2vec": {"embed": _TREE_WORDS}}},
}
"""Settings of components that are not their defaults."""


@dataclass(frozen=True)
class Recipe:
    """How to train. words: of a batch. every: steps from one evaluation to the next."""

    steps: int
    rate: float
    words: int = 1500
    dropout: float = 0.33
    warmup: int = 100
    every: int = 250
    depth: int = 1
    """Layers of the encoder."""

    def training(self) -> Dict[str, Any]:
        """The section [training] of a config."""
        return {
            "dropout": self.dropout,
            "patience": 0,
            "max_epochs": 0,
            "max_steps": self.steps,
            "eval_frequency": self.every,
            "batcher": {
                "@batchers": "spacy.batch_by_words.v1",
                "size": self.words,
                "tolerance": 0.2,
                "discard_oversize": False,
                "get_length": None,
            },
            "logger": {
                "@loggers": "spacy.ConsoleLogger.v3",
                "progress_bar": "train",
                "console_output": True,
                "output_file": None,
            },
            "optimizer": {
                "@optimizers": "Adam.v1",
                "beta1": 0.9,
                "beta2": 0.95,
                "L2_is_weight_decay": True,
                "L2": 0.0,
                "grad_clip": 5.0,
                "use_averages": True,
                "eps": 1e-8,
                "learn_rate": {
                    "@schedules": "warmup_linear.v1",
                    "warmup_steps": self.warmup,
                    "total_steps": self.steps,
                    "initial_rate": self.rate,
                },
            },
        }


TOGETHER = Recipe(8000, 0.006, depth=2)
"""Several components with one encoder."""

ALONE: Dict[str, Recipe] = {
    "rnn_tagger": Recipe(8000, 0.015),
    "rnn_parser": Recipe(3000, 0.006, depth=2),
    "rnn_ner": Recipe(2000, 0.015),
    "rnn_spancat": Recipe(2000, 0.015),
    "rnn_lemmatizer": Recipe(1500, 0.003, words=500, dropout=0.2, warmup=50, every=300),
    "tree_rnn": Recipe(600, 0.006, words=3000, dropout=0.5, warmup=50, every=60),
    "rnn_textcat": Recipe(1500, 0.01, dropout=0.4, every=150),
    "rnn_textcat_multilabel": Recipe(1500, 0.01, dropout=0.4, every=150),
}
"""Each component by itself, the one that decides among several first."""


def recipe_for(components: Sequence[str]) -> Recipe:
    """How to train these components together."""
    if sum(name in SHARING for name in components) > 1:
        return TOGETHER
    return next(recipe for name, recipe in ALONE.items() if name in components)
