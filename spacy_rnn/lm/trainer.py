"""Trains a character language model. A killed training is resumed with the result of an uninterrupted one."""

import json
import math
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Dict, Iterator, Optional, Tuple

import numpy as np
import safetensors.torch
import torch
from safetensors import SafetensorError
from torch import Tensor

from ..base.files import replace_file
from ..base.hashing import sha256
from ..errors import CorpusError, Errors
from ..models.char_lm_file import save_lm
from ..nn.char_lm import CharLM, LMState
from ..nn.char_vocabulary import CharIds, CharVocabulary
from ..shim import Autocast, plain_torch
from ..shim.memory import check_memory
from ..shim.serialize import read_header
from .evaluate import CPU, NATS, bits_per_character, character_loss, scores
from .optimizers import make_optimizers, step_optimizers
from .settings import LMSettings

STATE = "charlm"
# An epoch of a short text has at least so many updates: it is read in fewer places.
LEAST_UPDATES = 4
# The names of settings in the states of earlier versions.
OLD_NAMES = {"steps": "bptt", "clip": "grad_clip"}


@dataclass
class TrainingProgress:
    """The progress of a training after an update."""

    step: int
    n_steps: int
    train_bits: float  # bits per character, averaged over the last updates
    held_out_bits: Optional[float] = None


class Trainer:
    """A model, its optimizers and its place in the text.

    train, held_out: the ids of the texts.
    state_path: the file that a training is resumed from, which is replaced as a whole.
    Raises CorpusError if the text is too short, or if `state_path` belongs to another training.
    """

    def __init__(
        self, settings: LMSettings, vocabulary: CharVocabulary, train: CharIds, held_out: CharIds, state_path: Path
    ):
        self.settings, self.vocabulary = settings, vocabulary
        self.train, self.held_out, self.state_path = train, held_out, state_path
        self.checksum = sha256(train.data, held_out.data)
        if len(train) <= settings.bptt:
            raise CorpusError(Errors.D203.format(found=len(train), needed=settings.bptt + 1))
        # A short text is read in fewer places, so that each of them is more than a fragment.
        self.batch = max(1, min(settings.batch, len(train) // (LEAST_UPDATES * (settings.bptt + 1))))
        self.stream = len(train) // self.batch
        self.per_epoch = (self.stream - 1) // settings.bptt
        self.n_steps = max(1, round(settings.epochs * self.per_epoch))
        torch.manual_seed(settings.seed)
        sizes = settings.sizes(vocabulary.n_chars, vocabulary.n_inputs)
        with plain_torch(build=True):
            check_memory(CharLM, sizes)
            self.model = CharLM(**sizes)
        self.model.alphabet.copy_(torch.tensor(vocabulary.points))
        self.optimizers = make_optimizers(self.model)
        self.state = self.model.start(self.batch)
        self.step = 0
        self.mean_loss = 0.0
        if state_path.exists():
            self.restore()

    def run(self, *, save_every: int = 200, measure_every: int = 0) -> Iterator[TrainingProgress]:
        """Train to the end. Yields the progress after each update."""
        while self.step < self.n_steps:
            self.update()
            measured = self.step == self.n_steps or (measure_every and self.step % measure_every == 0)
            bits = self.measure(most=None if self.step == self.n_steps else 200_000) if measured else None
            if self.step % save_every == 0 or self.step == self.n_steps:
                self.save()
            yield TrainingProgress(self.step, self.n_steps, self.mean_loss / NATS, bits)

    def update(self) -> None:
        """Take one step of the optimizers."""
        settings, model = self.settings, self.model.train()
        epoch, place = divmod(self.step, self.per_epoch)
        if place == 0:
            self.state = model.start(self.batch)
        ids = self.cut(epoch, place)
        with Autocast(self.settings.precision, CPU):
            logits, state = model(ids[:-1], self.state, dropout=settings.dropout)
        loss = character_loss(logits, ids[1:], "mean")
        loss.backward()
        step_optimizers(self.optimizers, model, self.learn_rate(), settings.grad_clip)
        self.state = state.detach()
        self.step += 1
        weight = min(0.99, 1 - 1 / self.step)
        self.mean_loss = weight * self.mean_loss + (1 - weight) * loss.item()

    def cut(self, epoch: int, place: int) -> Tensor:
        """The ids of one update, (bptt + 1, batch). Each epoch starts at another place of the text."""
        bptt = self.settings.bptt
        shift = int(np.random.default_rng([self.settings.seed, epoch]).integers(len(self.train))) if epoch else 0
        starts = (np.arange(self.batch) * self.stream + place * bptt + shift) % len(self.train)
        places = (np.arange(bptt + 1)[:, None] + starts) % len(self.train)
        return torch.from_numpy(self.train[places].astype(np.int64))

    def learn_rate(self) -> float:
        """The learning rate of the next update, see `LMSettings`."""
        settings = self.settings
        rising = (self.step + 1) / (min(settings.warmup, self.n_steps // 10) + 1)
        return settings.learn_rate * min(1.0, rising) * 0.5 * (1 + math.cos(math.pi * self.step / self.n_steps))

    def measure(self, most: Optional[int] = None) -> Optional[float]:
        """Bits per character on (the first `most` characters of) the held-out text."""
        ids = self.held_out if most is None else self.held_out[:most]
        with Autocast(self.settings.precision, CPU):
            return bits_per_character(self.model, np.asarray(ids))

    def scores(self) -> Dict[str, Optional[float]]:
        """See `evaluate_lm`; on the held-out text."""
        return scores(self.measure(), self.held_out)

    def save(self) -> None:
        """Write everything that training is resumed from to one file, which is replaced in one step."""
        tensors = {f"model.{name}": tensor for name, tensor in self.model.state_dict().items()}
        for name, weight in self.model.named_parameters():
            for optimizer in self.optimizers:
                slot = optimizer.state.get(weight, {})
                tensors.update({f"optimizer.{name}.{key}": torch.as_tensor(value) for key, value in slot.items()})
        tensors.update(self.state._asdict(), random=torch.get_rng_state())
        header = {"step": self.step, "mean_loss": self.mean_loss, "training": self.fingerprint()}
        data = safetensors.torch.save(
            {name: tensor.contiguous() for name, tensor in tensors.items()}, {STATE: json.dumps(header)}
        )
        replace_file(self.state_path, data)

    def restore(self) -> None:
        """Load the state that `save` wrote. Raises CorpusError if it belongs to another training or is damaged."""
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
                    slot["step"] = int(slot["step"])  # it counts in integers; a tensor would round differently
                optimizer.state[weight] = slot
        self.state = LMState(**{name: tensors[name] for name in LMState._fields})
        torch.set_rng_state(tensors["random"])
        self.step, self.mean_loss = header["step"], header["mean_loss"]

    def fingerprint(self) -> Dict[str, Any]:
        """What must be equal for a training to be resumed. The number of epochs may change: from there on, the learning
        rate follows the curve of the new number."""
        settings = {name: value for name, value in asdict(self.settings).items() if name != "epochs"}
        return {**settings, "alphabet": self.vocabulary.chars, "ids": self.checksum}

    def write(self, path: Path) -> None:
        """Write the model as it is now."""
        save_lm(path, self.model, self.vocabulary.labels, backward=self.settings.direction == "backward")


def read_state(path: Path) -> Tuple[Dict[str, Any], Dict[str, Tensor]]:
    """The header and the tensors of a state. Raises CorpusError for a damaged one."""
    try:
        data = path.read_bytes()
        return read_header(data, STATE), safetensors.torch.load(data)
    except (SafetensorError, ValueError, KeyError, TypeError) as error:
        raise CorpusError(Errors.D204.format(path=path)) from error
