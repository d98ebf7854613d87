"""Several processes that train one model, each on a share of every batch. Gradients are summed over the processes, so
that all make the same step (Li et al. 2020, without buckets)."""

import os
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Callable, Iterator, List, Optional, Tuple

import numpy as np
import torch
import torch.distributed as dist
from spacy.language import Language
from torch import Tensor

from ..base.distributed import IntArray, shared
from ..errors import Errors, TrainingError
from .batches import Batch
from .weights import trained_models, weights

# Of a process that hangs; one that died is noticed at once.
TIMEOUT = timedelta(hours=12)


@dataclass
class Worker:
    """One of `size` processes. device: of tensors while they are summed. parent: the process that started it, or 0.
    failed: is given an error before the other processes notice that this one fails."""

    rank: int = 0
    size: int = 1
    device: str = "cpu"
    parent: int = 0
    failed: Optional[Callable[[Exception], None]] = None

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
        except Exception as error:
            if self.failed is not None:
                self.failed(error)
            raise
        finally:
            dist.destroy_process_group()

    def check_parent(self) -> None:
        """End this process if the one that started it has ended."""
        if self.parent and os.getppid() != self.parent:
            raise SystemExit(1)

    def sum(self, n: float) -> float:
        if self.size == 1:
            return float(n)
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
        # By layer and key, because a layer may be part of several models.
        trained = (weight for name, model in trained_models(nlp, frozen) for weight in weights(name, model))
        unique = {(weight.node.id, weight.shim is None, weight.key): weight for weight in trained}
        found = [(weight, weight.get_gradient()) for weight in unique.values()]
        present = torch.tensor([gradient is not None for _, gradient in found], dtype=torch.float32, device=self.device)
        wanted = self._reduced(present, dist.ReduceOp.MAX).bool().tolist()
        kept = [(weight, gradient) for (weight, gradient), wants in zip(found, wanted) if wants]
        if not kept:
            return
        flat = [
            (torch.zeros_like(weight.tensor) if gradient is None else gradient).reshape(-1).to(self.device)
            for weight, gradient in kept
        ]
        summed = self._reduced(torch.cat(flat)).split([len(part) for part in flat])
        for (weight, _), gradient in zip(kept, summed):
            weight.set_gradient(gradient.reshape(weight.tensor.shape))


def weight_sums(nlp: Language, frozen: List[str]) -> List[float]:
    """The sum of the weights of each model, by which processes notice that their weights differ."""
    trained = trained_models(nlp, frozen)
    return [sum(float(weight.tensor.double().sum()) for weight in weights(name, model)) for name, model in trained]
