"""From a file of text to a language model, in one call."""

import json
from collections import Counter
from itertools import islice
from pathlib import Path
from typing import Callable, Iterator, List, Optional, Tuple

import numpy as np
import srsly

from ..data.textcat_files import file_format, read_textcat_file
from ..errors import CorpusError, Errors
from .settings import LMSettings
from .text import CharVocabulary, Line, open_ids, paragraphs, write_ids
from .trainer import Trainer, TrainingProgress

LABELLED = (".jsonl", ".csv", ".tsv")
Lines = Callable[[], Iterator[Line]]


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
    """Train a language model; called again after it was killed, it goes on where it was.

    text: raw text with a paragraph a line, plain or compressed (.xz, .gz, .bz2, .zst), which is read as a stream; or a
        file of labelled texts (.jsonl, .csv, .tsv), whose labels come before the texts.
    output_dir: for the model, "forward.safetensors" or "backward.safetensors"; its scores, beside it as .json; and what
        training goes on from, in a folder of its own.
    dev: held-out text; without it, the last paragraphs, see `LMSettings.held_out`.
    save_every, measure_every: updates between two savings, and between two measurements on held-out text.
    report: called after each update.
    Returns the model's path. Raises CorpusError if the text cannot be used.
    """
    work = output_dir / f".{settings.direction}"
    work.mkdir(parents=True, exist_ok=True)
    vocabulary = prepare(text, dev, work, settings)
    trainer = Trainer(settings, vocabulary, open_ids(work / "train.ids"), open_ids(work / "dev.ids"), work / "state")
    last = TrainingProgress(trainer.step, trainer.n_steps, 0.0)
    for last in trainer.run(save_every=save_every, measure_every=measure_every):
        report(last)
    path = output_dir / f"{settings.direction}.safetensors"
    trainer.write(path)
    bits = trainer.measure()
    record = {"bits_per_character": bits, "perplexity": 2**bits, "unknown": trainer.unknown_share()}
    srsly.write_json(path.with_suffix(".json"), {**record, "settings": settings.record()})
    return path


def prepare(text: Path, dev: Optional[Path], work: Path, settings: LMSettings) -> CharVocabulary:
    """Write the ids of the training text and of the held-out text into a folder, unless they are there. The vocabulary
    is that of the training text."""
    done = work / "text.json"
    sources = [[str(path.resolve()), path.stat().st_size] for path in (text, dev) if path is not None and path.exists()]
    key = [sources, settings.held_out, settings.chars, settings.seed, settings.balance]
    if done.exists():
        found = srsly.read_json(done)
        if found["key"] == key:
            return CharVocabulary(found["chars"], found["labels"])
        raise CorpusError(Errors.D204.format(path=work))
    train_lines, dev_lines = split(text, dev, settings)
    vocabulary = CharVocabulary.count(train_lines(), settings.chars)
    backward = settings.direction == "backward"
    write_ids(work / "train.ids", train_lines(), vocabulary, backward=backward)
    write_ids(work / "dev.ids", dev_lines(), vocabulary, backward=backward)
    done.write_text(json.dumps({"key": key, "chars": vocabulary.chars, "labels": vocabulary.labels}), encoding="utf8")
    return vocabulary


def split(text: Path, dev: Optional[Path], settings: LMSettings) -> Tuple[Lines, Lines]:
    """Two functions that read the training text and the held-out text from the beginning."""

    def balanced(lines: Iterator[Line]) -> Iterator[Line]:
        wanted = settings.balance and file_format(text) in LABELLED
        return repeat_rare(list(lines), settings.balance, settings.seed) if wanted else lines

    if dev is not None:
        return lambda: balanced(read(text, settings.seed)), lambda: read(dev, settings.seed)
    total = sum(1 for _ in read(text, settings.seed))
    kept = total - round(settings.held_out * total)
    if not 0 < kept:
        raise CorpusError(Errors.D203.format(found=0, needed=settings.bptt + 1))
    return lambda: balanced(islice(read(text, settings.seed), kept)), lambda: islice(
        read(text, settings.seed), kept, None
    )


def repeat_rare(lines: List[Line], balance: float, seed: int) -> Iterator[Line]:
    """Texts of rare labels several times, see `LMSettings.balance`, in an order drawn by chance."""
    counts = Counter(label for label, _ in lines)
    often = np.array([(max(counts.values()) / counts[label]) ** balance for label, _ in lines])
    random = np.random.default_rng(seed)
    # A time and a half is once or twice, by chance.
    times = np.floor(often + random.random(len(lines))).astype(np.int64)
    return (lines[i] for i in random.permutation(np.repeat(np.arange(len(lines)), times)))


def read(path: Path, seed: int) -> Iterator[Line]:
    """Paragraphs in their order, or labelled texts in one drawn by chance, since files often have them sorted."""
    if file_format(path) not in LABELLED:
        yield from paragraphs(path)
        return
    lines: List[Line] = []
    for record in read_textcat_file(path):
        lines += [(label, " ".join(record.text.split())) for label, value in record.cats.items() if value == 1.0]
    order = np.random.default_rng(seed).permutation(len(lines))
    yield from (lines[i] for i in order)
