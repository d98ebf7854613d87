"""How well a language model knows a text: as it is, or while it learns from it."""

import tempfile
from pathlib import Path
from typing import Any, Dict, Optional

import numpy as np
import torch

from ..base.checks import check_at_least
from ..errors import CorpusError, Errors
from ..nn.char_lm import SEPARATOR, UNKNOWN, CharLM, LMState
from ..shim import Precision
from .files import load_lm
from .text import Ids, open_ids, write_ids
from .train import read
from .trainer import NATS, autocast, bits_per_character, character_loss, in_streams, make_optimizers, step_optimizers

CLIP = 1.0


def evaluate_lm(model: Path, text: Path, *, adapt: float = 0.0, precision: Precision = "auto") -> Dict[str, Any]:
    """Bits per character, perplexity and the share of characters that the model does not know, of a text of the kinds
    that `train_lm` takes.

    adapt: 0, or a learning rate (0.001 is a good one): the model then learns from each piece of the text after it has
        predicted it, see `adaptive_bits`; its file stays as it is.
    Raises ValueError for what is no language model, CorpusError for what is no text.
    """
    check_at_least("adapt", adapt, 0.0)
    lm = load_lm(model)
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / "text.ids"
        if not write_ids(path, read(text, seed=0), lm.vocabulary, backward=lm.backward):
            raise CorpusError(Errors.D203.format(found=0, needed=1))
        ids = np.array(open_ids(path))
    with autocast(precision):
        bits = adaptive_bits(lm.model, ids, adapt) if adapt else bits_per_character(lm.model, ids)
    return {"bits_per_character": bits, "perplexity": 2**bits, "unknown": float((ids == UNKNOWN).mean())}


def adaptive_bits(model: CharLM, ids: Ids, learn_rate: float, *, streams: int = 4, bptt: int = 20) -> float:
    """Bits per character of a text that the model learns from as it reads (dynamic evaluation, Krause et al. 2018, here
    with Adam): `bptt` characters are predicted before the model learns from them, as adaptive compressors do. What
    repeats itself in a text, its names and its layout, gets cheap. The model is another one afterwards."""
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
        step_optimizers(optimizers, model, learn_rate, CLIP)
        state, previous = state.detach(), targets[-1:].clamp(min=0)
    model.eval()
    return total / NATS / max(1, counted)
