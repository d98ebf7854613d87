"""One training after the other, by the loop that everyone writes first; each leaves a line in a file."""

import hashlib
import json
import random
import time
from pathlib import Path
from typing import Any, Dict, List, Optional, Tuple

import srsly
import torch
from spacy.language import Language
from spacy.training import Example
from spacy.util import fix_random_seed, minibatch

from ..textcat.sets import Record, Splits
from .sets import SETS, cut, labels_of
from .systems import System, build

BATCH, DROPOUT = 50, 0.2
# A set of a few texts is not read more often than this.
MOST_EPOCHS = 60

Line = Dict[str, Any]


def n_epochs(n_texts: int, updates: int) -> int:
    """As many as it takes for about that many updates, the same for all systems."""
    per_epoch = -(-n_texts // BATCH)
    return max(1, min(MOST_EPOCHS, round(updates / per_epoch)))


def to_examples(nlp: Language, rows: List[Record], labels: List[str]) -> List[Example]:
    """Examples of texts with one label, or with values for some of the labels."""
    examples = []
    for row in rows:
        cats = row["cats"] if "cats" in row else {label: float(label == row["label"]) for label in labels}
        examples.append(Example.from_dict(nlp.make_doc(row["text"]), {"cats": cats}))
    return examples


def run(name: str, splits: Splits, system: System, seed: int, updates: int, vectors: Optional[Path]) -> Line:
    """Train a system with spaCy's default optimizer, and score it as it is after the last epoch."""
    found = SETS[name]
    sample = cut(splits, found.texts, seed)
    labels = labels_of(sample)
    fix_random_seed(seed)
    torch.set_num_threads(1)
    nlp = build(system, found.lang, found.exclusive, vectors)
    train, dev, test = (to_examples(nlp, sample[split], labels) for split in ("train", "dev", "test"))
    optimizer = nlp.initialize(lambda: train)
    order = random.Random(seed)
    epochs, start = n_epochs(len(train), updates), time.perf_counter()
    loss = 0.0
    for _ in range(epochs):
        order.shuffle(train)
        losses: Dict[str, float] = {}
        for batch in minibatch(train, BATCH):
            nlp.update(batch, sgd=optimizer, drop=DROPOUT, losses=losses)
        (loss,) = losses.values()
    seconds = time.perf_counter() - start
    scores = {split: score(nlp, examples, found.exclusive) for split, examples in (("dev", dev), ("test", test))}
    return {"texts": len(train), "epochs": epochs, "seconds": round(seconds, 2), "loss": round(loss, 4), **scores}


def score(nlp: Language, examples: List[Example], exclusive: bool) -> Dict[str, float]:
    """In percent: "score", which is the accuracy, or the macro-averaged AUC where several categories may apply, and
    "macro_f"."""
    found = nlp.evaluate(examples)
    value = found["cats_micro_f" if exclusive else "cats_macro_auc"]
    return {"score": round(100 * value, 2), "macro_f": round(100 * found["cats_macro_f"], 2)}


def digest(name: str, system: System, updates: int, vectors: Optional[Path]) -> str:
    """What tells results of other settings apart: the defaults of a component are among these."""
    found = SETS[name]
    # The vectors are not needed for it.
    nlp = build(system, found.lang, found.exclusive, vectors)
    config = nlp.config["components"][nlp.pipe_names[0]]
    stated = [name, found.texts, updates, config, system.vectors and str(vectors)]
    return hashlib.sha256(json.dumps(stated, sort_keys=True).encode("utf8")).hexdigest()[:16]


class Results:
    """Lines of a file, one for each run; runs that are there are not repeated."""

    def __init__(self, path: Path):
        self.path = path
        self.lines: List[Line] = list(srsly.read_jsonl(path)) if path.is_file() else []

    def find(self, settings: str, seed: int) -> Optional[Line]:
        """The line of a run."""
        found = (line for line in self.lines if (line["settings"], line["seed"]) == (settings, seed))
        return next(found, None)

    def add(self, line: Line) -> None:
        """Append a line at once, so that a run that is stopped later goes on from here."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("a", encoding="utf8") as stream:
            stream.write(srsly.json_dumps(line) + "\n")
        self.lines.append(line)


Table = Dict[str, Dict[str, List[Tuple[float, float]]]]
"""For each set and system, the dev and test scores of its runs."""
