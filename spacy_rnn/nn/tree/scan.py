"""The fast passes over a schedule: one autograd function over all levels, with buffers that are allocated once and a
backward pass that is written out.

A level costs one recurrent product (two for an LSTM). The gradient of the weights is one product over all nodes at the
end. The states of children are summed; attention and matrices by relation need `replay.ReplayedScan`.

Every `forward` takes the projected inputs by position, biases included. Matrix products run in `dtype`, everything else
in the type of the inputs.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from .schedule import TreeSchedule, sum_rows


def product(a: Tensor, b: Tensor, dtype: torch.dtype) -> Tensor:
    """a @ b in `dtype`, which is the type of the result too."""
    return torch.mm(a.to(dtype), b.to(dtype))


def tanh_(x: Tensor) -> Tensor:
    """Tanh in place. Torch's own takes several times as long as its sigmoid."""
    return x.mul_(2).sigmoid_().mul_(2).sub_(1)


class ChildSumLSTM(torch.autograd.Function):
    """The Child-Sum Tree-LSTM (Tai et al. 2015, eq. 2-8)."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, schedule: TreeSchedule, dtype: torch.dtype) -> Tensor:
        """x: (n, 4 * width), gates i, o, u and f. weight: (4 * width, width). Returns hidden states, (n, width)."""
        n, width = len(x), weight.shape[1]
        u_iou, u_f = weight.to(dtype).t().split([3 * width, width], dim=1)
        gates = x[:, : 3 * width].clone(memory_format=torch.contiguous_format)
        x_f = x[:, 3 * width :]
        hidden, cell, squashed, sums = (x.new_empty(n, width) for _ in range(4))
        from_hidden, from_cell, forget = (x.new_empty(schedule.n_edges, width) for _ in range(3))
        nodes = schedule.nodes(gates, hidden, cell, squashed, sums, schedule.incoming)
        edges = schedule.edges(from_hidden, from_cell, forget, schedule.sources, schedule.targets)
        for level, (g, h, c, t, s, incoming) in enumerate(nodes):
            if level:
                hk, ck, f, sources, targets = edges[level]
                torch.index_select(hidden, 0, sources, out=hk)
                torch.index_select(cell, 0, sources, out=ck)
                s.copy_(schedule.sum_incoming(hk, incoming))
                g.add_(torch.mm(s.to(dtype), u_iou))
                torch.index_select(x_f, 0, targets, out=f)
                f.add_(torch.mm(hk.to(dtype), u_f)).sigmoid_()
                c.copy_(schedule.sum_incoming(f * ck, incoming))
            else:
                c.zero_()
            g[:, : 2 * width].sigmoid_()
            i, o, u = g.split(width, dim=1)
            c.addcmul_(i, tanh_(u))
            torch.mul(o, tanh_(t.copy_(c)), out=h)
        ctx.schedule, ctx.dtype = schedule, dtype
        ctx.save_for_backward(gates, squashed, sums, from_hidden, from_cell, forget, weight)
        return hidden

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, d_hidden: Tensor) -> Any:
        gates, squashed, sums, from_hidden, from_cell, forget, weight = ctx.saved_tensors
        schedule, dtype, n, width = ctx.schedule, ctx.dtype, len(gates), weight.shape[1]
        u_iou, u_f = weight.to(dtype).split([3 * width, width])
        i, o, u = gates.split(width, dim=1)
        by_input, by_output, by_update = i * (1 - i) * u, o * (1 - o) * squashed, i * (1 - u * u)
        by_cell, by_forget = o * (1 - squashed * squashed), forget * (1 - forget) * from_cell
        dx = gates.new_zeros(n, 4 * width)
        d_from_hidden, d_from_cell, d_forget = (torch.empty_like(forget) for _ in range(3))
        nodes = schedule.nodes(d_hidden, dx, by_input, by_output, by_update, by_cell, schedule.incoming)
        edges = schedule.edges(d_from_hidden, d_from_cell, d_forget, by_forget, forget, schedule.local_targets)
        for level in range(len(schedule) - 1, -1, -1):
            given, d, b_i, b_o, b_u, b_c, first = nodes[level]
            dh = schedule.sum_outgoing(d_from_hidden, level).add_(given)
            dc = schedule.sum_outgoing(d_from_cell, level).addcmul_(dh, b_c)
            torch.mul(dc, b_i, out=d[:, :width])
            torch.mul(dh, b_o, out=d[:, width : 2 * width])
            torch.mul(dc, b_u, out=d[:, 2 * width : 3 * width])
            if level:
                d_hk, d_ck, d_f, b_f, f, targets = edges[level]
                dc_edges = dc.index_select(0, targets)
                torch.mul(dc_edges, f, out=d_ck)
                torch.mul(dc_edges, b_f, out=d_f)
                d_sums = torch.mm(d[:, : 3 * width].to(dtype), u_iou).to(d.dtype)
                torch.index_select(d_sums, 0, targets, out=d_hk)
                d_hk.add_(torch.mm(d_f.to(dtype), u_f))
                d[:, 3 * width :] = schedule.sum_incoming(d_f, first)
        d_iou, s = dx[schedule.n_leaves :, : 3 * width], sums[schedule.n_leaves :]
        d_weight = torch.cat([product(d_iou.t(), s, dtype), product(d_forget.t(), from_hidden, dtype)])
        return dx, d_weight.to(weight.dtype), None, None


class ChildSumGRU(torch.autograd.Function):
    """The Child-Sum Tree-GRU: the gated recurrent unit of Cho et al. 2014 on the sum of the children's states (Zhou et
    al. 2016, sect. 3.2), with the reset gate after the recurrent product, as in `torch.nn.GRU`."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, schedule: TreeSchedule, dtype: torch.dtype) -> Tensor:
        """x: (n, 3 * width), gates z and r and the candidate. weight: (3 * width, width). Returns hidden states,
        (n, width)."""
        n, width = len(x), weight.shape[1]
        turned = weight.to(dtype).t()
        gates = x.clone(memory_format=torch.contiguous_format)
        hidden, sums, reset = x.new_empty(n, width), x.new_zeros(n, width), x.new_zeros(n, width)
        nodes = schedule.nodes(gates, hidden, sums, reset, schedule.incoming)
        sources = schedule.sources.split(schedule.edge_sizes)
        for level, (g, h, s, q, incoming) in enumerate(nodes):
            z, r, u = g.split(width, dim=1)
            if level:
                s.copy_(sum_rows(hidden, sources[level], incoming))
                sent = torch.mm(s.to(dtype), turned)
                g[:, : 2 * width].add_(sent[:, : 2 * width])
                q.copy_(sent[:, 2 * width :])
            g[:, : 2 * width].sigmoid_()
            tanh_(u.addcmul_(r, q))
            torch.addcmul(u, z, s - u, out=h)
        ctx.schedule, ctx.dtype = schedule, dtype
        ctx.save_for_backward(gates, sums, reset, weight)
        return hidden

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, d_hidden: Tensor) -> Any:
        gates, sums, reset, weight = ctx.saved_tensors
        schedule, dtype, n, width = ctx.schedule, ctx.dtype, len(gates), weight.shape[1]
        cast = weight.to(dtype)
        z, r, u = gates.split(width, dim=1)
        by_z, by_u, by_r = z * (1 - z) * (sums - u), (1 - z) * (1 - u * u), r * (1 - r) * reset
        d_sent, dx_u = gates.new_zeros(n, 3 * width), torch.empty_like(sums)
        d_edges = gates.new_empty(schedule.n_edges, width)
        nodes = schedule.nodes(d_hidden, d_sent, dx_u, by_z, by_u, by_r, r, z)
        edges = schedule.edges(d_edges, schedule.local_targets)
        for level in range(len(schedule) - 1, -1, -1):
            given, d, du, b_z, b_u, b_r, r_l, z_l = nodes[level]
            dh = schedule.sum_outgoing(d_edges, level).add_(given)
            torch.mul(dh, b_z, out=d[:, :width])
            torch.mul(dh, b_u, out=du)
            torch.mul(du, b_r, out=d[:, width : 2 * width])
            if level:
                torch.mul(du, r_l, out=d[:, 2 * width :])
                d_sums = (dh * z_l).add_(torch.mm(d.to(dtype), cast))
                d_level, targets = edges[level]
                torch.index_select(d_sums, 0, targets, out=d_level)
        inner = schedule.n_leaves
        d_weight = product(d_sent[inner:].t(), sums[inner:], dtype).to(weight.dtype)
        return torch.cat([d_sent[:, : 2 * width], dx_u], dim=1), d_weight, None, None


class ChildSumPlain(torch.autograd.Function):
    """The plain recursive network (Socher et al. 2014, without matrices by relation): `h = activation(x + U s)`, with s
    the sum of the children's states."""

    @staticmethod
    def forward(
        ctx: Any, x: Tensor, weight: Tensor, activation: str, schedule: TreeSchedule, dtype: torch.dtype
    ) -> Tensor:
        """x: (n, width). weight: (width, width). activation: "tanh" or "relu". Returns hidden states, (n, width)."""
        turned = weight.to(dtype).t()
        activate = tanh_ if activation == "tanh" else torch.relu_
        hidden, sums = x.clone(memory_format=torch.contiguous_format), torch.zeros_like(x)
        nodes = schedule.nodes(hidden, sums, schedule.incoming)
        sources = schedule.sources.split(schedule.edge_sizes)
        for level, (h, s, incoming) in enumerate(nodes):
            if level:
                s.copy_(sum_rows(hidden, sources[level], incoming))
                h.add_(torch.mm(s.to(dtype), turned))
            activate(h)
        ctx.schedule, ctx.dtype, ctx.activation = schedule, dtype, activation
        ctx.save_for_backward(hidden, sums, weight)
        return hidden

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, d_hidden: Tensor) -> Any:
        hidden, sums, weight = ctx.saved_tensors
        schedule, dtype, cast = ctx.schedule, ctx.dtype, weight.to(ctx.dtype)
        slope = 1 - hidden * hidden if ctx.activation == "tanh" else (hidden > 0).to(hidden.dtype)
        dx = torch.empty_like(hidden)
        d_edges = hidden.new_empty(schedule.n_edges, hidden.shape[1])
        nodes, edges = schedule.nodes(d_hidden, dx, slope), schedule.edges(d_edges, schedule.local_targets)
        for level in range(len(schedule) - 1, -1, -1):
            given, d, b = nodes[level]
            torch.mul(schedule.sum_outgoing(d_edges, level).add_(given), b, out=d)
            if level:
                d_sums = torch.mm(d.to(dtype), cast).to(d.dtype)
                d_level, targets = edges[level]
                torch.index_select(d_sums, 0, targets, out=d_level)
        inner = schedule.n_leaves
        return dx, product(dx[inner:].t(), sums[inner:], dtype).to(weight.dtype), None, None, None
