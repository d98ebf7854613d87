"""From a file of text to a language model, in one call."""

import json
import shutil
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import Callable, Iterable, List, Optional

import numpy as np
import srsly
import torch

from ..base.hashing import sha256
from ..base.locks import sole_writer
from ..errors import CorpusError, Errors
from ..nn.char_vocabulary import CharVocabulary
from ..shim import in_plain_torch
from .settings import LMSettings
from .text import CodePoints, Line, is_labelled, open_ids, read
from .trainer import Trainer, TrainingProgress


@in_plain_torch
def train_lm(
    text: Path,
    output_dir: Path,
    settings: LMSettings,
    *,
    dev: Optional[Path] = None,
    save_every: int = 200,
    measure_every: int = 0,
    report: Callable[[TrainingProgress], None] = lambda progress: None,
) -> Path:
    """Train a language model. A training that was killed is resumed when the same call is made again.

    text: raw text with a paragraph a line, which is read as a stream, or labelled texts (.jsonl, .csv, .tsv), whose
        labels come before the texts. Either may be compressed (.xz, .gz, .bz2, .zst).
    output_dir: for the model, "forward.safetensors" or "backward.safetensors", its scores, beside it as .json, and the
        state of the training, in a folder of its own.
    dev: held-out text; by default the last paragraphs of the text, see `LMSettings.held_out`.
    save_every, measure_every: the number of updates between two savings, and between two measurements on held-out text.
    report: called after each update.
    Returns the path of the model. Raises CorpusError if the text cannot be used, if the folder has the state of another
    training, or if another process trains this model. The caller's random numbers stay as they were.
    """
    work, path = output_dir / f".{settings.direction}", output_dir / f"{settings.direction}.safetensors"
    work.mkdir(parents=True, exist_ok=True)
    with sole_writer(path, work / "lock"), torch.random.fork_rng(devices=[]):
        vocabulary = prepare(text, dev, work, settings)
        ids = open_ids(work / "train.ids"), open_ids(work / "dev.ids")
        trainer = Trainer(settings, vocabulary, *ids, work / "state")
        for progress in trainer.run(save_every=save_every, measure_every=measure_every):
            report(progress)
        trainer.write(path)
        srsly.write_json(path.with_suffix(".json"), {**trainer.scores(), "settings": asdict(settings)})
    return path


def prepare(text: Path, dev: Optional[Path], work: Path, settings: LMSettings) -> CharVocabulary:
    """Write the ids of the training text and of the held-out text into a folder, unless they are there. Returns the
    vocabulary of the training text."""
    done = work / "text.json"
    for path in filter(None, (text, dev)):
        if not path.is_file():
            raise CorpusError(Errors.D108.format(path=path))
    # The suffixes tell how a file is read.
    sources = [[*path.suffixes, sha256(path)] for path in filter(None, (text, dev))]
    key = [sources, settings.held_out, settings.chars, settings.seed, settings.balance]
    if done.exists():
        found = srsly.read_json(done)
        if found["key"] == key:
            return CharVocabulary(found["chars"], found["labels"])
        raise CorpusError(Errors.D204.format(path=work))
    scratch = work / "scratch"
    scratch.mkdir(exist_ok=True)
    try:
        vocabulary = write_texts(text, dev, work, scratch, settings)
    finally:
        shutil.rmtree(scratch)
    done.write_text(json.dumps({"key": key, "chars": vocabulary.chars, "labels": vocabulary.labels}), encoding="utf8")
    return vocabulary


def write_texts(text: Path, dev: Optional[Path], work: Path, scratch: Path, settings: LMSettings) -> CharVocabulary:
    """See `prepare`. Each file is read once; its code points lie in the folder `scratch` until the vocabulary, which
    tells their ids, is known."""
    backward = settings.direction == "backward"
    held_out = settings.held_out if dev is None else 0.0
    lines: Iterable[Line] = read(text, settings.seed)
    n_kept = None
    if settings.balance and is_labelled(text):
        texts = list(lines)
        n = len(texts) - round(held_out * len(texts))
        repeated = repeat_rare(texts[:n], settings.balance, settings.seed)
        lines, n_kept = repeated + texts[n:], len(repeated)
    points = CodePoints(scratch / "text", lines, backward=backward)
    if n_kept is None:
        n_kept = points.n_texts - round(held_out * points.n_texts)
    if not n_kept:
        raise CorpusError(Errors.D203.format(found=0, needed=settings.bptt + 1))
    stop = points.end_of(n_kept)
    vocabulary = points.vocabulary(settings.chars, stop)
    points.write_ids(work / "train.ids", vocabulary, 0, stop)
    if dev is None:
        points.write_ids(work / "dev.ids", vocabulary, stop)
    else:
        points = CodePoints(scratch / "dev", read(dev, settings.seed), backward=backward)
        points.write_ids(work / "dev.ids", vocabulary)
    return vocabulary


def repeat_rare(lines: List[Line], balance: float, seed: int) -> List[Line]:
    """Texts of rare labels several times, see `LMSettings.balance`, in a random order."""
    counts = Counter(label for label, _ in lines)
    most = max(counts.values(), default=0)
    often = np.array([(most / counts[label]) ** balance for label, _ in lines])
    random = np.random.default_rng(seed)
    # One and a half times is once or twice, by chance.
    times = np.floor(often + random.random(len(lines))).astype(np.int64)
    return [lines[i] for i in random.permutation(np.repeat(np.arange(len(lines)), times))]
