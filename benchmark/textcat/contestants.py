"""The categorizers that take part on each set, and how each is trained."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Dict, List

import srsly

from spacy_rnn.data.configure import fill_config

from .. import training
from ..paths import config_path
from ..tagger.system import run_logged

OURS = "spacy-rnn"
PEER = "spacy-ensemble"
BAG_OF_WORDS = "spacy-bow"
PEERS = {
    "spacy-ensemble": "textcat_spacy_ensemble",
    BAG_OF_WORDS: "textcat_spacy_bow",
    "spacy-reduce": "textcat_spacy_reduce",
}
PEER_BATCH = 1000
CHECKPOINTS = 10

MODEL = "components.rnn_textcat.model"
ENCODE = f"{MODEL}.tok2vec.encode"
WORDS = f"{MODEL}.tok2vec.embed.words"


@dataclass
class Plan:
    """How the systems are trained on a set. The settings that differ from the configs were chosen on dev texts: of
    SNIPS, of the sentences of SST-2, of SST-5 with phrases, of the names and of the newsgroups."""

    config: str
    passes: int
    """Passes of ours over the training texts, and of the others unless `peer_passes` says otherwise."""
    batch: int
    """The batch size of ours, in words, or in texts if the config counts these. The others have spaCy's 1,000 words."""
    settings: Dict[str, Any] = field(default_factory=dict)
    score: str = "cats_micro_f"
    """The score by which every system's best checkpoint is chosen."""
    cells: Dict[str, str] = field(default_factory=dict)
    """Variants of ours with another cell of the same size."""
    texts: bool = False
    """Whether `batch` counts texts."""
    peer_passes: int = 0
    """Passes of the others, if they differ; 0 for the same."""


CHAR_CELLS = {"spacy-rnn-lstm": "lstm", "spacy-rnn-tanh": "rnn_tanh"}
REGULAR = {"training.dropout": 0.5, "training.optimizer.learn_rate.warmup_steps": 30, f"{WORDS}.width": 128}
# For texts that are parts of each other. A word's vector changes when the word is read, not with every batch.
PHRASES = {
    **REGULAR,
    "training.dropout": 0.3,
    f"{ENCODE}.token_dropout": 0.1,
    f"{WORDS}.lazy": True,
    f"{MODEL}.pooling": ["last", "max"],
}

PLANS: Dict[str, Plan] = {
    "snips": Plan("textcat_sentiment", 8, 2500, REGULAR),
    "names": Plan("textcat_chars", 40, 400, {}, "cats_macro_f", CHAR_CELLS, texts=True, peer_passes=15),
    "sst2": Plan("textcat_sentiment", 7, 3000, REGULAR),
    "sst2-phrases": Plan("textcat_sentiment", 3, 1500, PHRASES),
    "sst5": Plan("textcat_sentiment", 7, 3000, REGULAR),
    "sst5-phrases": Plan("textcat_sentiment", 3, 1500, PHRASES),
    "newsgroups": Plan("textcat_long", 2, 6000, REGULAR),
}


def systems(plan: Plan) -> List[str]:
    """The names of all systems of a plan."""
    return [OURS, *plan.cells, *PEERS]


def command(name: str, plan: Plan, corpus: Path, models: Path, most_steps: int = 0) -> List[str]:
    """The command that trains a system by the settings of the plan: our `train` or spaCy's.

    It reads the config `models / NAME.cfg`. most_steps: 0 for no limit.
    """
    ours = name not in PEERS
    passes = plan.passes if ours else plan.peer_passes or plan.passes
    steps = n_steps(plan, corpus, plan.batch if ours else PEER_BATCH, passes, texts=ours and plan.texts)
    steps = min(steps, most_steps) if most_steps else steps
    values = {
        "paths.train": str(corpus / "train.spacy"),
        "paths.dev": str(corpus / "dev.spacy"),
        "training.max_steps": steps,
        "training.eval_frequency": max(1, steps // CHECKPOINTS),
        "training.logger.progress_bar": None,
        "training.score_weights.cats_score": 0.0,
        f"training.score_weights.{plan.score}": 1.0,
    }
    if ours:
        values["training.batcher.size"] = plan.batch
        values["training.optimizer.learn_rate.total_steps"] = steps
        values.update(plan.settings)
    if name in plan.cells:
        values[f"{ENCODE}.cell"] = plan.cells[name]
    trainer = training.OUR_TRAINER if ours else training.SPACY_TRAINER
    parts = [sys.executable, "-m", trainer, "train", str(models / f"{name}.cfg"), "--output", str(models / name)]
    for key, value in values.items():
        parts += [f"--{key}", value if isinstance(value, str) else json.dumps(value)]
    return parts


def n_steps(plan: Plan, corpus: Path, batch: int, passes: int, *, texts: bool) -> int:
    """The number of batches in the passes."""
    found = srsly.read_json(corpus / "stats.json")["files"]["train"]
    return max(1, round(passes * found["texts" if texts else "tokens"] / batch))


def train(name: str, plan: Plan, corpus: Path, models: Path, most_steps: int = 0, vectors: str = "") -> None:
    """Train a system in a process of its own, unless it is trained already with the same settings.

    vectors: word vectors that it reads if it can, see `spacy_rnn.data.configure.fill_config`.
    """
    wanted, config = command(name, plan, corpus, models, most_steps), PEERS.get(name, plan.config)
    # Paths are no settings: the same set may be named by another path.
    settings = [config, *(part for part in wanted[1:] if not part.startswith((str(corpus), str(models))))]
    record = models / name / "trained.json"
    if record.is_file() and srsly.read_json(record) == settings:
        return
    fill_config(config_path(config), models / f"{name}.cfg", vectors="" if name == BAG_OF_WORDS else vectors)
    run_logged(wanted if name in PEERS else [*wanted, "--no-resume"], models / name)
    srsly.write_json(record, settings)
