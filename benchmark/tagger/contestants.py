"""The systems that take part, and how long each is trained."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Dict, NamedTuple, Tuple, Type

from ..training import GROWING_WORDS, OUR_TRAINER, SPACY_TRAINER
from .spacy_system import SpacySystem
from .stanza_system import Stanza
from .system import System
from .udpipe import UDPipe

CELL = "components.rnn_tagger.model.tok2vec.encode.cell"


class Contestant(NamedTuple):
    """A system and how it is trained."""

    label: str
    system: Type[System]
    full: Dict[str, Any]
    """Settings of the full run."""
    small: Dict[str, Any]
    """Settings that differ in the small run."""
    minutes: float
    """The rough duration of full training, so that the longest can begin first."""


Training = Tuple[Type[System], Dict[str, Any], Dict[str, Any]]


def _spacy(config: str, max_steps: int, small: int, growing_words: int = 0, cell: str = "") -> Training:
    trainer = OUR_TRAINER if config.startswith("tagger") else SPACY_TRAINER
    settings = {"config": config, "max_steps": max_steps, "overrides": {CELL: cell} if cell else {}}
    full = {**settings, "trainer": trainer, "growing_words": growing_words}
    return SpacySystem, full, {"max_steps": small, "growing_words": 0}


# UDPipe and Stanza train for less than their defaults of 20 iterations and 50,000 steps, which would take many hours;
# their speed does not depend on it. 0 steps leave the number to the config. spaCy's default batches have grown to
# their full size after about a million words.
CONTESTANTS: Dict[str, Contestant] = {
    "default": Contestant("spacy-rnn", *_spacy("tagger", 0, 40), minutes=18),
    "fast": Contestant("spacy-rnn, fast", *_spacy("tagger_fast", 4000, 40), minutes=7),
    "gru": Contestant("spacy-rnn, GRU", *_spacy("tagger", 500, 40, cell="gru"), minutes=3),
    "rnn": Contestant("spacy-rnn, plain RNN", *_spacy("tagger", 500, 40, cell="rnn_tanh"), minutes=2),
    "cnn": Contestant("spaCy CNN", *_spacy("cnn", 0, 60, GROWING_WORDS), minutes=22),
    "bilstm": Contestant("spaCy TorchBiLSTM", *_spacy("bilstm", 2500, 40, GROWING_WORDS), minutes=9),
    "udpipe": Contestant("UDPipe 1", UDPipe, {"iterations": 1}, {}, minutes=3),
    "stanza": Contestant(
        "Stanza", Stanza, {"max_steps": 9, "batch_size": 50}, {"max_steps": 3, "batch_size": 20}, minutes=2
    ),
}


def build(name: str, small: bool, treebank: Path, corpus: Path, models: Path) -> System:
    """The system of that name, in the full run or in the small one."""
    contestant = CONTESTANTS[name]
    settings = {**contestant.full, **(contestant.small if small else {})}
    return contestant.system(treebank, corpus, models / name, **settings)
