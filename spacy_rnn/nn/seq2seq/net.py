"""Encoder and decoder: a sequence of symbols to another."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Iterable, Iterator, List, NamedTuple, Optional, Tuple, Union

import torch
from torch import Tensor, nn

from ...base.symbols import END, UNKNOWN
from ..layout import Block
from ..pooling import Pool
from ..rnn import RNN
from .beam import Hypothesis, beam_search
from .decoder import Decoder, Memory
from .decoding import Decoding, join, rows_of

# Rows times steps times beams of what is decoded at once. A step of a row is its vector and its key: in fp32, with 256
# units, 2 kilobytes.
MOST_CELLS = 2**14


@dataclass
class Sources:
    """A batch of sequences to read. All of them end with END, so that none is empty."""

    symbols: Tensor
    """(n_symbols,) int64: rows of the encoder's table, the sequences joined."""
    marks: Tensor
    """(n_symbols,) int64: what else is known of each symbol, 0 for nothing."""
    copies: Tensor
    """(n_symbols,) int64: the symbol that copying each writes, see `Memory.copies`."""
    features: Tensor
    """(n, n_features) int64: what is known of each sequence as a whole; 0 stands for no feature."""
    blocks: List[Block]
    """The layout of the sequences."""
    n_extended: int
    """One more than the highest symbol in `copies`, at least the number of symbols that the decoder writes."""
    context: Optional[Tensor] = None
    """(n, context): a vector of what surrounds each sequence; None for a network without."""


@dataclass
class Targets:
    """What the sequences of a batch are to become."""

    symbols: Tensor
    """(n_symbols,) int64: in the numbering of `Sources.copies`, the sequences joined, each with its END."""
    lengths: Tensor
    """(n,) int64: 0 for a sequence whose target does not count."""
    decisions: Tensor
    """(n,) int64: the right decision of each sequence."""


@dataclass
class Search:
    """How to decode."""

    limits: Tensor
    """(n,) int64: the most symbols of each target, at least 1."""
    beams: int = 1
    length_penalty: float = 1.0
    decoded: Tuple[int, ...] = ()
    """The decisions after which a sequence is decoded; empty for all."""


@dataclass
class Found:
    """What was decoded."""

    decisions: List[int]
    """Of each sequence."""
    hypotheses: List[List[Hypothesis]]
    """Of each sequence, the best one first; none where the decision said so."""


class Encoded(NamedTuple):
    """Sequences of one block that are to be decoded."""

    memory: Memory
    states: Tensor
    """(depth, states, n, hidden_size): where the decoder begins."""
    sequences: Tensor
    """(n,) int64: which they are."""


class Seq2Seq(nn.Module):
    """An encoder, a decoder that begins where it ended (Sutskever et al. 2014) and looks back at it (Bahdanau et al.
    2015), and a layer for one decision about the whole sequence.

    sources, targets: the number of symbols that are read and written, UNKNOWN and END included.
    features: the number of features of a whole sequence, "no feature" included; their vectors are added to every
        symbol.
    context: the width of a vector of what surrounds a sequence, which is added to every symbol too; 0 for none.
    marks: the number of marks of a symbol, "no mark" included. decisions: to choose from.
    width: of a symbol's vector. hidden_size: of the decoder, and of both directions of the encoder together.
    cell, depth, attention, copy: see `Decoder`; the encoder has the same cell and depth.
    sampling: the share of symbols that the decoder reads, in training, as it would have written them itself (scheduled
        sampling, Bengio et al. 2015), in two passes (Mihaylova & Martins 2019), each a single one over all steps.
    """

    def __init__(
        self,
        sources: int,
        targets: int,
        features: int = 1,
        context: int = 0,
        *,
        marks: int = 1,
        decisions: int = 1,
        width: int = 64,
        hidden_size: int = 128,
        cell: str = "lstm",
        depth: int = 1,
        attention: str = "dot",
        copy: bool = True,
        sampling: float = 0.0,
    ):
        super().__init__()
        self.table = nn.Embedding(sources, width)
        self.features = nn.Embedding(features, width, padding_idx=0)
        self.marks = nn.Embedding(marks, width, padding_idx=0)
        self.context = nn.Linear(context, width, bias=False) if context else None
        self.encoder = RNN(width, hidden_size // 2, cell=cell, depth=depth)
        self.pool = Pool(hidden_size, "last")
        self.decoder = Decoder(
            targets, width, hidden_size, hidden_size, cell=cell, depth=depth, attention=attention, copy=copy
        )
        self.bridge = nn.Linear(hidden_size, depth * self.decoder.n_states * hidden_size)
        self.decide = nn.Linear(hidden_size, decisions)
        self.sampling = sampling
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Unit-norm vectors in expectation; of the features a tenth, since they are added up; decisions start even."""
        scale = self.table.weight.shape[1] ** -0.5
        for table, std in ((self.table, scale), (self.features, scale), (self.marks, scale)):
            nn.init.normal_(table.weight, std=std)
            if table.padding_idx is not None:
                with torch.no_grad():
                    table.weight[table.padding_idx] = 0.0
        nn.init.xavier_uniform_(self.bridge.weight)
        if self.context is not None:
            nn.init.xavier_uniform_(self.context.weight)
        for weight in (self.bridge.bias, self.decide.weight, self.decide.bias):
            nn.init.zeros_(weight)

    def forward(self, sources: Sources, task: Union[Targets, Search]) -> Union[Tensor, Found]:
        """Targets: the logarithm of the probability of each target and of each decision, (n, 2) float32. Search: what
        the sequences become."""
        return self.score(sources, task) if isinstance(task, Targets) else self.search(sources, task)

    def encode(self, sources: Sources, block: Block) -> Tuple[Memory, Tensor, Tensor]:
        """The memory of one block, the decoder's first states (depth, states, batch, hidden_size), and the scores of
        the decisions (batch, decisions)."""
        rows = block.rows
        x = self.table(sources.symbols[rows])
        x = x + self.marks(sources.marks[rows]) + self.features(sources.features[block.sequences]).sum(dim=1)
        if self.context is not None and sources.context is not None:
            x = x + self.context(sources.context[block.sequences])
        y = self.encoder.run_block(x, block.reverse)
        summary = self.pool(y, block.lengths, block.mask)
        states = torch.tanh(self.bridge(summary)).float()
        states = states.view(len(summary), len(self.decoder.layers), self.decoder.n_states, -1).permute(1, 2, 0, 3)
        vectors, mask = y.transpose(0, 1), block.mask.t()
        keys = None if self.decoder.attention is None else self.decoder.attention.keys(vectors)
        return Memory(vectors, keys, mask, sources.copies[rows].t()), states, self.decide(summary).float()

    def score(self, sources: Sources, targets: Targets) -> Tensor:
        """Returns (n, 2) float32, see `forward`."""
        starts = targets.lengths.cumsum(0) - targets.lengths
        found, order = [], []
        for block in sources.blocks:
            memory, states, decisions = self.encode(sources, block)
            chosen = torch.log_softmax(decisions, dim=1).gather(1, targets.decisions[block.sequences].unsqueeze(1))
            likelihood = chosen.new_zeros(len(chosen))
            columns = targets.lengths[block.sequences].nonzero().squeeze(1)
            if len(columns):
                sequences = block.sequences[columns]
                if len(columns) < len(chosen):
                    memory, states = rows_of(memory, columns), states[:, :, columns]
                lengths = targets.lengths[sequences]
                step = torch.arange(int(lengths.max()), device=lengths.device).unsqueeze(1)
                inside = step < lengths
                symbols = targets.symbols[torch.where(inside, starts[sequences] + step, 0)]
                likelihoods = (self._follow(symbols, states, memory) * inside).sum(dim=0)
                likelihood = likelihood.index_copy(0, columns, likelihoods)
            found.append(torch.stack([likelihood, chosen.squeeze(1)], dim=1))
            order.append(block.sequences)
        if not found:
            return self.decide.weight.new_zeros(0, 2)
        joined = torch.cat(found)
        return torch.zeros_like(joined).index_copy(0, torch.cat(order), joined)

    def _follow(self, symbols: Tensor, states: Tensor, memory: Memory) -> Tensor:
        """The logarithm of the probability of each symbol, (steps, batch), given those before it."""
        read = self._read(symbols)
        if self.training and self.sampling:
            with torch.no_grad():
                x, _, _ = self.decoder(read, states, memory)
                own = self._read(self.decoder.output(x).argmax(dim=2))
            read = torch.where(torch.rand(read.shape, device=read.device) < self.sampling, own, read)
        x, weights, _ = self.decoder(read, states, memory)
        return self.decoder.log_likelihood(x, weights, memory, symbols)

    def _read(self, symbols: Tensor) -> Tensor:
        """What the decoder reads before it writes each symbol. (steps, batch) to the same."""
        return self._known(torch.cat([torch.full_like(symbols[:1], END), symbols[:-1]]))

    def _known(self, symbols: Tensor) -> Tensor:
        return torch.where(symbols < self.decoder.n_symbols, symbols, UNKNOWN)

    @torch.no_grad()
    def search(self, sources: Sources, search: Search) -> Found:
        """Decode every sequence, or those that their decision says."""
        n = len(search.limits)
        found = Found([0] * n, [[] for _ in range(n)])
        for together in in_groups(self._undecoded(sources, search, found), search.beams):
            self._decode(together, sources.n_extended, search, found)
        return found

    def _undecoded(self, sources: Sources, search: Search, found: Found) -> Iterator[Encoded]:
        """Encode block by block, write the decisions down, and give what is to be decoded."""
        for block in sources.blocks:
            memory, states, scores = self.encode(sources, block)
            decisions = scores.argmax(dim=1).tolist()
            for sequence, decision in zip(block.sequences.tolist(), decisions):
                found.decisions[sequence] = decision
            decoded = [i for i, decision in enumerate(decisions) if not search.decoded or decision in search.decoded]
            if decoded:
                columns = torch.tensor(decoded, device=states.device)
                yield Encoded(rows_of(memory, columns), states[:, :, columns], block.sequences[columns])

    def _decode(self, encoded: List[Encoded], n_extended: int, search: Search, found: Found) -> None:
        """Decode sequences that were encoded in several blocks, all at once: a step costs about the same for many as
        for few."""
        memory = join([part.memory for part in encoded])
        states = torch.cat([part.states for part in encoded], dim=2)
        sequences = torch.cat([part.sequences for part in encoded])
        decoding = Decoding(self.decoder, memory, states, beams=search.beams, n_extended=n_extended)
        hypotheses = beam_search(
            decoding.step,
            decoding.keep,
            search.limits[sequences],
            end=END,
            beams=search.beams,
            length_penalty=search.length_penalty,
        )
        for sequence, best in zip(sequences.tolist(), hypotheses):
            found.hypotheses[sequence] = best


def in_groups(encoded: Iterable[Encoded], beams: int) -> Iterator[List[Encoded]]:
    """Blocks, some at a time, so that a group stays within bounds of memory; at most one block is held beside it."""
    group: List[Encoded] = []
    rows = longest = 0
    for part in encoded:
        n, steps = part.memory.mask.shape
        if group and (rows + n) * max(longest, steps) * beams > MOST_CELLS:
            yield group
            group, rows, longest = [], 0, 0
        group.append(part)
        rows, longest = rows + n, max(longest, steps)
    if group:
        yield group
