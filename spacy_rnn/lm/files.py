"""A language model as one file: safetensors with a JSON header."""

from pathlib import Path
from typing import NamedTuple

from ..base.files import replace_file
from ..models.char_lm_file import read_char_lm
from ..nn.char_lm import CharLM
from ..shim.serialize import to_safetensors
from .text import CharVocabulary


class LoadedLM(NamedTuple):
    """What a file of a language model holds."""

    model: CharLM
    vocabulary: CharVocabulary
    backward: bool


def save_lm(path: Path, model: CharLM, vocabulary: CharVocabulary, *, backward: bool) -> None:
    """Write a model as one file, which is there complete or not at all."""
    data = to_safetensors(model, model.sizes, char_lm={"backward": backward, "labels": vocabulary.labels})
    replace_file(path, data)


def load_lm(path: Path) -> LoadedLM:
    """Read what `save_lm` wrote. Raises ValueError for anything else."""
    found = read_char_lm(path)
    model = CharLM(**found.sizes)
    model.load_state_dict(found.state)
    vocabulary = CharVocabulary.from_points(model.alphabet.tolist(), found.labels)
    return LoadedLM(model.eval(), vocabulary, found.backward)
