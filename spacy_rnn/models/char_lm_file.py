"""A character language model as one file: safetensors with a JSON header."""

from pathlib import Path
from typing import Any, Dict, List, NamedTuple

import torch
from torch import Tensor

from ..base.files import replace_file
from ..errors import Errors, ModelFileError
from ..nn.char_lm import CharLM, current_sizes
from ..nn.char_vocabulary import CharVocabulary
from ..shim import in_plain_torch, plain_torch
from ..shim.serialize import from_safetensors, load_state, read_header, to_safetensors


class LoadedLM(NamedTuple):
    """A language model, its characters and labels, and whether it reads texts from their end."""

    model: CharLM
    vocabulary: CharVocabulary
    backward: bool


def save_lm(path: Path, model: CharLM, labels: List[str], *, backward: bool) -> None:
    """Write a model to a file, which appears complete or not at all."""
    replace_file(path, to_safetensors(model, model.sizes, char_lm={"backward": backward, "labels": labels}))


@in_plain_torch
def load_lm(path: Path) -> LoadedLM:
    """Load a model that `save_lm` wrote, ready for predicting. Raises ModelFileError, which names the file, if there is
    none, if it is damaged or if it holds something else."""
    if not path.is_file():
        raise ModelFileError(Errors.R201.format(path=path))
    data = path.read_bytes()
    try:
        sizes, state = from_safetensors(data)
        notes: Any = read_header(data)["char_lm"]
        labels, backward = notes["labels"], notes["backward"]
        if sizes is None or type(labels) is not list or not all(type(label) is str and label for label in labels):
            raise ValueError(f"its header is {notes} with sizes {sizes}")
        # Without memory first, since sizes in a foreign file can be anything.
        with plain_torch(build=True), torch.device("meta"):
            model = CharLM(**current_sizes(sizes))
        if _shapes(model.state_dict()) != _shapes(state):
            raise ValueError("its tensors do not fit its sizes")
        if model.sizes["inputs"] != model.chars + len(labels):
            raise ValueError(f"it has {len(labels)} labels, and sizes {sizes}")
        load_state(model.to_empty(device="cpu"), state)
        vocabulary = CharVocabulary.from_points(model.alphabet.tolist(), labels)
    except Exception as error:  # a foreign header can make a network raise anything
        raise ModelFileError(Errors.R202.format(path=path, reason=error)) from error
    return LoadedLM(model.eval(), vocabulary, bool(backward))


def _shapes(state: Dict[str, Tensor]) -> Dict[str, torch.Size]:
    return {name: tensor.shape for name, tensor in state.items()}
