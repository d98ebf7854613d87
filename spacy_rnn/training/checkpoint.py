"""All that a training needs to continue as if it had never ended: weights, optimizer state, random states and progress.
Tensors are stored in safetensors, everything else in JSON; nothing is pickled."""

import json
import random
from collections import defaultdict
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Dict, Iterator, List, Optional, Tuple

import numpy as np
import safetensors.torch
import torch
from safetensors import SafetensorError
from spacy.language import Language
from thinc.api import Optimizer, get_current_ops
from thinc.util import xp2torch
from torch import Tensor

from ..base.files import replaced_folder
from ..errors import Errors, TrainingError
from ..pipeline.load import one_line
from ..pipeline.saving import check_files, write_checksums
from ..shim import TorchShim, mark_all_changed
from .weights import Key, models, weights

PIPELINE, STATE, TENSORS = "pipeline", "state.json", "state.safetensors"
VERSION = 2

_MEMORY = ("mom1", "mom2", "averages")


def save_checkpoint(
    path: Path, nlp: Language, optimizer: Optimizer, progress: Dict[str, Any], numbers: List[Dict[str, Any]]
) -> None:
    """Write a checkpoint, which replaces the one before in one step.

    progress: plain data. numbers: the random states of all processes, see `random_state`.
    """
    tensors = dict(_weights(nlp))
    names = dict(_keys(nlp))
    for kind in _MEMORY:
        for key, array in (getattr(optimizer, kind) or {}).items():
            tensors[f"{kind}/{names[key]}"] = xp2torch(array)
    for rank, found in enumerate(numbers):
        tensors.update({f"random/{rank}/{name}": tensor for name, tensor in found["tensors"].items()})
    state = {
        "version": VERSION,
        "progress": progress,
        "updates": {names[key]: n for key, n in optimizer.nr_update.items()},
        "random": [found["plain"] for found in numbers],
    }
    with replaced_folder(path) as folder:
        nlp.to_disk(folder / PIPELINE, exclude=_of_the_config(nlp))
        kept = {name: tensor.detach().cpu().clone().contiguous() for name, tensor in tensors.items()}
        (folder / TENSORS).write_bytes(safetensors.torch.save(kept))
        (folder / STATE).write_text(json.dumps(state), encoding="utf8")
        write_checksums(folder, before=folder)


def _of_the_config(nlp: Language) -> List[str]:
    """What a checkpoint leaves out: word vectors, which may take hundreds of megabytes and are those of the config,
    since training does not change them. A component of this name would be left out too."""
    return [name for name in ["vectors"] if name not in nlp.component_names]


def read_progress(path: Path) -> Tuple[Dict[str, Any], int]:
    """The progress that `save_checkpoint` was given, and the number of processes. Raises TrainingError if the
    checkpoint is not complete."""
    with _refused(path):
        state = _read_state(path)
        return state["progress"], len(state["random"])


def load_checkpoint(path: Path, nlp: Language, optimizer: Optimizer) -> List[Dict[str, Any]]:
    """Restore an initialized pipeline and an optimizer, and return the random states of all processes. Raises
    TrainingError for anything that is not a complete checkpoint of this pipeline."""
    with _refused(path):
        state = _read_state(path)
        tensors = safetensors.torch.load((path / TENSORS).read_bytes())
        nlp.from_disk(path / PIPELINE, exclude=_of_the_config(nlp))
        with torch.no_grad():
            for name, weight in _weights(nlp):
                weight.copy_(tensors[name])
        for _, model in models(nlp):
            mark_all_changed(model)
        _restore(optimizer, {name: key for key, name in _keys(nlp)}, tensors, state["updates"])
        return [_numbers(rank, plain, tensors) for rank, plain in enumerate(state["random"])]


@contextmanager
def _refused(path: Path) -> Iterator[None]:
    """Raise TrainingError for the checkpoint, whatever is wrong with it."""
    try:
        yield
    except (ValueError, KeyError, TypeError, RuntimeError, OSError, SafetensorError) as error:
        raise TrainingError(Errors.R191.format(path=path, reason=one_line(error))) from error


def _read_state(path: Path) -> Dict[str, Any]:
    check_files(path, needed=(STATE, TENSORS))
    state: Dict[str, Any] = json.loads((path / STATE).read_text(encoding="utf8"))
    if state["version"] != VERSION:
        raise ValueError(f"version {state['version']}")
    return state


def _restore(optimizer: Optimizer, keys: Dict[str, Key], tensors: Dict[str, Tensor], updates: Dict[str, int]) -> None:
    ops: Any = get_current_ops()
    for kind in _MEMORY:
        memory: Any = getattr(optimizer, kind)
        for name, tensor in tensors.items():
            if name.startswith(f"{kind}/"):
                memory[keys[name.removeprefix(f"{kind}/")]] = ops.asarray(tensor.numpy()).copy()
    optimizer.nr_update = defaultdict(int, {keys[name]: n for name, n in updates.items()})


def random_state() -> Dict[str, Any]:
    """The states of the random generators of Python, numpy and torch."""
    version, words, gauss = random.getstate()
    kind, keys, *rest = np.random.get_state(legacy=True)
    plain = {"python": [version, list(words), gauss], "numpy": [kind, [int(key) for key in keys], *rest]}
    tensors = {"torch": torch.get_rng_state()}
    if torch.cuda.is_available():
        tensors["cuda"] = torch.cuda.get_rng_state()
    return {"plain": plain, "tensors": tensors}


def set_random_state(state: Dict[str, Any]) -> None:
    version, words, gauss = state["plain"]["python"]
    random.setstate((version, tuple(words), gauss))
    kind, keys, *rest = state["plain"]["numpy"]
    np.random.set_state((kind, np.array(keys, dtype=np.uint32), *rest))
    torch.set_rng_state(state["tensors"]["torch"])
    if "cuda" in state["tensors"] and torch.cuda.is_available():
        torch.cuda.set_rng_state(state["tensors"]["cuda"])


@contextmanager
def kept_random_state() -> Iterator[None]:
    """Restore the states of the random generators after the block."""
    state = random_state()
    try:
        yield
    finally:
        set_random_state(state)


def _numbers(rank: int, plain: Dict[str, Any], tensors: Dict[str, Tensor]) -> Dict[str, Any]:
    prefix = f"random/{rank}/"
    mine = {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}
    return {"plain": plain, "tensors": mine}


def _keys(nlp: Language) -> Iterator[Tuple[Key, str]]:
    """The key of each weight in the optimizer, with the name of the weight."""
    return ((weight.key, weight.name) for name, model in models(nlp) for weight in weights(name, model))


def _weights(nlp: Language) -> Iterator[Tuple[str, Tensor]]:
    """Our torch weights. Saved pipelines leave out rows of tables that are not in use yet, which training needs."""
    for name, model in models(nlp):
        for weight in weights(name, model):
            if isinstance(weight.shim, TorchShim) and weight.parameter is not None:
                yield f"weights/{weight.name}", weight.parameter


def find_checkpoint(folder: Path) -> Optional[Path]:
    """The checkpoint in the output folder of a training."""
    path = folder / "checkpoint"
    return path if (path / STATE).is_file() else None
