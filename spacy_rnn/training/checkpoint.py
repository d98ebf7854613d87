"""All that a training needs to go on as if it had never ended: weights, the optimizer's memory, random numbers, and how
far it was. Numbers are in safetensors, the rest is JSON; nothing is pickled."""

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
from ..pipeline.saving import check_files, write_checksums
from ..shim import TorchShim

PIPELINE, STATE, TENSORS = "pipeline", "state.json", "state.safetensors"
VERSION = 2
Key = Tuple[int, str]

_MEMORY = ("mom1", "mom2", "averages")


def save_checkpoint(
    path: Path, nlp: Language, optimizer: Optimizer, progress: Dict[str, Any], numbers: List[Dict[str, Any]]
) -> None:
    """Write a checkpoint, replacing the one before in one step.

    progress: plain data on how far training is. numbers: the random numbers of each process, see `random_state`.
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
        nlp.to_disk(folder / PIPELINE)
        kept = {name: tensor.detach().cpu().clone().contiguous() for name, tensor in tensors.items()}
        (folder / TENSORS).write_bytes(safetensors.torch.save(kept))
        (folder / STATE).write_text(json.dumps(state), encoding="utf8")
        write_checksums(folder, before=folder)


def read_progress(path: Path) -> Tuple[Dict[str, Any], int]:
    """How far training was, as `save_checkpoint` was given it, and the number of processes. Raises TrainingError for
    anything that is not a whole checkpoint."""
    with _refused(path):
        state = _read_state(path)
        return state["progress"], len(state["random"])


def load_checkpoint(path: Path, nlp: Language, optimizer: Optimizer) -> List[Dict[str, Any]]:
    """Put an initialized pipeline and an optimizer back to where they were. Returns the random numbers of each process.
    Raises TrainingError for anything that is not a whole checkpoint of this pipeline."""
    with _refused(path):
        state = _read_state(path)
        tensors = safetensors.torch.load((path / TENSORS).read_bytes())
        nlp.from_disk(path / PIPELINE)
        with torch.no_grad():
            for name, weight in _weights(nlp):
                weight.copy_(tensors[name])
        _mark_changed(nlp)
        _restore(optimizer, {name: key for key, name in _keys(nlp)}, tensors, state["updates"])
        return [_numbers(rank, plain, tensors) for rank, plain in enumerate(state["random"])]


@contextmanager
def _refused(path: Path) -> Iterator[None]:
    """Says of whatever goes wrong that it was the checkpoint."""
    try:
        yield
    except (ValueError, KeyError, TypeError, RuntimeError, OSError, SafetensorError) as error:
        reason = " ".join((str(error) or type(error).__name__).split())
        raise TrainingError(Errors.R191.format(path=path, reason=reason)) from error


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
    """The state of Python's, numpy's and torch's random numbers."""
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


def _numbers(rank: int, plain: Dict[str, Any], tensors: Dict[str, Tensor]) -> Dict[str, Any]:
    prefix = f"random/{rank}/"
    mine = {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}
    return {"plain": plain, "tensors": mine}


def _nodes(nlp: Language) -> Iterator[Tuple[str, Any]]:
    """All layers by a name that a later process gives them too."""
    for name, proc in nlp.pipeline:
        model: Any = getattr(proc, "model", None)
        if hasattr(model, "walk"):
            for i, node in enumerate(model.walk()):
                yield f"{name}/{i}", node


def _keys(nlp: Language) -> Iterator[Tuple[Key, str]]:
    """Under which key the optimizer remembers something of each weight. Layers and torch modules are numbered each by
    themselves, so that a number alone does not tell which of them is meant."""
    for name, node in _nodes(nlp):
        for parameter in node.param_names:
            yield (node.id, parameter), f"{name}//{parameter}"
        for i, shim in enumerate(node.shims):
            module = shim._model
            if isinstance(module, torch.nn.Module):
                for parameter, _ in module.named_parameters():
                    yield (shim.id, parameter), f"{name}/{i}//{parameter}"


def _weights(nlp: Language) -> Iterator[Tuple[str, Tensor]]:
    """All torch weights. Saved pipelines leave out rows of tables that are not in use yet, with which training would
    have gone on."""
    for name, node in _nodes(nlp):
        for i, shim in enumerate(node.shims):
            if isinstance(shim, TorchShim) and shim.sizes is not None:
                for parameter_name, parameter in shim.module.named_parameters():
                    yield f"weights/{name}/{i}//{parameter_name}", parameter


def _mark_changed(nlp: Language) -> None:
    for _, node in _nodes(nlp):
        for shim in node.shims:
            if isinstance(shim, TorchShim):
                shim.mark_changed()


def find_checkpoint(folder: Path) -> Optional[Path]:
    """The checkpoint in a training's folder."""
    path = folder / "checkpoint"
    return path if (path / STATE).is_file() else None
