"""Trains a character language model, so that a killed training goes on as if nothing had happened."""

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, Iterator, List, Optional, Tuple

import numpy as np
import safetensors.torch
import torch
from safetensors import SafetensorError
from torch import Tensor, nn

from ..base.files import replace_file
from ..errors import CorpusError, Errors
from ..nn.char_lm import UNKNOWN, CharLM, LMState
from ..shim.precision import Precision, resolve_precision
from .files import save_lm
from .settings import LMSettings
from .text import CharVocabulary, Ids

NATS = math.log(2)
CPU = torch.device("cpu")
BETAS = (0.9, 0.99)
# In each place that a text is read from, in an epoch, unless there are fewer.
LEAST_UPDATES = 4
# What settings are called in the states of earlier versions.
OLD_NAMES = {"steps": "bptt", "clip": "grad_clip"}


@dataclass
class TrainingProgress:
    """What is known after an update, or after a measurement on held-out text."""

    step: int
    n_steps: int
    train_bits: float  # bits per character, an average over the last updates
    held_out_bits: Optional[float] = None


class Trainer:
    """A model, its optimizer and its place in the text.

    train, held_out: ids as `write_ids` gives them.
    state_path: where everything that training goes on from is written, as one file that is replaced as a whole.
    Raises CorpusError if the text is too short, or if `state_path` belongs to another training.
    """

    def __init__(self, settings: LMSettings, vocabulary: CharVocabulary, train: Ids, held_out: Ids, state_path: Path):
        self.settings, self.vocabulary = settings, vocabulary
        self.train, self.held_out, self.state_path = train, held_out, state_path
        if len(train) <= settings.bptt:
            raise CorpusError(Errors.D203.format(found=len(train), needed=settings.bptt + 1))
        # A short text is read in fewer places, so that each of them is more than a fragment.
        self.batch = max(1, min(settings.batch, len(train) // (LEAST_UPDATES * (settings.bptt + 1))))
        self.stream = len(train) // self.batch
        self.per_epoch = (self.stream - 1) // settings.bptt
        self.n_steps = max(1, round(settings.epochs * self.per_epoch))
        torch.manual_seed(settings.seed)
        self.model = CharLM(**settings.sizes(vocabulary.n_chars, vocabulary.n_inputs))
        self.model.alphabet.copy_(torch.tensor(vocabulary.points))
        self.optimizers = make_optimizers(self.model)
        self.state = self.model.start(self.batch)
        self.step = 0
        self.mean_loss = 0.0
        if state_path.exists():
            self.restore()

    def run(self, *, save_every: int = 200, measure_every: int = 0) -> Iterator[TrainingProgress]:
        """Train to the end, giving the state of things after each update."""
        while self.step < self.n_steps:
            self.update()
            measured = self.step == self.n_steps or (measure_every and self.step % measure_every == 0)
            bits = self.measure(most=None if self.step == self.n_steps else 200_000) if measured else None
            if self.step % save_every == 0 or self.step == self.n_steps:
                self.save()
            yield TrainingProgress(self.step, self.n_steps, self.mean_loss / NATS, bits)

    def update(self) -> None:
        """One step of the optimizer."""
        settings, model = self.settings, self.model.train()
        epoch, place = divmod(self.step, self.per_epoch)
        if place == 0:
            self.state = model.start(self.batch)
        ids = self.cut(epoch, place)
        with autocast(self.settings.precision):
            logits, state = model(ids[:-1], self.state, dropout=settings.dropout)
        loss = character_loss(logits, ids[1:], "mean")
        loss.backward()
        step_optimizers(self.optimizers, model, self.learn_rate(), settings.grad_clip)
        self.state = state.detach()
        self.step += 1
        weight = min(0.99, 1 - 1 / self.step)
        self.mean_loss = weight * self.mean_loss + (1 - weight) * loss.item()

    def cut(self, epoch: int, place: int) -> Tensor:
        """The ids of one update, (bptt + 1, batch). Each epoch begins at another place of the text."""
        bptt = self.settings.bptt
        shift = int(np.random.default_rng([self.settings.seed, epoch]).integers(len(self.train))) if epoch else 0
        starts = (np.arange(self.batch) * self.stream + place * bptt + shift) % len(self.train)
        places = (np.arange(bptt + 1)[:, None] + starts) % len(self.train)
        return torch.from_numpy(self.train[places].astype(np.int64))

    def learn_rate(self) -> float:
        settings = self.settings
        rising = (self.step + 1) / (min(settings.warmup, self.n_steps // 10) + 1)
        return settings.learn_rate * min(1.0, rising) * 0.5 * (1 + math.cos(math.pi * self.step / self.n_steps))

    def measure(self, most: Optional[int] = None) -> float:
        """Bits per character on (the first `most` characters of) the held-out text."""
        ids = self.held_out if most is None else self.held_out[:most]
        with autocast(self.settings.precision):
            return bits_per_character(self.model, np.asarray(ids))

    def unknown_share(self) -> float:
        """Of the held-out text's characters, how many the vocabulary does not have."""
        return float((self.held_out == UNKNOWN).mean()) if len(self.held_out) else 0.0

    def save(self) -> None:
        """Everything that training goes on from, in one file, replaced in one step."""
        tensors = {f"model.{name}": tensor for name, tensor in self.model.state_dict().items()}
        for name, weight in self.model.named_parameters():
            for optimizer in self.optimizers:
                slot = optimizer.state.get(weight, {})
                tensors.update({f"optimizer.{name}.{key}": torch.as_tensor(value) for key, value in slot.items()})
        tensors.update(self.state._asdict(), random=torch.get_rng_state())
        header = {"step": self.step, "mean_loss": self.mean_loss, "training": self.fingerprint()}
        data = safetensors.torch.save(
            {name: tensor.contiguous() for name, tensor in tensors.items()}, {"charlm": json.dumps(header)}
        )
        replace_file(self.state_path, data)

    def restore(self) -> None:
        """Go on from what `save` wrote."""
        header, tensors = read_state(self.state_path)
        found = {OLD_NAMES.get(name, name): value for name, value in header["training"].items()}
        if found != self.fingerprint():
            raise CorpusError(Errors.D204.format(path=self.state_path))
        self.model.load_state_dict({name[6:]: value for name, value in tensors.items() if name.startswith("model.")})
        names = {weight: name for name, weight in self.model.named_parameters()}
        for optimizer in self.optimizers:
            for weight in (weight for group in optimizer.param_groups for weight in group["params"]):
                prefix = f"optimizer.{names[weight]}."
                slot: Dict[str, Any] = {
                    key[len(prefix) :]: value for key, value in tensors.items() if key.startswith(prefix)
                }
                if isinstance(optimizer, torch.optim.SparseAdam):
                    slot["step"] = int(slot["step"])  # as it counts; a tensor would round otherwise
                optimizer.state[weight] = slot
        self.state = LMState(**{name: tensors[name] for name in LMState._fields})
        torch.set_rng_state(tensors["random"])
        self.step, self.mean_loss = header["step"], header["mean_loss"]

    def fingerprint(self) -> Dict[str, Any]:
        """What must be the same for a training to go on. The number of epochs may change: the learning rate then falls
        along the curve of the new one from there on."""
        settings = {name: value for name, value in self.settings.record().items() if name != "epochs"}
        return {**settings, "alphabet": self.vocabulary.chars, "n_ids": len(self.train)}

    def write(self, path: Path) -> None:
        save_lm(path, self.model, self.vocabulary, backward=self.settings.direction == "backward")


def make_optimizers(model: CharLM) -> List[torch.optim.Optimizer]:
    """Adam, and for the table of n-grams, of which an update reads a few rows, one that leaves all others alone."""
    table = [] if model.ngrams is None else [model.ngrams.weight]
    others = [weight for weight in model.parameters() if all(weight is not own for own in table)]
    optimizers: List[torch.optim.Optimizer] = [torch.optim.Adam(others, betas=BETAS, fused=True)]
    if model.ngrams is not None:
        model.ngrams.sparse = True
        optimizers.append(torch.optim.SparseAdam(table, betas=BETAS))
    return optimizers


def step_optimizers(
    optimizers: List[torch.optim.Optimizer], model: CharLM, learn_rate: float, grad_clip: float
) -> None:
    """Learn from the gradients, those of the table aside no longer than `grad_clip`, and forget them."""
    dense = [weight for weight in model.parameters() if weight.grad is not None and not weight.grad.is_sparse]
    nn.utils.clip_grad_norm_(dense, grad_clip)
    for optimizer in optimizers:
        for group in optimizer.param_groups:
            group["lr"] = learn_rate
        optimizer.step()
        optimizer.zero_grad()


def autocast(precision: Precision) -> Any:
    """In which what is read in a precision computes."""
    dtype = resolve_precision(precision, CPU)
    return torch.autocast("cpu", dtype=torch.bfloat16, enabled=dtype is torch.bfloat16)


def read_state(path: Path) -> Tuple[Dict[str, Any], Dict[str, Tensor]]:
    try:
        data = path.read_bytes()
        size = int.from_bytes(data[:8], "little")
        header = json.loads(json.loads(data[8 : 8 + size])["__metadata__"]["charlm"])
        return header, safetensors.torch.load(data)
    except (SafetensorError, ValueError, KeyError) as error:
        raise CorpusError(Errors.D204.format(path=path)) from error


def character_loss(logits: Tensor, targets: Tensor, reduction: str) -> Tensor:
    """Of characters; labels, whose ids lie above, are never predicted, and -1 stands for nothing.
    logits: (steps, batch, chars); targets: (steps, batch)."""
    chars = logits.shape[2]
    targets = targets.masked_fill((targets < 0) | (targets >= chars), -100)
    return nn.functional.cross_entropy(logits.flatten(0, 1), targets.flatten(), reduction=reduction)


def bits_per_character(model: CharLM, ids: Ids, *, streams: int = 32, chunk: int = 256) -> float:
    """Of a text, read in `streams` places at once, each from the beginning of a state."""
    targets = in_streams(ids, streams, chunk)
    length, batch = targets.shape
    inputs = torch.cat([torch.ones(1, batch, dtype=torch.int64), targets[:-1].clamp(min=0)])
    model.eval()
    state: Optional[LMState] = None
    total, counted = 0.0, 0
    with torch.inference_mode():
        for start in range(0, length, chunk):
            logits, state = model(inputs[start : start + chunk], state)
            part = targets[start : start + chunk]
            total += float(character_loss(logits, part, "sum"))
            counted += int(((part >= 0) & (part < model.chars)).sum())
    return total / NATS / max(1, counted)


def in_streams(ids: Ids, streams: int, chunk: int) -> Tensor:
    """A text in equal parts beside each other, as many as it has pieces of `chunk` characters, `streams` at most.
    Returns (length of a part, parts) int64, with -1 where a part is shorter."""
    batch = min(streams, max(1, len(ids) // chunk))
    bounds = np.linspace(0, len(ids), batch + 1).astype(np.int64)
    grid = np.full((int(np.diff(bounds).max()), batch), -1, dtype=np.int64)
    for column, (start, end) in enumerate(zip(bounds, bounds[1:])):
        grid[: end - start, column] = ids[start:end]
    return torch.from_numpy(grid)
