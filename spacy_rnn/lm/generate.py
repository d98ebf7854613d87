"""Draws texts from a language model, character by character."""

from typing import List, Optional

import numpy as np
import torch
from torch import Tensor

from ..base.checks import check_at_least
from ..errors import CorpusError, Errors, SettingError
from ..models.char_lm_file import LoadedLM
from ..nn.char_vocabulary import SEPARATOR, UNKNOWN
from ..shim import in_plain_torch
from .evaluate import in_mode


@in_plain_torch
def generate(
    lm: LoadedLM,
    *,
    n: int = 1,
    label: Optional[str] = None,
    prompt: str = "",
    temperature: float = 1.0,
    top_k: int = 0,
    top_p: float = 1.0,
    max_chars: int = 500,
    seed: int = 0,
) -> List[str]:
    """Draw texts that end where the model ends its line, or after `max_chars` characters.

    n: the number of texts. The first ones are the same however many there are.
    label: the label of the texts; required by a model that was trained with labels, and taken by no other.
    prompt: how every text begins, or ends, if the model reads backward.
    temperature: below 1, likely characters become likelier; 0 takes the likeliest only.
    top_k: draw among the k likeliest characters; 0 among all.
    top_p: draw among the fewest characters whose probabilities add up to this (Holtzman et al. 2020).
    seed: the same seed gives the same texts.
    Raises CorpusError for a missing or an unknown label, and SettingError for a setting out of range.
    """
    check_at_least("temperature", temperature, 0)
    check_at_least("top_k", top_k, 0)
    if not 0.0 < top_p <= 1.0:
        raise SettingError(Errors.R005.format(name="top_p", value=top_p, expected="above 0 and at most 1"))
    check_at_least("n", n, 1)
    check_at_least("max_chars", max_chars, 1)
    model, vocabulary = lm.model, lm.vocabulary
    if bool(label) != bool(vocabulary.labels):
        raise CorpusError(Errors.D205.format(labels=", ".join(vocabulary.labels) or "none", label=label))
    given = vocabulary.encode(prompt[::-1] if lm.backward else prompt).astype(np.int64).tolist()
    read = [SEPARATOR, *([vocabulary.label_id(label)] if label else []), *given]
    randoms = [np.random.default_rng([seed, i]) for i in range(n)]
    texts: List[List[int]] = [[] for _ in range(n)]
    open_texts = list(range(n))
    with torch.inference_mode(), in_mode(model, False):
        logits, state = model(torch.tensor(read).unsqueeze(1).expand(-1, n))
        for written in range(len(given), max_chars):
            logits = logits[-1].index_fill(1, torch.tensor([UNKNOWN]), -torch.inf)
            if not written:
                logits = logits.index_fill(1, torch.tensor([SEPARATOR]), -torch.inf)
            drawn = draw(sampling(logits, temperature, top_k, top_p), [float(random.random()) for random in randoms])
            for i in open_texts:
                texts[i].append(int(drawn[i]))
            open_texts = [i for i in open_texts if texts[i][-1] != SEPARATOR]
            if not open_texts:
                break
            logits, state = model(drawn.unsqueeze(0), state)
    written_texts = [vocabulary.decode(text).rstrip("\n") for text in texts]
    return [text[::-1] + prompt if lm.backward else prompt + text for text in written_texts]


def sampling(logits: Tensor, temperature: float, top_k: int, top_p: float) -> Tensor:
    """The probabilities to draw with, (n, chars), for logits of the same shape; see `generate`. The likeliest character
    is never excluded. Of equally likely characters, the one with the smaller id counts as the likelier."""
    ordered, order = logits.double().sort(dim=1, descending=True, stable=True)
    if temperature == 0:
        top_k = 1
    else:
        ordered = ordered / temperature
    probabilities = ordered.softmax(dim=1)
    kept = torch.ones_like(probabilities, dtype=torch.bool)
    if top_k:
        kept[:, top_k:] = False
    probabilities = probabilities * kept
    probabilities = probabilities / probabilities.sum(dim=1, keepdim=True)
    before = probabilities.cumsum(dim=1) - probabilities
    kept = before < top_p
    kept[:, 0] = True  # `before` is 0 there except for rounding
    probabilities = probabilities * kept
    probabilities = probabilities / probabilities.sum(dim=1, keepdim=True)
    return torch.zeros_like(probabilities).scatter_(1, order, probabilities)


def draw(probabilities: Tensor, randoms: List[float]) -> Tensor:
    """Draw one character a row, (n,), by random numbers from [0, 1)."""
    cumulated = probabilities.cumsum(dim=1)
    wanted = torch.tensor(randoms, dtype=cumulated.dtype).unsqueeze(1) * cumulated[:, -1:]
    return (cumulated <= wanted).sum(dim=1).clamp(max=probabilities.shape[1] - 1)
