"""A graph-based dependency parser with deep biaffine attention (Dozat & Manning 2017)."""

from __future__ import annotations

from typing import NamedTuple, Union

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ...base.parsing import ROOT, UNKNOWN, Parses, ParseTask, Sentences, StartSearch, TreeSearch, TreeTargets
from ...types import IntArray
from ..dropout import UnitDropout
from ..linear import RoundedLinear, over_rounded
from .blocks import SentenceBlock, lay_out_sentences, take
from .decoding import decode_trees
from .matrix_tree import arc_marginals

# How many tokens get the scores of their labels together.
_MOST_TOKENS = 1024
_SLOPE = 0.1


class BiaffineParser(nn.Module):
    """Scores the arcs between all tokens of a sentence, and the labels of the arcs that are there (sect. 2.2). Memory
    for the arcs of a sentence of n tokens is O(n^2).

    input_size: of a token's vector.
    labels: the number of labels, those of roots included, which come last.
    root_labels: the number of labels that roots can have; other tokens have the other ones.
    arc_size, label_size: of the vectors that say what a token is as a head and as a dependent.
    """

    def __init__(
        self, input_size: int, labels: int, root_labels: int = 1, *, arc_size: int = 256, label_size: int = 64
    ):
        super().__init__()
        self.sizes = [arc_size, arc_size, label_size, label_size]
        self.first_root_label = labels - root_labels
        self.dropout = UnitDropout()
        self.roles = RoundedLinear(input_size, sum(self.sizes))
        """Four layers side by side: tokens as heads and as dependents, for arcs and for labels."""
        self.root_arc = nn.Parameter(torch.empty(arc_size))
        self.root_label = nn.Parameter(torch.empty(label_size))
        self.arc = RoundedLinear(arc_size, arc_size)
        self.label = nn.Linear(label_size**2, labels)
        """Of the products of each number of a head with each number of its dependent."""
        self.label_parts = nn.Linear(2 * label_size, labels, bias=False)
        self.start = nn.Linear(input_size, 1)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Zeros in the last layers, so that an untrained parser prefers no head and no label."""
        for weight, size in zip(self.roles.weight.split(self.sizes), self.sizes):
            nn.init.orthogonal_(weight) if size > 1 else nn.init.xavier_uniform_(weight)
        for vector in (self.root_arc, self.root_label):
            nn.init.normal_(vector, std=len(vector) ** -0.5)
        for layer in (self.arc, self.label, self.label_parts, self.start):
            nn.init.zeros_(layer.weight)
        for layer in (self.roles, self.arc, self.label, self.start):
            nn.init.zeros_(layer.bias)

    def forward(self, x: Tensor, sentences: Sentences, task: ParseTask) -> Union[Tensor, Parses]:
        """Score targets, see `learn`, find the best trees, see `search`, or score where sentences start, see
        `score_starts`. x: (n_rows, input_size), of which the sentences use some."""
        if len(sentences.rows) != len(x):
            x = x[self._tensor(sentences.rows)]
        if isinstance(task, TreeTargets):
            return self.learn(x, sentences.lengths, task)
        return self.score_starts(x) if isinstance(task, StartSearch) else self.search(x, sentences.lengths, task)

    def learn(self, x: Tensor, lengths: IntArray, targets: TreeTargets) -> Tensor:
        """The log-probabilities of the heads, of the labels and of the decisions whether a sentence starts, (n, 3)
        float32; 0 where nothing is known.

        x: (n, input_size), the tokens of all sentences joined. lengths: (n_sentences,).
        """
        roles = self.score_roles(x)
        found = x.new_zeros(len(x), 3, dtype=torch.float32)
        heads = self._tensor(targets.heads)
        columns = [self._learn_arcs(roles, heads, lengths), self._learn_labels(roles, heads, lengths, targets.labels)]
        if targets.starts is not None:
            starts = self._tensor(targets.starts)
            signs = torch.where(starts > 0, 1.0, -1.0)
            columns.append(F.logsigmoid(self.score_starts(x) * signs).masked_fill(starts == UNKNOWN, 0.0))
        return torch.cat([torch.stack(columns, dim=1), found[:, len(columns) :]], dim=1)

    def _learn_arcs(self, roles: Roles, heads: Tensor, lengths: IntArray) -> Tensor:
        """The log-probability of each head, (n,)."""
        order, likelihoods = [], []
        for block in lay_out_sentences(lengths, device=heads.device):
            inside = torch.arange(block.cells.shape[1], device=heads.device) < block.lengths.unsqueeze(1)
            tokens = block.cells[inside & (heads[block.cells] != UNKNOWN)]
            if len(tokens):
                scores = self.score_arcs(roles, block)
                known = scores[inside & (heads[block.cells] != UNKNOWN)]
                order.append(tokens)
                likelihoods.append(known.log_softmax(dim=1).gather(1, heads[tokens].unsqueeze(1)).squeeze(1))
        result = roles.arc_heads.new_zeros(len(heads), dtype=torch.float32)
        return result.index_copy(0, torch.cat(order), torch.cat(likelihoods)) if order else result

    def _learn_labels(self, roles: Roles, heads: Tensor, lengths: IntArray, labels: IntArray) -> Tensor:
        """The log-probability of each label, (n,)."""
        columns = self._tensor(labels)
        tokens = ((heads != UNKNOWN) & (columns != UNKNOWN)).nonzero().squeeze(1)
        result = roles.arc_heads.new_zeros(len(heads), dtype=torch.float32)
        if not len(tokens):
            return result
        scores = self.score_labels(roles, tokens, self._head_rows(heads, lengths)[tokens], heads[tokens] == ROOT)
        likelihoods = scores.log_softmax(dim=1).gather(1, columns[tokens].unsqueeze(1)).squeeze(1)
        return result.index_copy(0, tokens, likelihoods)

    @torch.no_grad()
    def search(self, x: Tensor, lengths: IntArray, search: TreeSearch) -> Parses:
        """The best tree of each sentence, and the best label of each of its arcs. x, lengths: see `learn`."""
        roles = self.score_roles(x)
        heads = np.zeros(len(x), dtype=np.int64)
        marginals = np.ones(len(x), dtype=np.float32) if search.marginals else None
        for block in lay_out_sentences(lengths, device=x.device):
            scores = self.score_arcs(roles, block)
            greedy, own = scores.argmax(dim=2).cpu().numpy(), block.lengths.cpu().numpy()
            found = decode_trees(scores.cpu().numpy(), greedy, own, projective=search.projective)
            inside = np.arange(found.shape[1]) < own[:, None]
            cells = block.cells.cpu().numpy()[inside]
            heads[cells] = found[inside]
            if marginals is not None:
                taken = arc_marginals(scores, block.lengths).cpu().numpy()
                marginals[cells] = np.take_along_axis(taken, found[:, :, None], axis=2)[:, :, 0][inside]
        return Parses(heads, self._best_labels(roles, heads, lengths), marginals)

    def _best_labels(self, roles: Roles, heads: IntArray, lengths: IntArray) -> IntArray:
        tokens = torch.arange(len(heads), device=roles.arc_heads.device)
        chosen = self._tensor(heads)
        rows = self._head_rows(chosen, lengths)
        best = [
            self.score_labels(roles, part, rows[part], chosen[part] == ROOT).argmax(dim=1)
            for part in tokens.split(_MOST_TOKENS)
        ]
        return torch.cat(best).cpu().numpy() if len(heads) else heads

    def score_roles(self, x: Tensor) -> Roles:
        """x: (n, input_size)."""
        roles = self.dropout(F.leaky_relu(self.roles(x), _SLOPE))
        arc_heads, arc_dependents, label_heads, label_dependents = roles.split(self.sizes, dim=1)
        return Roles(arc_heads, self.arc(arc_dependents), label_heads, label_dependents)

    def score_arcs(self, roles: Roles, block: SentenceBlock) -> Tensor:
        """The scores of the arcs to each token from the root and from each token, (batch, n, n + 1) float32. Arcs from
        padding, and from a token to itself, have -inf."""
        n = block.cells.shape[1]
        heads, queries = (take(role, block.cells).float() for role in (roles.arc_heads, roles.arc_queries))
        # In single precision: which of two heads is better may hang on the last bits.
        with torch.autocast(heads.device.type, enabled=False):
            arcs = torch.bmm(queries, heads.transpose(1, 2))
            scores = torch.cat([(queries @ self.root_arc).unsqueeze(2), arcs], dim=2)
        places = torch.arange(n + 1, device=scores.device)
        itself = places == places[1:].unsqueeze(1)
        padding = places > block.lengths.unsqueeze(1)
        return scores.masked_fill(itself | padding.unsqueeze(1), -torch.inf)

    def score_labels(self, roles: Roles, tokens: Tensor, heads: Tensor, is_root: Tensor) -> Tensor:
        """The scores of the labels of some arcs, (m, labels) float32, -inf for those that the token cannot have.

        tokens, heads: (m,) int64, rows of the roles. is_root: (m,) bool, where the head is the root and its row does
            not matter.
        """
        head = take(roles.label_heads, heads)
        head = torch.where(is_root.unsqueeze(1), self.root_label.to(head.dtype), head)
        pairs = torch.cat([head, take(roles.label_dependents, tokens)], dim=1)
        scores = over_rounded(self._label_pairs, pairs).float()
        of_roots = torch.arange(scores.shape[1], device=scores.device) >= self.first_root_label
        return scores.masked_fill(of_roots != is_root.unsqueeze(1), -torch.inf)

    def _label_pairs(self, pairs: Tensor) -> Tensor:
        """The scores of all labels, (m, labels). pairs: (m, 2 * label_size), heads and dependents side by side."""
        head, dependent = pairs.chunk(2, dim=1)
        products = torch.bmm(head.unsqueeze(2), dependent.unsqueeze(1)).flatten(1)
        return self.label(products) + self.label_parts(pairs)

    def score_starts(self, x: Tensor) -> Tensor:
        """The log odds that a sentence starts at each token, (n,) float32. x: (n, input_size)."""
        return self.start(x).squeeze(1).float()

    def _head_rows(self, heads: Tensor, lengths: IntArray) -> Tensor:
        """The row of each token's head, that of the token itself for a root. heads: (n,), see `TreeTargets`. Returns
        (n,)."""
        starts = self._tensor(np.repeat(np.cumsum(lengths) - lengths, lengths))
        rows = torch.arange(len(heads), device=heads.device)
        return torch.where(heads > ROOT, starts + heads - 1, rows)

    def _tensor(self, array: IntArray) -> Tensor:
        return torch.from_numpy(array).to(self.root_arc.device)


class Roles(NamedTuple):
    """What tokens are in arcs, (n, arc_size) and (n, label_size)."""

    arc_heads: Tensor
    arc_queries: Tensor
    """Tokens as dependents, times the matrix of the biaffine product."""
    label_heads: Tensor
    label_dependents: Tensor
