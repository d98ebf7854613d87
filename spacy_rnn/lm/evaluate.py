"""How well a language model predicts a text: as it is, or while it learns from it."""

import tempfile
from pathlib import Path
from typing import Any, Dict, Optional

import numpy as np
import torch

from ..base.checks import check_at_least
from ..errors import CorpusError, Errors
from ..models.char_lm_file import load_lm
from ..nn.char_lm import CharLM, LMState
from ..nn.char_vocabulary import SEPARATOR, UNKNOWN, CharIds
from ..shim import Precision
from .text import CodePoints, open_ids
from .train import read
from .trainer import NATS, autocast, bits_per_character, character_loss, in_streams, make_optimizers, step_optimizers

GRAD_CLIP = 1.0


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
    with autocast(precision):
        bits = adaptive_bits(lm.model, ids, adapt) if adapt else bits_per_character(lm.model, ids)
    return {"bits_per_character": bits, "perplexity": 2**bits, "unknown": float((ids == UNKNOWN).mean())}


def adaptive_bits(model: CharLM, ids: CharIds, learn_rate: float, *, streams: int = 4, bptt: int = 20) -> float:
    """Bits per character of a text that the model learns from as it reads (dynamic evaluation, Krause et al. 2018, here
    with Adam). The model predicts `bptt` characters before it learns from them, as adaptive compressors do, so names
    and layout that repeat become cheap. Changes the model."""
    grid = in_streams(ids, streams, bptt)
    state: Optional[LMState] = None
    previous = torch.full((1, grid.shape[1]), SEPARATOR)
    optimizers = make_optimizers(model.train())
    total, counted = 0.0, 0
    for targets in grid.split(bptt):
        inputs = torch.cat([previous, targets[:-1].clamp(min=0)])
        logits, state = model(inputs, state)
        known = int(((targets >= 0) & (targets < model.chars)).sum())
        loss = character_loss(logits, targets, "sum")
        total, counted = total + loss.item(), counted + known
        (loss / max(1, known)).backward()
        step_optimizers(optimizers, model, learn_rate, GRAD_CLIP)
        state, previous = state.detach(), targets[-1:].clamp(min=0)
    model.eval()
    return total / NATS / max(1, counted)
