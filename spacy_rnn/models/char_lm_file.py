"""What a file of a language model holds, checked before anything is built from it."""

from pathlib import Path
from typing import Any, Dict, List, NamedTuple

from torch import Tensor

from ..errors import Errors, ModelFileError
from ..nn.char_lm import CELL_OF_GATES, CharLM
from ..shim.serialize import Sizes, from_safetensors, read_notes


class CharLMFile(NamedTuple):
    """A file's content."""

    sizes: Sizes
    """What `CharLM` is built with."""
    state: Dict[str, Tensor]
    backward: bool
    labels: List[str]


def read_char_lm(path: Path) -> CharLMFile:
    """Read a language model. Raises ValueError, with a sentence that names the file, if there is none, if it is damaged
    or if it is something else."""
    if not path.is_file():
        raise ModelFileError(Errors.R201.format(path=path))
    data = path.read_bytes()
    try:
        sizes, state = from_safetensors(data)
        notes: Any = read_notes(data)["char_lm"]
        labels, backward = notes["labels"], notes["backward"]
        if sizes is None or sizes.get("gates") not in CELL_OF_GATES or not _are_names(labels):
            raise ValueError(f"its header is {notes} with sizes {sizes}")
        if sizes.get("inputs") != sizes.get("chars", 0) + len(labels):
            raise ValueError(f"it has {len(labels)} labels, and sizes {sizes}")
        _check_shapes(sizes, state)
    except (ValueError, KeyError, TypeError, RuntimeError) as error:  # the last one for sizes beyond all measure
        raise ModelFileError(Errors.R202.format(path=path, reason=error)) from error
    return CharLMFile(sizes, state, bool(backward), labels)


def _check_shapes(sizes: Sizes, state: Dict[str, Tensor]) -> None:
    """Compare with a model that takes no memory, since sizes in a foreign file can be anything."""
    import torch

    with torch.device("meta"):
        module = CharLM(**sizes)
    expected = {name: tensor.shape for name, tensor in module.state_dict().items()}
    found = {name: tensor.shape for name, tensor in state.items()}
    if expected != found:
        raise ValueError("its tensors do not fit its sizes")


def _are_names(labels: Any) -> bool:
    return isinstance(labels, list) and all(isinstance(label, str) and label for label in labels)
