"""A recursive network over a batch of dependency trees."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any, Optional, Tuple

import numpy as np
import torch
from torch import Tensor, nn

from ...base.trees import Trees
from ...types import IntArray
from ..dropout import UnitDropout
from ..embed.tables import GrowingEmbedding
from .cells import RowIndex, TreeLayer
from .schedule import TreeSchedule, schedule_downward, schedule_upward


@dataclass
class TreeBatch:
    """The schedules of a batch of trees, and the words of its nodes."""

    upward: TreeSchedule
    downward: Optional[TreeSchedule]
    words: RowIndex
    """The row of the input that each position of the upward schedule reads."""


def build_batch(
    trees: Trees,
    index: Optional[IntArray] = None,
    n_rows: int = 0,
    *,
    top_down: bool = False,
    device: Optional[torch.device] = None,
) -> TreeBatch:
    """Schedule a batch of trees.

    index: (n,), the row of the input that each node reads; None if node i reads row i.
    n_rows: the number of rows of the input, if there is an index.
    top_down: schedule a downward pass too.
    """
    upward = schedule_upward(trees, device)
    downward = schedule_downward(trees, device) if top_down else None
    return TreeBatch(upward, downward, by_node(upward) if index is None else index_rows(upward, index, n_rows))


def by_node(schedule: TreeSchedule) -> RowIndex:
    """Each node reads its own row."""
    return RowIndex(schedule.order, schedule.position, torch.arange(len(schedule.order), device=schedule.order.device))


def index_rows(schedule: TreeSchedule, index: IntArray, n_rows: int) -> RowIndex:
    """Node i reads row `index[i]` of `n_rows` rows."""
    return RowIndex.build(index[schedule.order.cpu().numpy()], n_rows, schedule.order.device)


class TreeNet(nn.Module):
    """A recursive network. The state of a node depends on its word, its dependency label and the states of its
    children; with a downward pass, on the state of its head too.

    input_size: of a word's vector. hidden_size: of the states of one pass.
    cell: one of `TREE_CELLS`.
    attention: weigh the children in the upward pass, see `TreeLayer`.
    top_down: a second layer, with its own weights, reads the states of the first one along the edges from heads to
        children. The output is the states of both, concatenated.
    label_size: of the vector of a dependency label; 0 for none.
    n_labels: the number of labels with a vector and a matrix of their own, counting row 0, which all others share.
    by_relation: use a matrix for each label, see `TreeLayer`. Labels that training meets less than `min_count` times
        share one.
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
        self.dropout = UnitDropout()
        self.labels = GrowingEmbedding(n_labels, max(1, label_size)) if label_size or by_relation else None
        self.label_size = label_size
        build = partial(TreeLayer, cell=cell, label_size=label_size, n_relations=n_labels if by_relation else 0)
        self.up = build(input_size, hidden_size, attention=attention)
        self.down = build(hidden_size, hidden_size) if top_down else None

    def forward(self, x: Tensor, batch: TreeBatch, labels: Optional[IntArray] = None) -> Tensor:
        """x: (n_rows, input_size), which the nodes read by `batch.words`. labels: (n,), the row of each node's label in
        `self.labels`. Returns (n, output_size) in the order of the nodes."""
        upward, downward = batch.upward, batch.downward
        up = self.up(self.dropout(x), batch.words, upward, *self._label_inputs(upward, upward.sources, labels))
        h = up.index_select(0, upward.position)
        if self.down is not None and downward is not None:
            down = self.down(h, by_node(downward), downward, *self._label_inputs(downward, downward.targets, labels))
            h = torch.cat([h, down.index_select(0, downward.position)], dim=1)
        return self.dropout(h)

    def _label_inputs(self, schedule: TreeSchedule, children: Tensor, labels: Optional[IntArray]) -> Tuple[Any, ...]:
        """The arguments `labels`, `label_index` and `relation` of a `TreeLayer`. children: (n_edges,), the position of
        the child of each edge, whose label is the relation."""
        vectors, index, relation = None, None, None
        if self.labels is not None and labels is not None:
            if self.label_size:
                vectors = self.labels.weight[: len(self.labels)]
                index = index_rows(schedule, labels, len(self.labels))
            if self.up.by_relation is not None:
                rare = self.labels.counts.cpu().numpy()[labels] < self.min_count
                relations = torch.from_numpy(np.where(rare, 0, labels)).to(children.device)
                relation = relations[schedule.order[children]]
        return vectors, index, relation
