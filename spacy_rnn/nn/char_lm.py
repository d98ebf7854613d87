"""A language model over characters, and its state."""

from __future__ import annotations

from typing import Any, Dict, Literal, Mapping, NamedTuple, Optional, Tuple, get_args

import torch
from torch import Tensor, nn

from ..base.checks import check_choice
from .char_vocabulary import SEPARATOR, CharVocabulary
from .rnn import RecurrentLayer, to_compute_type

LMCell = Literal["lstm", "gru", "rnn_tanh"]
LM_CELLS: Tuple[str, ...] = get_args(LMCell)
# What earlier versions wrote for a cell: the number of its gates.
_CELL_OF_GATES = {1: "rnn_tanh", 3: "gru", 4: "lstm"}
# Large odd numbers, so that n-grams that differ in one place spread over all rows (Fibonacci hashing).
_MULTIPLIER = 0x9E3779B97F4A7C1 | 1
_SHIFT = 29


class LMState(NamedTuple):
    """What a model carries on from the texts read so far."""

    hidden: Tensor
    """(depth, states, batch, hidden_size): of each layer; an LSTM has two states, other cells one."""
    recent: Tensor
    """(order - 1, batch) int64: the ids read last, the latest one last."""
    label: Tensor
    """(batch,) int64: the label read last, counted from 1; 0 where there was none."""

    def first(self, n: int) -> LMState:
        """The state of the first n texts."""
        return LMState(self.hidden[:, :, :n], self.recent[:, :n], self.label[:n])

    def detach(self) -> LMState:
        """The same state, cut off from the graph."""
        return self._replace(hidden=self.hidden.detach())


class CharLM(nn.Module):
    """Recurrent layers that read characters one by one and predict the next (Mikolov et al. 2010; over characters,
    Graves 2013, sect. 3).

    chars: the size of the vocabulary of characters, see `CharVocabulary`.
    inputs: `chars`, and one more for each label that can stand before a text. From a label until the next one, a vector
        of the label is added to every input, so that it is not forgotten.
    cell: of the recurrent layers, one of `LM_CELLS`. depth: their number.
    order, rows: besides its own vector, a character's input holds vectors of the n-grams that end with it, of 2 to
        `order` characters, in one hashed table of `rows` rows for each length (as for bytes, Pagnoni et al. 2024, sect.
        3.2.1). They cost a look-up, and spare the network much of learning how words are spelled. 1 leaves them out.
    direct: add a layer from the vectors of the n-grams straight to the output, so that the recurrent layers are left
        with what a few characters do not tell (Mikolov et al. 2011, sect. 6, where the n-grams are of words).
    Raises SettingError for an unknown cell.
    """

    def __init__(
        self,
        chars: int,
        inputs: int,
        char_width: int,
        hidden_size: int,
        cell: str = "lstm",
        depth: int = 1,
        order: int = 1,
        rows: int = 1,
        direct: bool = False,
    ):
        super().__init__()
        check_choice("cell", cell, LM_CELLS)
        direct = direct and order > 1
        self.sizes: Dict[str, Any] = {
            "chars": chars,
            "inputs": inputs,
            "char_width": char_width,
            "hidden_size": hidden_size,
            "cell": cell,
            "depth": depth,
            "order": order,
            "rows": rows,
            "direct": direct,
        }
        self.chars, self.order, self.rows, self.hidden_size = chars, order, rows, hidden_size
        self.alphabet: Tensor
        self.register_buffer("alphabet", torch.zeros(chars, dtype=torch.int32))
        self._vocabulary: Optional[Tuple[Tensor, int, CharVocabulary]] = None
        self.embedding = nn.Embedding(inputs, char_width)
        self.ngrams = nn.EmbeddingBag(rows * (order - 1), char_width, mode="sum") if order > 1 else None
        self.labels = nn.Embedding(inputs - chars + 1, char_width) if inputs > chars else None
        sizes = [char_width] + [hidden_size] * (depth - 1)
        self.layers = nn.ModuleList(RecurrentLayer(size, hidden_size, cell) for size in sizes)
        self.n_states = 2 if cell == "lstm" else 1
        self.output = nn.Linear(hidden_size, chars)
        self.direct = nn.Linear(char_width, chars, bias=False) if direct else None
        self.reset_parameters()

    @property
    def vocabulary(self) -> CharVocabulary:
        """The characters by the code points in the buffer `alphabet`. Built once, and again when the buffer changes."""
        points, version = self.alphabet, self.alphabet._version
        if self._vocabulary is None or self._vocabulary[0] is not points or self._vocabulary[1] != version:
            self._vocabulary = points, version, CharVocabulary.from_points(points.tolist())
        return self._vocabulary[2]

    def reset_parameters(self) -> None:
        """Draw all weights but those of the recurrent layers, which draw their own."""
        nn.init.normal_(self.embedding.weight, std=0.5)
        if self.ngrams is not None:
            nn.init.zeros_(self.ngrams.weight)
        if self.labels is not None:
            nn.init.normal_(self.labels.weight, std=0.5)
        nn.init.zeros_(self.output.bias)
        nn.init.xavier_uniform_(self.output.weight)
        if self.direct is not None:
            nn.init.xavier_uniform_(self.direct.weight)

    def start(self, batch: int) -> LMState:
        """The state at the beginning of `batch` texts."""
        hidden = self.output.weight.new_zeros(len(self.layers), self.n_states, batch, self.hidden_size)
        recent = torch.full((self.order - 1, batch), SEPARATOR, device=hidden.device)
        return LMState(hidden, recent, recent.new_zeros(batch))

    def read(self, ids: Tensor, state: Optional[LMState] = None) -> Tuple[Tensor, LMState]:
        """Read on from a state, or from the beginning.

        ids: (steps, batch) int64. Returns the hidden states of the last layer after each character, (steps, batch,
        hidden_size), and the state after the last character.
        """
        hidden, _, state = self._read(ids, self.start(ids.shape[1]) if state is None else state)
        return hidden, state

    def _read(self, ids: Tensor, state: LMState) -> Tuple[Tensor, Optional[Tensor], LMState]:
        """As `read`, with the vectors of the n-grams, (steps, batch, char_width), in the middle."""
        x = self.embedding(ids)
        line = torch.cat([state.recent, ids])
        spelled = None
        if self.ngrams is not None:
            spelled = self.ngrams(self.ngram_rows(line).flatten(0, 1)).view(x.shape)
            x = x + spelled
        label = self.labels_at(ids, state.label)
        if self.labels is not None:
            x = x + self.labels(label)
        x = to_compute_type(x)
        last = []
        for layer, initial in zip(self.layers, state.hidden):
            assert isinstance(layer, RecurrentLayer)
            x, states = layer.unroll(x, initial)
            last.append(states)
        recent = line[len(line) - (self.order - 1) :]
        return x, spelled, LMState(torch.stack(last).to(state.hidden.dtype), recent, label[-1])

    def labels_at(self, ids: Tensor, before: Tensor) -> Tensor:
        """The label that holds at each step, as in `LMState`. ids: (steps, batch); before: (batch,). Returns (steps,
        batch)."""
        line = torch.cat([before.unsqueeze(0), (ids - self.chars + 1).clamp(min=0)])
        steps = torch.arange(len(line), device=ids.device).unsqueeze(1)
        latest = (steps * (line > 0)).cummax(dim=0).values
        return line.gather(0, latest)[1:]

    def ngram_rows(self, line: Tensor) -> Tensor:
        """The rows of the n-grams that end at each step, (steps, batch, order - 1) int64. line: (order - 1 + steps,
        batch) int64."""
        steps = len(line) - self.order + 1
        key = line[self.order - 1 :]
        found = []
        for n in range(1, self.order):
            key = (key * _MULTIPLIER) ^ (line[self.order - 1 - n :][:steps] + n)
            spread = (key * _MULTIPLIER) >> _SHIFT
            found.append(spread % self.rows + (n - 1) * self.rows)
        return torch.stack(found, dim=2)

    def forward(self, ids: Tensor, state: Optional[LMState] = None, *, dropout: float = 0.0) -> Tuple[Tensor, LMState]:
        """The logits of the character after each one, (steps, batch, chars), and the state after the last one.

        ids, state: see `read`. dropout: share of the units of the last layer dropped in training.
        """
        hidden, spelled, state = self._read(ids, self.start(ids.shape[1]) if state is None else state)
        logits = self.output(nn.functional.dropout(hidden, dropout, self.training))
        if self.direct is not None and spelled is not None:
            logits = logits + self.direct(to_compute_type(spelled))
        return logits.float(), state


def current_sizes(sizes: Mapping[str, Any]) -> Dict[str, Any]:
    """The arguments of `CharLM` that a file holds. Earlier versions wrote "gates" for the cell, and 1 for `direct`."""
    current = dict(sizes)
    if "gates" in current:
        gates = current.pop("gates")
        current["cell"] = _CELL_OF_GATES.get(gates, gates)
        current["direct"] = bool(current.get("direct"))
    return current
