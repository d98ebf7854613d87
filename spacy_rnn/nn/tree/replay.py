"""The pass over a schedule for any cell, which only has to compute one level from the states of its children.

Forward, a level is computed without a graph; backward, it is computed again with one. So memory is linear in the
nodes, but it is slower than the passes in `scan`.
"""

from __future__ import annotations

from typing import Any, List, Optional, Protocol, Sequence, Tuple

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from .schedule import TreeSchedule


class Step(Protocol):
    """Computes one level."""

    def __call__(
        self, weights: Sequence[Tensor], x: Tensor, hidden: Tensor, cell: Tensor, target: Tensor, relation: Tensor
    ) -> Tuple[Tensor, Tensor]:
        """x: (m, columns), projected inputs. hidden, cell: (n_edges, width), the states at the sources of the level's
        edges. target: (n_edges,), the node of the level that each edge leads to, ascending. relation: (n_edges,), of
        each edge. Returns the hidden and cell states of the level, (m, width) each."""


class ReplayedScan(torch.autograd.Function):
    """One pass over a schedule by a `Step`."""

    @staticmethod
    def forward(
        ctx: Any, step: Step, schedule: TreeSchedule, relation: Tensor, width: int, x: Tensor, *weights: Tensor
    ) -> Tensor:
        """relation: (n_edges,). x: (n, columns) by position. Returns hidden states, (n, width)."""
        hidden, cell = (x.new_empty(len(x), width) for _ in range(2))
        edges = schedule.edges(schedule.sources, schedule.local_targets, relation)
        for (x_level, h, c), (sources, target, kind) in zip(schedule.nodes(x, hidden, cell), edges):
            given = hidden.index_select(0, sources), cell.index_select(0, sources)
            h[:], c[:] = step(weights, x_level, *given, target, kind)
        ctx.step, ctx.schedule = step, schedule
        ctx.save_for_backward(relation, x, hidden, cell, *weights)
        return hidden

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, d_hidden: Tensor) -> Any:
        relation, x, hidden, cell, *weights = ctx.saved_tensors
        schedule: TreeSchedule = ctx.schedule
        d_x = torch.empty_like(x)
        d_edges = [x.new_empty(schedule.n_edges, hidden.shape[1]) for _ in range(2)]
        d_weights: List[Optional[Tensor]] = [None] * len(weights)
        nodes = schedule.nodes(x, d_x, d_hidden)
        edges = schedule.edges(schedule.sources, schedule.local_targets, relation, *d_edges)
        for level in range(len(schedule) - 1, -1, -1):
            (x_level, d_x_level, given), (sources, target, kind, *d_edges_level) = nodes[level], edges[level]
            dh, dc = (schedule.sum_outgoing(d, level) for d in d_edges)
            states = (state.index_select(0, sources) for state in (hidden, cell))
            inputs = [tensor.detach().requires_grad_() for tensor in (x_level, *states, *weights)]
            with torch.enable_grad():
                outputs = ctx.step(inputs[3:], *inputs[:3], target, kind)
            found = torch.autograd.grad(
                [output for output in outputs if output.requires_grad],
                inputs,
                [d for d, output in zip((dh + given, dc), outputs) if output.requires_grad],
                allow_unused=True,
            )
            for d, d_level in zip(found, (d_x_level, *d_edges_level)):
                d_level.zero_() if d is None else d_level.copy_(d)
            for i, d in enumerate(found[3:]):
                if d is not None:
                    d_weights[i] = d if d_weights[i] is None else d_weights[i].add_(d)  # type: ignore[union-attr]
        return None, None, None, None, d_x, *d_weights
