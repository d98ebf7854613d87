"""A recursive layer in one direction, for every cell."""

from __future__ import annotations

from typing import Any, List, Literal, NamedTuple, Optional, Sequence, Tuple, get_args

import numpy as np
import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from ...base.trees import starts_of
from ...types import IntArray
from ..pooling import segment_softmax, segment_sum
from ..rnn import init_gates
from .replay import ReplayedScan
from .scan import ChildSumGRU, ChildSumLSTM, ChildSumPlain
from .schedule import TreeSchedule, sum_rows

TreeCell = Literal["lstm", "gru", "rnn_tanh", "rnn_relu"]
TREE_CELLS: Tuple[str, ...] = get_args(TreeCell)
_GATES = {"lstm": 4, "gru": 3, "rnn_tanh": 1, "rnn_relu": 1}


class RowIndex(NamedTuple):
    """The rows of a table that the positions of a schedule read."""

    rows: Tensor
    """(n,) int64: the row that each position reads."""
    readers: Tensor
    """(n,) int64: the positions that read each row, row after row."""
    offsets: Tensor
    """(n_rows,) int64: where the readers of each row begin."""

    @classmethod
    def build(cls, rows: IntArray, n_rows: int, device: Optional[torch.device] = None) -> RowIndex:
        arrays = rows, np.argsort(rows, kind="stable"), starts_of(np.bincount(rows, minlength=n_rows))
        return cls(*(torch.from_numpy(array).to(device) for array in arrays))


class _Gather(torch.autograd.Function):
    """`index_select` with a gradient that is summed in one pass."""

    @staticmethod
    def forward(ctx: Any, table: Tensor, index: RowIndex) -> Tensor:
        ctx.index = index
        return table.index_select(0, index.rows)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, d_output: Tensor) -> Any:
        return sum_rows(d_output, ctx.index.readers, ctx.index.offsets), None


class TreeLayer(nn.Module):
    """A recursive layer along a schedule.

    Equations, with s the sum of the children's states (0 for a leaf):
    lstm: the Child-Sum Tree-LSTM of Tai et al. 2015, eq. 2-8.
    gru: Cho et al. 2014 on s (as in Zhou et al. 2016), with the reset gate after the recurrent product.
    rnn_tanh, rnn_relu: `h = activation(W x + b + U s)`. With matrices by relation
    `h = activation(W x + b + sum over children k of (U + V_r(k)) h_k)` (Socher et al. 2014, whose matrices have no
    common part U).

    input_size: of the input of a node. hidden_size: of a state.
    label_size: of a second input, the vector of the dependency label; 0 for none.
    attention: s is an average of the children's states, weighted by a softmax over the children of
        `h_k . Q x / sqrt(width)` (Luong et al. 2015, "general", scaled). The cell states of an LSTM are summed still.
    n_relations: the number of relations with a matrix V, counting row 0, whose matrix is 0; 0 for none. For rnn_tanh
        and rnn_relu only.
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        cell: str = "lstm",
        *,
        label_size: int = 0,
        attention: bool = False,
        n_relations: int = 0,
    ):
        super().__init__()
        self.cell = cell
        self.hidden_size = hidden_size
        self.attention = attention
        columns = (_GATES[cell] + attention) * hidden_size
        self.input = nn.Linear(input_size, columns)
        self.label = nn.Linear(label_size, columns, bias=False) if label_size else None
        self.recurrent = nn.Parameter(torch.empty(_GATES[cell] * hidden_size, hidden_size))
        self.by_relation = nn.Parameter(torch.empty(n_relations, hidden_size, hidden_size)) if n_relations else None
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Glorot-uniform input weights, and one orthogonal recurrent matrix a gate (Saxe et al. 2014). Biases are 0, or
        1 for the forget gate of an LSTM (Jozefowicz et al. 2015). The matrices V of relations are 0."""
        for linear in (self.input, self.label):
            if linear is not None:
                init_gates(linear.weight, self.hidden_size)
        init_gates(self.recurrent, self.hidden_size, recurrent=True)
        nn.init.zeros_(self.input.bias)
        if self.cell == "lstm":
            with torch.no_grad():
                self.input.bias[3 * self.hidden_size : 4 * self.hidden_size] = 1.0
        if self.by_relation is not None:
            nn.init.zeros_(self.by_relation)

    def forward(
        self,
        x: Tensor,
        index: RowIndex,
        schedule: TreeSchedule,
        labels: Optional[Tensor] = None,
        label_index: Optional[RowIndex] = None,
        relation: Optional[Tensor] = None,
    ) -> Tensor:
        """x: (n_rows, input_size). index: the row of x that each position reads. labels: (n_labels, label_size), the
        vectors of dependency labels. label_index: the row of labels that each position reads. relation: (n_edges,)
        int64, the relation of each edge. Returns hidden states by position, (n, hidden_size)."""
        projected = _Gather.apply(self.input(x).to(self.recurrent.dtype), index)
        if self.label is not None and labels is not None and label_index is not None:
            projected = projected + _Gather.apply(self.label(labels).to(projected.dtype), label_index)
        device = projected.device.type
        dtype = torch.get_autocast_dtype(device) if torch.is_autocast_enabled(device) else projected.dtype
        with torch.autocast(device, enabled=False):
            if self.attention or self.by_relation is not None:
                if relation is None:
                    relation = torch.zeros_like(schedule.sources)
                matrices = () if self.by_relation is None else self.by_relation.unbind(0)
                return ReplayedScan.apply(
                    self.step, schedule, relation, self.hidden_size, projected, self.recurrent, *matrices
                )
            if self.cell == "lstm":
                return ChildSumLSTM.apply(projected, self.recurrent, schedule, dtype)
            if self.cell == "gru":
                return ChildSumGRU.apply(projected, self.recurrent, schedule, dtype)
            return ChildSumPlain.apply(projected, self.recurrent, self.cell[len("rnn_") :], schedule, dtype)

    def step(
        self, weights: Sequence[Tensor], x: Tensor, hidden: Tensor, cell: Tensor, target: Tensor, relation: Tensor
    ) -> Tuple[Tensor, Tensor]:
        """See `replay.Step`."""
        recurrent, matrices = weights[0], weights[1:]
        width = self.hidden_size
        share = self._attend(x[:, -width:], hidden, target) if self.attention else None
        if self.cell.startswith("rnn"):
            sent = torch.mm(hidden, recurrent.t())
            if matrices:
                sent = sent + _by_relation(hidden, matrices, relation)
            a = x[:, :width] + _sum_children(sent, share, target, len(x))
            h = torch.tanh(a) if self.cell == "rnn_tanh" else torch.relu(a)
            return h, torch.zeros_like(h)
        s = _sum_children(hidden, share, target, len(x))
        if self.cell == "gru":
            product = torch.mm(s, recurrent.t())
            z, r = torch.sigmoid(x[:, : 2 * width] + product[:, : 2 * width]).chunk(2, dim=1)
            u = torch.tanh(x[:, 2 * width : 3 * width] + r * product[:, 2 * width :])
            h = u + z * (s - u)
            return h, torch.zeros_like(h)
        iou = x[:, : 3 * width] + torch.mm(s, recurrent[: 3 * width].t())
        f = torch.sigmoid(x[target, 3 * width : 4 * width] + torch.mm(hidden, recurrent[3 * width :].t()))
        i, o = torch.sigmoid(iou[:, : 2 * width]).chunk(2, dim=1)
        c = i * torch.tanh(iou[:, 2 * width :]) + _sum_children(f * cell, None, target, len(x))
        return o * torch.tanh(c), c

    def _attend(self, query: Tensor, hidden: Tensor, target: Tensor) -> Tensor:
        """The share of each child among its siblings, (n_edges, 1)."""
        scores = (hidden * query[target]).sum(dim=1) * self.hidden_size**-0.5
        return segment_softmax(scores.unsqueeze(1), target, len(query))


def _sum_children(states: Tensor, share: Optional[Tensor], target: Tensor, n: int) -> Tensor:
    """states: (n_edges, width). share: (n_edges, 1). Returns the sums over the edges to each of n nodes, (n, width)."""
    return segment_sum(states if share is None else states * share, target, n)


def _by_relation(hidden: Tensor, matrices: Sequence[Tensor], relation: Tensor) -> Tensor:
    """Each state times the matrix of its edge's relation; relation 0 has none. hidden: (n_edges, width). Returns the
    same shape."""
    order = torch.argsort(relation, stable=True)
    found, counts = torch.unique_consecutive(relation[order], return_counts=True)
    parts: List[Tensor] = []
    for number, rows in zip(found.tolist(), order.split(counts.tolist())):
        part = hidden[rows]
        parts.append(torch.mm(part, matrices[number].t()) if number else torch.zeros_like(part))
    return torch.cat(parts)[torch.argsort(order)] if parts else torch.zeros_like(hidden)
