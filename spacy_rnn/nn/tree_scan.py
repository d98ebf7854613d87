"""The fast passes over a schedule: all levels in one autograd function each, into preallocated
buffers, with the backward pass written out. A level costs one recurrent product (an LSTM: two),
and the gradients of the weights are one product over all nodes at the end.

Children are summed. What these cannot do (attention, matrices by relation) does
`tree_replay.ReplayedScan`.
"""

from __future__ import annotations

from typing import Any, Callable, List, Tuple

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from .tree_schedule import TreeSchedule, sum_rows


def _with_views(schedule: TreeSchedule, *buffers: Tensor) -> List[Tuple[Tensor, ...]]:
    """For each level its part of each buffer of nodes (n, ...)."""
    return list(zip(*(buffer.split(schedule.sizes) for buffer in buffers)))


def _with_edge_views(schedule: TreeSchedule, *buffers: Tensor) -> List[Tuple[Tensor, ...]]:
    """For each level its part of each buffer of edges (n_edges, ...)."""
    return list(zip(*(buffer.split(schedule.edge_sizes) for buffer in buffers)))


def _edge_numbers(schedule: TreeSchedule) -> Tensor:
    """0, 1, 2 ... up to the widest level."""
    return torch.arange(max(schedule.edge_sizes, default=0), device=schedule.order.device)


def _local_targets(schedule: TreeSchedule) -> List[Tensor]:
    """For each level the target of each of its edges, counted within the level."""
    starts, start = [], 0
    for size in schedule.sizes:
        starts.append(start)
        start += size
    return [part - first for part, first in zip(schedule.targets.split(schedule.edge_sizes), starts)]


class _Returning:
    """What flows back to the nodes of a level from the edges that leave them."""

    def __init__(self, schedule: TreeSchedule):
        outgoing, sizes = schedule.outgoing, schedule.sizes
        counts = torch.diff(outgoing.offsets, append=outgoing.offsets.new_tensor([len(outgoing.rows)]))
        per_level = [int(part.sum()) for part in counts.split(sizes)] if sizes else []
        self.rows = outgoing.rows.split(per_level) if sizes else ()
        offsets, first = [], 0
        for part, size in zip(outgoing.offsets.split(sizes) if sizes else (), per_level):
            offsets.append(part - first)
            first += size
        self.offsets = offsets

    def sum(self, d_edges: Tensor, level: int) -> Tensor:
        """d_edges: (n_edges, width). Returns (n_level, width)."""
        return sum_rows(d_edges, self.rows[level], self.offsets[level])


class ChildSumLSTM(torch.autograd.Function):
    """The Child-Sum Tree-LSTM (Tai et al. 2015, eq. 2-8)."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, u_iou: Tensor, u_f: Tensor, schedule: TreeSchedule) -> Tensor:
        """x: (n, 4 * width), the projected inputs of gates i, o, u and f by position, biases
        included; u_iou: (3 * width, width); u_f: (width, width). Returns (n, width)."""
        n, width = len(x), u_f.shape[0]
        gates = x[:, : 3 * width].clone(memory_format=torch.contiguous_format)
        x_f = x[:, 3 * width :]
        hidden, cell, squashed = (x.new_empty(n, width) for _ in range(3))
        from_hidden, from_cell, forget = (x.new_empty(schedule.n_edges, width) for _ in range(3))
        leaves = schedule.sizes[0] if schedule.sizes else 0
        sums = x.new_zeros(n, width)
        numbers, sources = _edge_numbers(schedule), schedule.sources.split(schedule.edge_sizes)
        targets = schedule.targets.split(schedule.edge_sizes)
        nodes = _with_views(schedule, gates, hidden, cell, squashed, sums, schedule.incoming)
        edges = _with_edge_views(schedule, from_hidden, from_cell, forget)
        for level, (g, h, c, t, s, incoming) in enumerate(nodes):
            if level:
                hk, ck, f = edges[level]
                torch.index_select(hidden, 0, sources[level], out=hk)
                torch.index_select(cell, 0, sources[level], out=ck)
                s.copy_(sum_rows(hk, numbers[: len(hk)], incoming))
                g.addmm_(s, u_iou.t())
                torch.addmm(x_f.index_select(0, targets[level]), hk, u_f.t(), out=f)
                f.sigmoid_()
                c.copy_(sum_rows(f * ck, numbers[: len(hk)], incoming))
            else:
                c.zero_()
            g[:, : 2 * width].sigmoid_()
            g[:, 2 * width :].tanh_()
            c.addcmul_(g[:, :width], g[:, 2 * width :])
            torch.tanh(c, out=t)
            torch.mul(g[:, width : 2 * width], t, out=h)
        ctx.schedule, ctx.leaves = schedule, leaves
        ctx.save_for_backward(gates, squashed, sums, from_hidden, from_cell, forget, u_iou, u_f)
        return hidden

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, d_hidden: Tensor) -> Any:
        gates, squashed, sums, from_hidden, from_cell, forget, u_iou, u_f = ctx.saved_tensors
        schedule: TreeSchedule = ctx.schedule
        n, width = len(gates), u_f.shape[0]
        i, o, u = gates.split(width, dim=1)
        by_input, by_output, by_update = i * (1 - i) * u, o * (1 - o) * squashed, i * (1 - u * u)
        by_cell, by_forget = o * (1 - squashed * squashed), forget * (1 - forget) * from_cell
        dx = gates.new_zeros(n, 4 * width)
        d_from_hidden, d_from_cell, d_forget = (torch.empty_like(forget) for _ in range(3))
        returning, local = _Returning(schedule), _local_targets(schedule)
        numbers = _edge_numbers(schedule)
        nodes = _with_views(
            schedule, d_hidden, dx, by_input, by_output, by_update, by_cell, schedule.incoming
        )  # fmt: skip
        edges = _with_edge_views(schedule, d_from_hidden, d_from_cell, d_forget, by_forget, forget)
        for level in range(len(nodes) - 1, -1, -1):
            given, d, b_i, b_o, b_u, b_c, incoming = nodes[level]
            dh = returning.sum(d_from_hidden, level).add_(given)
            dc = returning.sum(d_from_cell, level).addcmul_(dh, b_c)
            torch.mul(dc, b_i, out=d[:, :width])
            torch.mul(dh, b_o, out=d[:, width : 2 * width])
            torch.mul(dc, b_u, out=d[:, 2 * width : 3 * width])
            if level:
                d_hk, d_ck, d_f, b_f, f = edges[level]
                dc_edges = dc.index_select(0, local[level])
                torch.mul(dc_edges, f, out=d_ck)
                torch.mul(dc_edges, b_f, out=d_f)
                d_sums = torch.mm(d[:, : 3 * width], u_iou)
                torch.addmm(d_sums.index_select(0, local[level]), d_f, u_f, out=d_hk)
                d[:, 3 * width :] = sum_rows(d_f, numbers[: len(d_f)], incoming)
        inner = ctx.leaves
        d_u_iou = torch.mm(dx[inner:, : 3 * width].t(), sums[inner:])
        return dx, d_u_iou, torch.mm(d_forget.t(), from_hidden), None


class ChildSumGRU(torch.autograd.Function):
    """The Child-Sum Tree-GRU: the gated recurrent unit of Cho et al. 2014 on the sum of the
    children's states (Zhou et al. 2016, sect. 3.2), with the reset gate after the recurrent
    product, as in `torch.nn.GRU`."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, schedule: TreeSchedule) -> Tensor:
        """x: (n, 3 * width), the projected inputs of gates z and r and of the update, by
        position, biases included; weight: (3 * width, width). Returns (n, width)."""
        n, width = len(x), weight.shape[1]
        gates = x.clone()
        hidden, sums, product = x.new_empty(n, width), x.new_zeros(n, width), x.new_zeros(n, width)
        sources = schedule.sources.split(schedule.edge_sizes)
        nodes = _with_views(schedule, gates, hidden, sums, product, schedule.incoming)
        for level, (g, h, s, q, incoming) in enumerate(nodes):
            if level:
                s.copy_(sum_rows(hidden, sources[level], incoming))
                g[:, : 2 * width].addmm_(s, weight[: 2 * width].t())
                torch.mm(s, weight[2 * width :].t(), out=q)
            z, r, u = g.split(width, dim=1)
            g[:, : 2 * width].sigmoid_()
            u.addcmul_(r, q).tanh_()
            torch.addcmul(u, z, s - u, out=h)
        ctx.schedule, ctx.leaves = schedule, schedule.sizes[0] if schedule.sizes else 0
        ctx.save_for_backward(gates, sums, product, weight)
        return hidden

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, d_hidden: Tensor) -> Any:
        gates, sums, product, weight = ctx.saved_tensors
        schedule: TreeSchedule = ctx.schedule
        n, width = len(gates), weight.shape[1]
        z, r, u = gates.split(width, dim=1)
        by_z, by_u, by_r = z * (1 - z) * (sums - u), (1 - z) * (1 - u * u), r * (1 - r) * product
        d_product = gates.new_zeros(n, 3 * width)
        dx_u = torch.empty_like(sums)
        d_edges = gates.new_empty(schedule.n_edges, width)
        returning, local = _Returning(schedule), _local_targets(schedule)
        nodes = _with_views(schedule, d_hidden, d_product, dx_u, by_z, by_u, by_r, r, z)
        edges = d_edges.split(schedule.edge_sizes)
        for level in range(len(nodes) - 1, -1, -1):
            given, d, du, b_z, b_u, b_r, reset, update = nodes[level]
            dh = returning.sum(d_edges, level).add_(given)
            torch.mul(dh, b_z, out=d[:, :width])
            torch.mul(dh, b_u, out=du)
            torch.mul(du, b_r, out=d[:, width : 2 * width])
            if level:
                torch.mul(du, reset, out=d[:, 2 * width :])
                d_sums = torch.addmm(dh * update, d, weight)
                torch.index_select(d_sums, 0, local[level], out=edges[level])
        inner = ctx.leaves
        d_weight = torch.mm(d_product[inner:].t(), sums[inner:])
        return torch.cat([d_product[:, : 2 * width], dx_u], dim=1), d_weight, None


class ChildSumPlain(torch.autograd.Function):
    """The plain recursive network (Socher et al. 2014, without matrices by relation):
    `h = activation(x + U * sum of the children's h)`."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, activation: str, schedule: TreeSchedule) -> Tensor:
        """x: (n, width), the projected inputs by position, biases included; weight: (width,
        width); activation: "tanh" or "relu". Returns (n, width)."""
        activate: Callable[[Tensor], Tensor] = {"tanh": torch.tanh_, "relu": torch.relu_}[activation]
        hidden, sums = x.clone(), torch.zeros_like(x)
        sources = schedule.sources.split(schedule.edge_sizes)
        for level, (h, s, incoming) in enumerate(_with_views(schedule, hidden, sums, schedule.incoming)):
            if level:
                s.copy_(sum_rows(hidden, sources[level], incoming))
                h.addmm_(s, weight.t())
            activate(h)
        ctx.schedule, ctx.leaves, ctx.activation = schedule, schedule.sizes[0] if schedule.sizes else 0, activation
        ctx.save_for_backward(hidden, sums, weight)
        return hidden

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, d_hidden: Tensor) -> Any:
        hidden, sums, weight = ctx.saved_tensors
        schedule: TreeSchedule = ctx.schedule
        slope = 1 - hidden * hidden if ctx.activation == "tanh" else (hidden > 0).to(hidden.dtype)
        dx = torch.empty_like(hidden)
        d_edges = hidden.new_empty(schedule.n_edges, hidden.shape[1])
        returning, local = _Returning(schedule), _local_targets(schedule)
        nodes = _with_views(schedule, d_hidden, dx, slope)
        edges = d_edges.split(schedule.edge_sizes)
        for level in range(len(nodes) - 1, -1, -1):
            given, d, b = nodes[level]
            torch.mul(returning.sum(d_edges, level).add_(given), b, out=d)
            if level:
                torch.index_select(torch.mm(d, weight), 0, local[level], out=edges[level])
        inner = ctx.leaves
        return dx, torch.mm(dx[inner:].t(), sums[inner:]), None, None
