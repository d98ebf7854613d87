"""The state of a decoder during beam search, for a batch whose rows end at different times."""

from __future__ import annotations

import torch
from torch import Tensor

from ...base.sequences import END, UNKNOWN
from ..linear import round_up
from .decoder import Decoder, Memory


class Decoding:
    """The callbacks of `beam_search`. Rows that have ended stay in the batch until it can shrink to the next round
    number of rows: kernels are compiled anew for every number (see `linear`).

    memory: (batch, ...). states: (depth, states, batch, hidden_size). beams: of each row.
    n_extended: one more than the highest symbol in `memory.copies`, at least the number of symbols that are written.
    """

    def __init__(self, decoder: Decoder, memory: Memory, states: Tensor, *, beams: int, n_extended: int):
        self.decoder, self.beams, self.n_extended = decoder, beams, n_extended
        self.memory, self.states = memory, states.repeat_interleave(beams, dim=2)
        self._take(torch.arange(len(memory.mask), device=states.device))

    def _take(self, rows: Tensor) -> None:
        """Continue with these rows; the first one is repeated to make their number round."""
        added = round_up(len(rows), bits=1) - len(rows)
        taken = torch.cat([rows, rows[:1].expand(added)])
        self.memory = self.memory.take(taken)
        beams = torch.arange(self.beams, device=rows.device)
        self.states = self.states.index_select(2, (taken.unsqueeze(1) * self.beams + beams).view(-1))
        self.live = torch.arange(len(rows), device=rows.device)

    def step(self, previous: Tensor, position: int) -> Tensor:
        """(live, beams) int64 to (live, beams, n_extended), see `Step`."""
        known = torch.where(previous < self.decoder.n_symbols, previous, UNKNOWN)
        read = known.new_full((len(self.memory.mask), self.beams), END)
        read[self.live] = known
        x, weights, self.states = self.decoder(
            read.view(1, -1), self.states, self.memory, beams=self.beams, start=position
        )
        return self.decoder.log_probabilities(x, weights, self.memory, self.n_extended)[self.live]

    def keep(self, rows: Tensor, origin: Tensor) -> None:
        """rows: (n,) of the live ones; origin: (n, beams), see `Keep`."""
        live = self.live[rows]
        if self.beams > 1:
            source = torch.arange(self.states.shape[2], device=rows.device).view(-1, self.beams)
            source[live] = live.unsqueeze(1) * self.beams + origin
            self.states = self.states.index_select(2, source.view(-1))
        self.live = live
        if round_up(len(live), bits=1) < len(self.memory.mask):
            self._take(live)
