"""The decoder: from the symbols written so far, and the encoder's outputs, to the next symbol."""

from __future__ import annotations

from typing import NamedTuple, Optional, Sequence, Tuple

import torch
from torch import Tensor, nn

from ...base.sequences import END, UNKNOWN
from ..attention import Attention
from ..dropout import SequenceDropout
from ..rnn import RecurrentLayer, to_compute_type

# These keep logarithms, and the gradients of impossible symbols, finite.
_TINY = 1e-30
_NEVER = -1e9


class Memory(NamedTuple):
    """What a decoder attends to, batch first; all that one step needs of the sources."""

    vectors: Tensor
    """(batch, steps, memory_size)."""
    keys: Tensor
    """(batch, steps, size): see `Attention.keys`; of width 0 without attention."""
    mask: Tensor
    """(batch, steps) bool: True where there is a symbol."""
    copies: Tensor
    """(batch, steps) int64: the symbol that copying a step writes. Symbols from `n_symbols` on are those that the
    vocabulary lacks, numbered within each source."""

    def take(self, rows: Tensor) -> Memory:
        """Some rows; rows: (m,) int64."""
        return Memory(*(part[rows] for part in self))

    @staticmethod
    def join(memories: Sequence[Memory]) -> Memory:
        """The rows of several memories; the shorter ones are padded."""
        if len(memories) == 1:
            return memories[0]
        longest = max(memory.mask.shape[1] for memory in memories)

        def padded(x: Tensor) -> Tensor:
            return nn.functional.pad(x, [0, 0] * (x.dim() - 2) + [0, longest - x.shape[1]])

        return Memory(*(torch.cat(list(map(padded, parts))) for parts in zip(*memories)))


class Decoder(nn.Module):
    """Recurrent layers over the symbols written so far, with attention on top of them, so that a known target takes a
    single pass (Luong et al. 2015, sect. 3). A gate divides the probability between generating a symbol of the
    vocabulary and copying one of the source (pointer-generator network, See et al. 2017, sect. 2.2).

    n_symbols: the size of the vocabulary, UNKNOWN and END included. width: of a symbol's vector. hidden_size: of the
    layers. memory_size: of the encoder's vectors. attention: "dot", "additive" or "none". copy: needs attention.
    """

    def __init__(
        self,
        n_symbols: int,
        width: int,
        hidden_size: int,
        memory_size: int,
        *,
        cell: str = "lstm",
        depth: int = 1,
        attention: str = "dot",
        copy: bool = True,
    ):
        super().__init__()
        self.n_symbols = n_symbols
        self.table = nn.Embedding(n_symbols, width)
        self.layers = nn.ModuleList(
            RecurrentLayer(width if i == 0 else hidden_size, hidden_size, cell) for i in range(depth)
        )
        self.n_states = 2 if cell == "lstm" else 1
        self.hidden_size = hidden_size
        self.dropout = SequenceDropout()
        self.attention = None if attention == "none" else Attention(hidden_size, memory_size, hidden_size, attention)
        self.combine = None if attention == "none" else nn.Linear(hidden_size + memory_size, hidden_size)
        self.output = nn.Linear(hidden_size, n_symbols)
        self.gate = nn.Linear(hidden_size, 1) if copy and attention != "none" else None
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """The recurrent layers and the attention reset themselves."""
        nn.init.normal_(self.table.weight, std=self.table.weight.shape[1] ** -0.5)
        for layer in (self.combine, self.output, self.gate):
            if layer is not None:
                nn.init.xavier_uniform_(layer.weight)
                nn.init.zeros_(layer.bias)

    def forward(
        self, previous: Tensor, states: Tensor, memory: Memory, *, beams: int = 1, start: int = 0
    ) -> Tuple[Tensor, Optional[Tensor], Tensor]:
        """Read symbols.

        previous: (steps, batch * beams) int64, symbols of the vocabulary; UNKNOWN for any other.
        states: (depth, states, batch * beams, hidden_size), the states of the layers before the first step.
        beams: the number of sequences that attend to each row of the memory; if it is more than 1, steps must be 1.
        start: the position of the first step.
        Returns vectors (steps, batch * beams, hidden_size), the attention weights (batch, steps * beams, memory steps),
        None without attention, and the states after the last step.
        """
        steps = len(previous)
        x = to_compute_type(self.table(previous))
        reached = []
        for i, layer in enumerate(self.layers):
            assert isinstance(layer, RecurrentLayer)
            x, last = layer.unroll(self.dropout(x), states[i])
            reached.append(last.to(states.dtype))
        weights = None
        if self.attention is not None and self.combine is not None:
            queries = x.view(len(memory.mask), beams, -1) if beams > 1 else x.transpose(0, 1)
            positions = torch.full((beams,), start) if beams > 1 else torch.arange(start, start + steps)
            weights = self.attention(queries, positions.to(x.device), memory.keys, memory.mask)
            context = torch.bmm(weights.to(memory.vectors.dtype), memory.vectors)
            context = context.view(1, -1, context.shape[2]) if beams > 1 else context.transpose(0, 1)
            x = torch.tanh(self.combine(torch.cat([x, context.to(x.dtype)], dim=2)))
        return self.dropout(x), weights, torch.stack(reached)

    def log_likelihood(self, x: Tensor, weights: Optional[Tensor], memory: Memory, targets: Tensor) -> Tensor:
        """The log-probability of each target, (steps, batch) float32; 0 for an unknown symbol that cannot be copied.

        x, weights: as `forward` returns them, with one beam. targets: (steps, batch) int64, numbered as in
        `Memory.copies`.
        """
        known = (targets > UNKNOWN) & (targets < self.n_symbols)
        written = torch.log_softmax(self.output(x).float(), dim=2)
        found = written.gather(2, torch.where(known, targets, END).unsqueeze(2)).squeeze(2)
        if self.gate is None or weights is None:
            return torch.where(known, found, 0.0)
        match = (memory.copies.unsqueeze(1) == targets.t().unsqueeze(2)) & memory.mask.unsqueeze(1)
        copied = (weights * match).sum(dim=2).t()
        gate = self.gate(x).float().squeeze(2)
        writing = (nn.functional.logsigmoid(gate) + found).masked_fill(~known, _NEVER)
        copying = nn.functional.logsigmoid(-gate) + copied.clamp_min(_TINY).log()
        return torch.where(known | match.any(dim=2).t(), torch.logaddexp(writing, copying), 0.0)

    def log_probabilities(self, x: Tensor, weights: Optional[Tensor], memory: Memory, n_extended: int) -> Tensor:
        """The log-probability of each next symbol, (batch, beams, n_extended) float32. That of UNKNOWN is -inf.

        x, weights: as `forward` returns them for one step. n_extended: one more than the highest symbol in
        `memory.copies`, at least `n_symbols`.
        """
        written = torch.log_softmax(self.output(x[0]).float(), dim=1).view(len(memory.mask), -1, self.n_symbols)
        if self.gate is None or weights is None:
            found = written.clone()
        else:
            gate = self.gate(x[0]).float().view(*written.shape[:2], 1)
            found = written.new_zeros(*written.shape[:2], n_extended)
            found[:, :, : self.n_symbols] = torch.sigmoid(gate) * written.exp()
            copies = memory.copies.unsqueeze(1).expand(-1, written.shape[1], -1)
            found.scatter_add_(2, copies, torch.sigmoid(-gate) * weights)
            found.log_()
        found[:, :, UNKNOWN] = float("-inf")
        return found
