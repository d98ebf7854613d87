"""Recursive networks over a batch of dependency trees: from the leaves to the roots, and back
down if wanted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional

import numpy as np
import torch
from torch import Tensor, nn

from ...base.trees import IntArray, break_cycles
from ..dropout import UnitDropout
from ..embedding import GrowingEmbedding
from .cells import RowIndex, TreeLayer
from .schedule import TreeSchedule, group_rows, schedule_downward, schedule_upward


@dataclass
class TreeBatch:
    """The trees of a batch, ready to be computed."""

    upward: TreeSchedule
    downward: Optional[TreeSchedule]
    heads: IntArray
    """(n,): each node's head, itself for a root, without cycles."""
    words: RowIndex
    """The row of the input that each position of the upward schedule reads."""


def build_batch(
    heads: IntArray, index: Optional[IntArray], n_rows: int, *, top_down: bool, device: Optional[torch.device] = None
) -> TreeBatch:
    """Lay out a batch of trees.

    heads: (n,), each node's head in the joined batch, itself for a root; cycles are cut.
    index: (n,), the row of the input that each node reads, None where node i reads row i.
    n_rows: rows of the input.
    """
    heads = break_cycles(heads)
    upward = schedule_upward(heads, device)
    downward = schedule_downward(heads, device) if top_down else None
    return TreeBatch(upward, downward, heads, index_rows(upward, index, n_rows))


def index_rows(schedule: TreeSchedule, index: Optional[IntArray], n_rows: int) -> RowIndex:
    """The rows (n,) that nodes read, by position of a schedule."""
    order = schedule.order.cpu().numpy()
    rows = order if index is None else index[order]
    groups = group_rows(rows, n_rows)
    device = schedule.order.device
    groups.rows, groups.offsets = groups.rows.to(device), groups.offsets.to(device)
    return RowIndex(torch.from_numpy(rows).to(device), groups)


class TreeNet(nn.Module):
    """A recursive network: every node's state follows from its word, its dependency label and
    its children's states; with a second pass, from its head's state too.

    input_size: of a word's vector. hidden_size: of the states of one pass.
    cell: one of `TREE_CELLS`. attention: see `TreeLayer`; it weighs children in the upward pass.
    top_down: a second layer with weights of its own reads the states of the first, along the
        edges from heads to children; the output is both states joined.
    label_size: of a dependency label's vector; 0 leaves labels out. n_labels: how many labels
        get a vector (and a matrix) of their own, row 0, which stands for all others, included.
    by_relation: give each label a matrix, see `TreeLayer`; those met less than `min_count`
        times in training share one.
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        *,
        cell: str = "lstm",
        attention: bool = False,
        top_down: bool = False,
        label_size: int = 0,
        n_labels: int = 64,
        by_relation: bool = False,
        min_count: int = 100,
    ):
        super().__init__()
        self.output_size = hidden_size * (2 if top_down else 1)
        self.min_count = min_count
        n_relations = n_labels if by_relation else 0
        self.dropout = UnitDropout()
        self.labels = GrowingEmbedding(n_labels, max(1, label_size)) if label_size or by_relation else None
        self.label_size = label_size
        self.up = TreeLayer(
            input_size, hidden_size, cell, label_size=label_size, attention=attention, n_relations=n_relations
        )
        self.down = (
            TreeLayer(hidden_size, hidden_size, cell, label_size=label_size, n_relations=n_relations)
            if top_down
            else None
        )

    def forward(self, x: Tensor, batch: TreeBatch, labels: Optional[IntArray] = None) -> Tensor:
        """x: (rows, input_size), read as the batch says; labels: (n,), the row of each node's
        dependency label in `self.labels`. Returns (n, output_size), in the order of the nodes."""
        up = self._run(self.up, self.dropout(x), batch.words, batch.upward, labels, upward=True)
        h = up[batch.upward.position]
        if self.down is not None and batch.downward is not None:
            index = index_rows(batch.downward, None, len(h))
            down = self._run(self.down, h, index, batch.downward, labels, upward=False)
            h = torch.cat([h, down[batch.downward.position]], dim=1)
        return self.dropout(h)

    def _run(
        self,
        layer: TreeLayer,
        x: Tensor,
        index: RowIndex,
        schedule: TreeSchedule,
        labels: Optional[IntArray],
        *,
        upward: bool,
    ) -> Tensor:
        if self.labels is None or labels is None:
            return layer(x, index, schedule)
        relation = None
        if layer.by_relation is not None:
            # An edge's relation is its child's: where states come from, or where they go.
            child = schedule.order[schedule.sources if upward else schedule.targets]
            rare = self.labels.counts.cpu().numpy()[labels] < self.min_count
            relation = torch.from_numpy(np.where(rare, 0, labels)).to(x.device)[child]
        if not self.label_size:
            return layer(x, index, schedule, relation=relation)
        vectors = self.labels.weight[: len(self.labels)]
        by_label = index_rows(schedule, labels, len(self.labels))
        return layer(x, index, schedule, vectors, by_label, relation)
