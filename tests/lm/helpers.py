"""Tiny language models, and text to train them on."""

from pathlib import Path
from typing import Any, Sequence

import torch

from spacy_rnn.lm.settings import LMSettings
from spacy_rnn.models.char_lm_file import save_lm
from spacy_rnn.nn.char_lm import CharLM
from spacy_rnn.nn.char_vocabulary import CharVocabulary

CHARS = " .abcdefghijklmnopqrstuvwxyzTACSYé👍"


def tiny_settings(**settings: Any) -> LMSettings:
    tiny = {"hidden_size": 12, "char_width": 6, "order": 3, "rows": 50, "batch": 4, "bptt": 10, "precision": "fp32"}
    return LMSettings(**{**tiny, **settings})


def tiny_lm(labels: Sequence[str] = (), seed: int = 0, **settings: Any) -> CharLM:
    """A model with weights that are all drawn by chance."""
    vocabulary = CharVocabulary(CHARS, labels)
    torch.manual_seed(seed)
    model = CharLM(**tiny_settings(**settings).sizes(vocabulary.n_chars, vocabulary.n_inputs))
    model.alphabet.copy_(torch.tensor(vocabulary.points))
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.normal_(0, 0.5)
    return model.eval()


def write_lm(path: Path, *, backward: bool = False, labels: Sequence[str] = (), **settings: Any) -> str:
    """The path of a file with a tiny model."""
    save_lm(path, tiny_lm(labels, **settings), list(labels), backward=backward)
    return str(path)


def write_text(path: Path, lines: int = 60) -> Path:
    path.write_text("".join(f"The cat {i % 7} sleeps on mat {i % 3}.\n\n" for i in range(lines)), encoding="utf8")
    return path
