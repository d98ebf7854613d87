"""How well a language model predicts a text: as it is, or while it learns from it."""

import tempfile
from pathlib import Path
from typing import Any, Dict

import numpy as np
from torch import Tensor

from ..base.checks import check_at_least
from ..errors import CorpusError, Errors
from ..models.char_lm_file import load_lm
from ..nn.char_lm import CharLM
from ..nn.char_vocabulary import UNKNOWN, CharIds
from ..shim import Precision
from .text import CodePoints, open_ids
from .train import read
from .trainer import autocast, bits_per_character, make_optimizers, step_optimizers

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
    optimizers = make_optimizers(model)

    def learn(loss: Tensor) -> None:
        loss.backward()
        step_optimizers(optimizers, model, learn_rate, GRAD_CLIP)

    bits = bits_per_character(model, ids, streams=streams, chunk=bptt, learn=learn)
    model.eval()
    return bits
