"""Several processes that train one model, each on a share of every batch. Gradients are summed over the processes, so
that all make the same step (Li et al. 2020, without buckets)."""

import math
import os
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Callable, Dict, Iterator, List, Optional, Tuple

import numpy as np
import torch
import torch.distributed as dist
from spacy.language import Language
from thinc.api import Model
from thinc.util import torch2xp, xp2torch
from torch import Tensor

from ..base.distributed import IntArray, shared
from ..errors import Errors, TrainingError
from ..shim import TorchShim
from .batches import Batch

# Of a process that hangs; one that died is noticed at once.
TIMEOUT = timedelta(hours=12)


@dataclass
class Worker:
    """One of `size` processes. device: of tensors while they are summed. parent: the process that started it, or 0."""

    rank: int = 0
    size: int = 1
    device: str = "cpu"
    parent: int = 0

    @contextmanager
    def joined(self, init_method: str) -> Iterator[None]:
        """Join the process group within the block. init_method: see `torch.distributed.init_process_group`."""
        if self.size == 1:
            yield
            return
        backend = "gloo" if self.device == "cpu" else "nccl"
        dist.init_process_group(backend, init_method=init_method, rank=self.rank, world_size=self.size, timeout=TIMEOUT)
        try:
            with shared(self.sum, self.join):
                yield
            # Threads of the group release what they hold of Python's while they wait here. Older releases of torch
            # destroy the group with Python locked, and would wait for such a thread for ever.
            dist.barrier()
        finally:
            dist.destroy_process_group()

    def check_parent(self) -> None:
        """End this process if the one that started it has ended."""
        if self.parent and os.getppid() != self.parent:
            raise SystemExit(1)

    def sum(self, n: float) -> float:
        return float(self._reduced(torch.tensor([float(n)], dtype=torch.float64, device=self.device))[0])

    def join(self, keys: IntArray, counts: IntArray) -> Tuple[IntArray, IntArray]:
        found: List[Tuple[IntArray, IntArray]] = self.gather((keys, counts))
        joined, inverse = np.unique(np.concatenate([one for one, _ in found]), return_inverse=True)
        summed = np.bincount(inverse, weights=np.concatenate([one for _, one in found]), minlength=len(joined))
        return joined, summed.astype(np.int64)

    def gather(self, found: Any) -> List[Any]:
        """The objects of all processes, in each of them. They are pickled, but only sent within one training."""
        everything: List[Any] = [None] * self.size
        if self.size == 1:
            return [found]
        dist.all_gather_object(everything, found)
        return everything

    def of_first(self, compute: Callable[[], Any]) -> Any:
        """The result of the first process, in each of them; the others wait."""
        return self.gather(compute() if self.rank == 0 else None)[0]

    def _reduced(self, tensor: Tensor, op: Any = dist.ReduceOp.SUM) -> Tensor:
        dist.all_reduce(tensor, op=op)
        return tensor

    def check_equal(self, values: List[float], what: str) -> None:
        """Raise TrainingError unless the numbers are the same in all processes."""
        if self.size > 1:
            mine = torch.tensor(values, dtype=torch.float64, device=self.device)
            extremes = self._reduced(torch.cat([mine, -mine]), dist.ReduceOp.MAX)
            if not torch.equal(extremes[: len(mine)], -extremes[len(mine) :]):
                raise TrainingError(Errors.R190.format(what=what))

    def check_batches(self, shares: List[Batch]) -> None:
        sizes = [float(len(share)) for share in shares]
        self.check_equal([*sizes, *(float(sum(map(len, share))) for share in shares)], "batches")

    def sum_gradients(self, nlp: Language, frozen: List[str]) -> None:
        """Replace all gradients by their sums over the processes."""
        if self.size == 1:
            return
        slots = list(gradient_slots(nlp, frozen, self.device))
        mine = [slot.get() for slot in slots]
        present = torch.tensor([float(gradient is not None) for gradient in mine], device=self.device)
        wanted = self._reduced(present, dist.ReduceOp.MAX).bool().tolist()
        kept = [(slot, gradient) for slot, gradient, wants in zip(slots, mine, wanted) if wants]
        if not kept:
            return
        flat = [
            torch.zeros(math.prod(slot.shape), device=self.device) if gradient is None else gradient.reshape(-1)
            for slot, gradient in kept
        ]
        summed = self._reduced(torch.cat(flat)).split([len(part) for part in flat])
        for (slot, _), gradient in zip(kept, summed):
            slot.set(gradient.reshape(slot.shape))


@dataclass
class Slot:
    """A gradient of one weight. `get` returns it in float32, None if there is none; `set` replaces it."""

    shape: Tuple[int, ...]
    get: Callable[[], Optional[Tensor]]
    set: Callable[[Tensor], None]


def trained_models(nlp: Language, frozen: List[str]) -> Iterator[Tuple[str, Model]]:
    """The models that training changes, as `spacy train` finds them."""
    for name, proc in nlp.pipeline:
        model = getattr(proc, "model", None)
        if name not in frozen and getattr(proc, "is_trainable", False) and model not in (True, False, None):
            yield name, model


def gradient_slots(nlp: Language, frozen: List[str], device: str) -> Iterator[Slot]:
    """Every gradient of a pipeline, in the same order in each process."""
    seen = set()
    for _, model in trained_models(nlp, frozen):
        for node in model.walk():
            if id(node) in seen:
                continue
            seen.add(id(node))
            for name in node.param_names:
                if node.has_param(name):
                    yield _thinc_slot(node, name, device)
            for shim in node.shims:
                module = shim.module if isinstance(shim, TorchShim) else getattr(shim, "_model", None)
                if isinstance(module, torch.nn.Module):
                    lazy = {id(part.weight) for part in module.modules() if getattr(part, "lazy", False)}
                    yield from (_torch_slot(parameter, id(parameter) in lazy) for parameter in module.parameters())


def _thinc_slot(node: Model, name: str, device: str) -> Slot:
    weights: Any = node.get_param(name)

    def get() -> Optional[Tensor]:
        return xp2torch(node.get_grad(name)).to(device) if node.has_grad(name) else None

    def put(gradient: Tensor) -> None:
        array: Any = torch2xp(gradient.clone())
        node.set_grad(name, array)

    return Slot(weights.shape, get, put)


def _torch_slot(parameter: torch.nn.Parameter, lazy: bool) -> Slot:
    """lazy: the gradient is sparse, and has the rows that any process used."""

    def get() -> Optional[Tensor]:
        return None if parameter.grad is None else parameter.grad.to_dense().float()

    def put(gradient: Tensor) -> None:
        gradient = gradient.to(parameter.dtype)
        parameter.grad = _used_rows(gradient) if lazy else gradient.clone()

    return Slot(tuple(parameter.shape), get, put)


def _used_rows(gradient: Tensor) -> Tensor:
    """The same as `gradient.to_sparse(1)`, fifty times as fast."""
    rows = gradient.any(1).nonzero()[:, 0]
    return torch.sparse_coo_tensor(
        rows.unsqueeze(0), gradient[rows], gradient.shape, is_coalesced=True, check_invariants=False
    )


def weight_sums(nlp: Language, frozen: List[str]) -> List[float]:
    """The sum of the weights of each model, by which processes notice that their weights differ."""
    sums: Dict[str, float] = {}
    for name, model in trained_models(nlp, frozen):
        tensors = [p for node in model.walk() for s in node.shims if isinstance(s, TorchShim) for p in _parameters(s)]
        arrays = [node.get_param(key) for node in model.walk() for key in node.param_names if node.has_param(key)]
        sums[name] = sum(float(tensor.double().sum()) for tensor in tensors)
        sums[name] += sum(float(xp2torch(array).double().sum()) for array in arrays)
    return list(sums.values())


def _parameters(shim: TorchShim) -> List[Tensor]:
    return [parameter.detach() for parameter in shim.module.parameters()]
