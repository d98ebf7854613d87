"""A character language model as one file: safetensors with a JSON header."""

from pathlib import Path
from typing import Any, Dict, List, NamedTuple

import torch
from torch import Tensor

from ..base.files import replace_file
from ..errors import Errors, ModelFileError
from ..nn.char_lm import CharLM, current_sizes
from ..nn.char_vocabulary import CharVocabulary
from ..shim.serialize import from_safetensors, read_header, to_safetensors


class CharLMFile(NamedTuple):
    """The content of a file."""

    sizes: Dict[str, Any]
    """The arguments of `CharLM`."""
    state: Dict[str, Tensor]
    backward: bool
    labels: List[str]


class LoadedLM(NamedTuple):
    """A language model, its characters and labels, and whether it reads texts from their end."""

    model: CharLM
    vocabulary: CharVocabulary
    backward: bool


def save_lm(path: Path, model: CharLM, labels: List[str], *, backward: bool) -> None:
    """Write a model to a file, which appears complete or not at all."""
    replace_file(path, to_safetensors(model, model.sizes, char_lm={"backward": backward, "labels": labels}))


def load_lm(path: Path) -> LoadedLM:
    """Load a model that `save_lm` wrote, ready for predicting. Raises ModelFileError for anything else."""
    found = read_char_lm(path)
    model = CharLM(**found.sizes)
    model.load_state_dict(found.state)
    vocabulary = CharVocabulary.from_points(model.alphabet.tolist(), found.labels)
    return LoadedLM(model.eval(), vocabulary, found.backward)


def read_char_lm(path: Path) -> CharLMFile:
    """Read and check a file of a language model. Raises ModelFileError, which names the file, if there is none, if it
    is damaged or if it holds something else."""
    if not path.is_file():
        raise ModelFileError(Errors.R201.format(path=path))
    data = path.read_bytes()
    try:
        sizes, state = from_safetensors(data)
        notes: Any = read_header(data)["char_lm"]
        labels, backward = notes["labels"], notes["backward"]
        if sizes is None or not _are_names(labels):
            raise ValueError(f"its header is {notes} with sizes {sizes}")
        sizes = current_sizes(sizes)
        if sizes.get("inputs") != sizes.get("chars", 0) + len(labels):
            raise ValueError(f"it has {len(labels)} labels, and sizes {sizes}")
        _check_shapes(sizes, state)
    except Exception as error:  # a foreign header can make a network raise anything
        raise ModelFileError(Errors.R202.format(path=path, reason=error)) from error
    return CharLMFile(sizes, state, bool(backward), labels)


def _check_shapes(sizes: Dict[str, Any], state: Dict[str, Tensor]) -> None:
    """Compare with a model without memory, since sizes in a foreign file can be anything."""
    with torch.device("meta"):
        module = CharLM(**sizes)
    expected = {name: tensor.shape for name, tensor in module.state_dict().items()}
    found = {name: tensor.shape for name, tensor in state.items()}
    if expected != found:
        raise ValueError("its tensors do not fit its sizes")


def _are_names(labels: Any) -> bool:
    return isinstance(labels, list) and all(isinstance(label, str) and label for label in labels)
