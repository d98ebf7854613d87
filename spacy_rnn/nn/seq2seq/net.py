"""The encoder-decoder network: from one sequence of symbols to another."""

from __future__ import annotations

from typing import Iterable, Iterator, List, NamedTuple, Optional, Union

import torch
from torch import Tensor, nn

from ...base.sequences import END, UNKNOWN, Decoded, Search, Sources, Targets
from ...types import IntArray
from ..layout import lay_out
from ..pooling import Pool
from ..rnn import RNN
from .beam import beam_search
from .decoder import Decoder, Memory
from .decoding import Decoding

# The most rows times steps times beams that are decoded at once. One step of one row is a vector and a key: with 256
# units in fp32, 2 kilobytes.
MOST_CELLS = 2**14


class Encoded(NamedTuple):
    """Some of the sequences of a batch, after the encoder."""

    memory: Memory
    states: Tensor
    """(depth, states, n, hidden_size): where the decoder starts."""
    sequences: Tensor
    """(n,) int64: their indices in the batch."""
    decisions: Tensor
    """(n, decisions) float32: the scores of the decisions."""

    def take(self, columns: Tensor) -> Encoded:
        """Keep some of the sequences; columns: (m,) int64."""
        states = self.states[:, :, columns]
        return Encoded(self.memory.take(columns), states, self.sequences[columns], self.decisions[columns])


class Seq2Seq(nn.Module):
    """An encoder, a decoder that starts from the encoder's last states (Sutskever et al. 2014) and attends to its
    outputs (Bahdanau et al. 2015), and a classifier that makes one decision about the whole sequence.

    sources, targets: the number of symbols that are read and written, UNKNOWN and END included.
    features: the number of features of a whole sequence, "no feature" included. Their vectors are added to the vector
        of every symbol.
    context: the width of a vector of what surrounds a sequence, which is added to every symbol too; 0 for none.
    case_flags: the number of flags of a symbol, "no flag" included. decisions: the number to choose from.
    width: of a symbol's vector. hidden_size: of the decoder, and of both directions of the encoder together.
    cell, depth, attention, copy: see `Decoder`; the encoder has the same cell and depth.
    sampling: the share of symbols for which the decoder reads in training what it would have written itself (scheduled
        sampling, Bengio et al. 2015), in two passes over all steps (Mihaylova & Martins 2019).
    """

    def __init__(
        self,
        sources: int,
        targets: int,
        features: int = 1,
        context: int = 0,
        *,
        case_flags: int = 1,
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
        self.marks = nn.Embedding(case_flags, width, padding_idx=0)  # saved files have this name for case flags
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
        """Vectors of unit norm in expectation; equal decisions. The encoder and the decoder reset themselves."""
        for table in (self.table, self.features, self.marks):
            nn.init.normal_(table.weight, std=self.table.weight.shape[1] ** -0.5)
            if table.padding_idx is not None:
                with torch.no_grad():
                    table.weight[table.padding_idx] = 0.0
        nn.init.xavier_uniform_(self.bridge.weight)
        if self.context is not None:
            nn.init.xavier_uniform_(self.context.weight)
        for weight in (self.bridge.bias, self.decide.weight, self.decide.bias):
            nn.init.zeros_(weight)

    def forward(
        self, sources: Sources, task: Union[Targets, Search], context: Optional[Tensor] = None
    ) -> Union[Tensor, Decoded]:
        """Score targets, see `score`, or search for outputs, see `search`.

        context: (n, context), a vector of what surrounds each sequence; None for zeros.
        """
        if isinstance(task, Targets):
            return self.score(sources, task, context)
        return self.search(sources, task, context)

    def _tensor(self, array: IntArray) -> Tensor:
        return torch.from_numpy(array).to(self.decide.weight.device)

    def encode(self, sources: Sources, context: Optional[Tensor] = None) -> Iterator[Encoded]:
        """Encode sequences, blocks of similar lengths one after the other."""
        symbols, copies = self._tensor(sources.symbols), self._tensor(sources.copies)
        flags = None if sources.case_flags is None else self._tensor(sources.case_flags)
        features = None if sources.features is None else self._tensor(sources.features)
        for block in lay_out(sources.lengths, device=symbols.device):
            x = self.table(symbols[block.rows])
            if flags is not None:
                x = x + self.marks(flags[block.rows])
            if features is not None:
                x = x + self.features(features[block.sequences]).sum(dim=1)
            if self.context is not None and context is not None:
                x = x + self.context(context[block.sequences])
            y = self.encoder.run_block(x, block.reverse)
            summary = self.pool(y, block.lengths, block.mask)
            states = torch.tanh(self.bridge(summary)).float()
            states = states.view(len(summary), len(self.decoder.layers), self.decoder.n_states, -1).permute(1, 2, 0, 3)
            vectors, mask = y.transpose(0, 1), block.mask.t()
            keys = vectors[:, :, :0] if self.decoder.attention is None else self.decoder.attention.keys(vectors)
            memory = Memory(vectors, keys, mask, copies[block.rows].t())
            yield Encoded(memory, states, block.sequences, self.decide(summary).float())

    def score(self, sources: Sources, targets: Targets, context: Optional[Tensor] = None) -> Tensor:
        """The log-probabilities of each target and of each decision, (n, 2) float32."""
        symbols, lengths, right = map(self._tensor, (targets.symbols, targets.lengths, targets.decisions))
        starts = lengths.cumsum(0) - lengths
        found, order = [], []
        for block in self.encode(sources, context):
            decided = torch.log_softmax(block.decisions, dim=1).gather(1, right[block.sequences].unsqueeze(1))
            likelihood = decided.new_zeros(len(decided))
            columns = lengths[block.sequences].nonzero().squeeze(1)
            if len(columns):
                counted = block.take(columns) if len(columns) < len(decided) else block
                sizes = lengths[counted.sequences]
                step = torch.arange(int(sizes.max()), device=sizes.device).unsqueeze(1)
                inside = step < sizes
                wanted = symbols[torch.where(inside, starts[counted.sequences] + step, 0)]
                likelihoods = self._follow(wanted, counted.states, counted.memory)
                likelihood = likelihood.index_copy(0, columns, (likelihoods * inside).sum(dim=0))
            found.append(torch.stack([likelihood, decided.squeeze(1)], dim=1))
            order.append(block.sequences)
        if not found:
            return self.decide.weight.new_zeros(0, 2)
        joined = torch.cat(found)
        return torch.zeros_like(joined).index_copy(0, torch.cat(order), joined)

    def _follow(self, symbols: Tensor, states: Tensor, memory: Memory) -> Tensor:
        """The log-probability of each symbol given those before it, (steps, batch)."""
        read = self._shifted(symbols)
        if self.training and self.sampling:
            with torch.no_grad():
                x, _, _ = self.decoder(read, states, memory)
                own = self._shifted(self.decoder.output(x).argmax(dim=2))
            drawn = torch.rand(read.shape, dtype=torch.float32, device=read.device)
            read = torch.where(drawn < self.sampling, own, read)
        x, weights, _ = self.decoder(read, states, memory)
        return self.decoder.log_likelihood(x, weights, memory, symbols)

    def _shifted(self, symbols: Tensor) -> Tensor:
        """What the decoder reads before it writes each symbol. (steps, batch) to the same."""
        previous = torch.cat([torch.full_like(symbols[:1], END), symbols[:-1]])
        return torch.where(previous < self.decoder.n_symbols, previous, UNKNOWN)

    @torch.no_grad()
    def search(self, sources: Sources, search: Search, context: Optional[Tensor] = None) -> Decoded:
        """Make the decision about each sequence, and decode those for which it says so."""
        n = len(search.limits)
        found = Decoded([0] * n, [[] for _ in range(n)])
        for group in in_groups(self._undecoded(sources, search, context, found), search.beams):
            self._decode(group, sources.n_extended, search, found)
        return found

    def _undecoded(
        self, sources: Sources, search: Search, context: Optional[Tensor], found: Decoded
    ) -> Iterator[Encoded]:
        """Encode block by block, store the decisions in `found`, and yield what is to be decoded."""
        for block in self.encode(sources, context):
            decisions = block.decisions.argmax(dim=1).tolist()
            for sequence, decision in zip(block.sequences.tolist(), decisions):
                found.decisions[sequence] = decision
            after = search.decode_after
            columns = [i for i, decision in enumerate(decisions) if not after or decision in after]
            if columns:
                yield block.take(torch.tensor(columns, device=block.sequences.device))

    def _decode(self, group: List[Encoded], n_extended: int, search: Search, found: Decoded) -> None:
        """Decode the sequences of several blocks together: a step costs about the same for many as for few."""
        memory = Memory.join([part.memory for part in group])
        states = torch.cat([part.states for part in group], dim=2)
        sequences = torch.cat([part.sequences for part in group])
        decoding = Decoding(self.decoder, memory, states, beams=search.beams, n_extended=n_extended)
        hypotheses = beam_search(
            decoding.step,
            decoding.keep,
            self._tensor(search.limits)[sequences],
            end=END,
            beams=search.beams,
            length_penalty=search.length_penalty,
        )
        for sequence, best in zip(sequences.tolist(), hypotheses):
            found.hypotheses[sequence] = best


def in_groups(encoded: Iterable[Encoded], beams: int) -> Iterator[List[Encoded]]:
    """Group blocks so that the padded cells of a group stay below `MOST_CELLS`, or a group is a single block."""
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
