"""How well a language model predicts a text: as it is, or while it learns from it."""

import math
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, Optional

import numpy as np
import torch
from torch import Tensor, nn

from ..base.checks import check_at_least
from ..errors import CorpusError, Errors
from ..models.char_lm_file import load_lm
from ..nn.char_lm import CharLM, LMState
from ..nn.char_vocabulary import SEPARATOR, UNKNOWN, CharIds
from ..shim import Autocast, Precision, in_plain_torch
from .optimizers import make_optimizers, step_optimizers
from .text import CodePoints, open_ids, read

NATS = math.log(2)
CPU = torch.device("cpu")
GRAD_CLIP = 1.0


@in_plain_torch
def evaluate_lm(model: Path, text: Path, *, adapt: float = 0.0, precision: Precision = "auto") -> Dict[str, Any]:
    """Measure the bits per character, the perplexity, and the share of unknown characters of a text.

    text: a file of a kind that `train_lm` takes.
    adapt: 0, or a learning rate such as 0.001: the model then learns from each piece of the text after it has predicted
        it, see `adaptive_bits`. The file of the model does not change.
    Raises ModelFileError if `model` is no language model, and CorpusError if the text cannot be used.
    """
    check_at_least("adapt", adapt, 0.0)
    lm = load_lm(model)
    with tempfile.TemporaryDirectory() as scratch:
        points = CodePoints(Path(scratch) / "points", read(text, seed=0), backward=lm.backward)
        points.write_ids(Path(scratch) / "ids", lm.vocabulary)
        ids = np.array(open_ids(Path(scratch) / "ids"))
        del points  # closes its file
    if not len(ids):
        raise CorpusError(Errors.D203.format(found=0, needed=1))
    with Autocast(precision, CPU):
        bits = adaptive_bits(lm.model, ids, adapt) if adapt else bits_per_character(lm.model, ids)
    if bits is None:
        raise CorpusError(Errors.D203.format(found=0, needed=1))
    return scores(bits, ids)


def scores(bits: Optional[float], ids: CharIds) -> Dict[str, Optional[float]]:
    """The bits per character of a text with what follows from them, and its share of unknown characters; None for all
    of them without a character."""
    if bits is None:
        return {"bits_per_character": None, "perplexity": None, "unknown": None}
    return {"bits_per_character": bits, "perplexity": 2**bits, "unknown": float((ids == UNKNOWN).mean())}


def adaptive_bits(
    model: CharLM, ids: CharIds, learn_rate: float, *, streams: int = 4, bptt: int = 20
) -> Optional[float]:
    """Bits per character of a text that the model learns from as it reads (dynamic evaluation, Krause et al. 2018, here
    with Adam). The model predicts `bptt` characters before it learns from them, as adaptive compressors do, so names
    and layout that repeat become cheap. Changes the model."""
    optimizers = make_optimizers(model)

    def learn(loss: Tensor) -> None:
        loss.backward()
        step_optimizers(optimizers, model, learn_rate, GRAD_CLIP)

    return bits_per_character(model, ids, streams=streams, chunk=bptt, learn=learn)


def bits_per_character(
    model: CharLM,
    ids: CharIds,
    *,
    streams: int = 32,
    chunk: int = 256,
    learn: Optional[Callable[[Tensor], None]] = None,
) -> Optional[float]:
    """Bits per character of a text, None for a text without characters, read in `streams` places at once, `chunk`
    characters at a time. Each place starts from the state at the beginning of a text.

    learn: takes the mean loss of each chunk, in nats, after its bits are counted; the model then is in training mode.
    """
    grid = in_streams(ids, streams, chunk)
    state: Optional[LMState] = None
    previous = torch.full((1, grid.shape[1]), SEPARATOR)
    total, counted = 0.0, 0
    with torch.inference_mode(learn is None), in_mode(model, learn is not None):
        for start in range(0, len(grid), chunk):
            targets = grid[start : start + chunk]
            logits, state = model(torch.cat([previous, targets[:-1].clamp(min=0)]), state)
            known = int(((targets >= 0) & (targets < model.chars)).sum())
            loss = character_loss(logits, targets, "sum")
            total, counted = total + loss.item(), counted + known
            if learn is not None:
                learn(loss / max(1, known))
            state, previous = state.detach(), targets[-1:].clamp(min=0)
    return total / NATS / counted if counted else None


@contextmanager
def in_mode(model: CharLM, training: bool) -> Iterator[None]:
    """Within the block, a model is in training mode or in evaluation mode."""
    before = model.training
    model.train(training)
    try:
        yield
    finally:
        model.train(before)


def in_streams(ids: CharIds, streams: int, chunk: int) -> Tensor:
    """A text in equal parts, `streams` at most, with at least `chunk` characters each. Returns (length of a part,
    parts) int64, with -1 where a part is shorter."""
    batch = min(streams, max(1, len(ids) // chunk))
    bounds = np.linspace(0, len(ids), batch + 1).astype(np.int64)
    grid = np.full((int(np.diff(bounds).max()), batch), -1, dtype=np.int64)
    for column, (start, end) in enumerate(zip(bounds, bounds[1:])):
        grid[: end - start, column] = ids[start:end]
    return torch.from_numpy(grid)


def character_loss(logits: Tensor, targets: Tensor, reduction: str) -> Tensor:
    """The cross-entropy of the next characters, in nats. Labels, whose ids follow those of characters, are never
    predicted. logits: (steps, batch, chars); targets: (steps, batch), -1 where there is none."""
    chars = logits.shape[2]
    targets = targets.masked_fill((targets < 0) | (targets >= chars), -100)
    return nn.functional.cross_entropy(logits.flatten(0, 1), targets.flatten(), reduction=reduction)
