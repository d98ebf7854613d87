"""The pass over a schedule for any cell: each level is computed without a graph, and once more
with one when its gradient is asked for. Slower than `tree_scan`, but a cell need only say how
one level follows from the states of its children. Memory is linear in the nodes."""

from __future__ import annotations

from typing import Any, List, Optional, Protocol, Sequence, Tuple

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from .schedule import TreeSchedule, sum_rows


class Step(Protocol):
    """How a level of nodes follows from the states that its edges bring."""

    def __call__(
        self, weights: Sequence[Tensor], x: Tensor, hidden: Tensor, cell: Tensor, target: Tensor, relation: Tensor
    ) -> Tuple[Tensor, Tensor]:
        """x: (m, columns) projected inputs; hidden, cell: (n_edges, width) states that the edges
        bring; target: (n_edges,) the node of the level that each leads to, ascending; relation:
        (n_edges,) its dependency relation. Returns the level's hidden and cell states (m, width)."""


class ReplayedScan(torch.autograd.Function):
    """One pass over a schedule by a `Step`."""

    @staticmethod
    def forward(
        ctx: Any, step: Step, schedule: TreeSchedule, relation: Tensor, width: int, x: Tensor, *weights: Tensor
    ) -> Tensor:
        """relation: (n_edges,); x: (n, columns) by position. Returns hidden states (n, width)."""
        hidden, cell = (x.new_empty(len(x), width) for _ in range(2))
        parts = _Parts(schedule, relation)
        end = 0
        for level, size in enumerate(schedule.sizes):
            start, end = end, end + size
            sources, target, kind = parts.of(level)
            given = hidden.index_select(0, sources), cell.index_select(0, sources)
            hidden[start:end], cell[start:end] = step(weights, x[start:end], *given, target, kind)
        ctx.step, ctx.schedule = step, schedule
        ctx.save_for_backward(relation, x, hidden, cell, *weights)
        return hidden

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, d_hidden: Tensor) -> Any:
        relation, x, hidden, cell, *weights = ctx.saved_tensors
        schedule: TreeSchedule = ctx.schedule
        parts = _Parts(schedule, relation)
        leaving = schedule.outgoing.split(schedule.outgoing_sizes)
        starts = schedule.outgoing_starts.split(schedule.sizes)
        d_x = torch.empty_like(x)
        d_edges = [x.new_zeros(schedule.n_edges, hidden.shape[1]) for _ in range(2)]
        d_weights: List[Optional[Tensor]] = [None] * len(weights)
        end, edge_end = len(x), schedule.n_edges
        for level in range(len(schedule.sizes) - 1, -1, -1):
            start, edge_start = end - schedule.sizes[level], edge_end - schedule.edge_sizes[level]
            dh, dc = (sum_rows(d, leaving[level], starts[level]) for d in d_edges)
            sources, target, kind = parts.of(level)
            inputs = [x[start:end], hidden.index_select(0, sources), cell.index_select(0, sources), *weights]
            inputs = [tensor.detach().requires_grad_() for tensor in inputs]
            with torch.enable_grad():
                outputs = ctx.step(inputs[3:], *inputs[:3], target, kind)
            found = torch.autograd.grad(
                [output for output in outputs if output.requires_grad],
                inputs,
                [d for d, output in zip((dh + d_hidden[start:end], dc), outputs) if output.requires_grad],
                allow_unused=True,
            )
            d_x[start:end] = 0.0 if found[0] is None else found[0]
            for d_edge, d in zip(d_edges, found[1:3]):
                if d is not None:
                    d_edge[edge_start:edge_end] = d
            for i, d in enumerate(found[3:]):
                if d is not None:
                    d_weights[i] = d if d_weights[i] is None else d_weights[i].add_(d)  # type: ignore[union-attr]
            end, edge_end = start, edge_start
        return None, None, None, None, d_x, *d_weights


class _Parts:
    """The edges of each level: where they come from, which node of the level they lead to, and
    by which relation."""

    def __init__(self, schedule: TreeSchedule, relation: Tensor):
        self._sources = schedule.sources.split(schedule.edge_sizes)
        self._targets = schedule.local_targets.split(schedule.edge_sizes)
        self._relations = relation.split(schedule.edge_sizes)

    def of(self, level: int) -> Tuple[Tensor, Tensor, Tensor]:
        return self._sources[level], self._targets[level], self._relations[level]
