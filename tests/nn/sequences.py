"""Batches of sequences of numbers for encoder and decoder."""

from __future__ import annotations

from typing import Any, List, Optional, Sequence, Tuple

import numpy as np
import torch
from torch import Tensor

from spacy_rnn.base.symbols import END
from spacy_rnn.nn.layout import lay_out
from spacy_rnn.nn.seq2seq.net import Search, Seq2Seq, Sources, Targets

SYMBOLS = 9


def make_seq2seq(scale: float = 0.7, **settings: Any) -> Seq2Seq:
    """Random weights, large enough for outputs to differ."""
    network = Seq2Seq(SYMBOLS, SYMBOLS, **{"width": 4, "hidden_size": 6, "features": 4, "decisions": 3, **settings})
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            if name not in ("features.weight", "marks.weight"):
                parameter.normal_(0, scale, generator=generator)
    return network.eval()


def flat(sequences: Sequence[Sequence[int]]) -> Tensor:
    return torch.tensor([symbol for sequence in sequences for symbol in sequence], dtype=torch.int64)


def read(
    sequences: Sequence[Sequence[int]], copies: Optional[Sequence[Sequence[int]]] = None, n: int = SYMBOLS
) -> Sources:
    """Sources with an END each; symbols from SYMBOLS on are unknown to the encoder and can be copied only."""
    ended = [[*sequence, END] for sequence in sequences]
    symbols = flat(ended)
    return Sources(
        symbols=torch.where(symbols < SYMBOLS, symbols, 0),
        marks=torch.zeros_like(symbols),
        copies=symbols if copies is None else flat([[*sequence, END] for sequence in copies]),
        features=torch.zeros(len(ended), 1, dtype=torch.int64),
        blocks=list(lay_out(np.array(list(map(len, ended)), dtype=np.int64))),
        n_extended=n,
    )


def write(sequences: Sequence[Sequence[int]]) -> Targets:
    ended = [[*sequence, END] for sequence in sequences]
    return Targets(flat(ended), torch.tensor(list(map(len, ended))), torch.zeros(len(ended), dtype=torch.int64))


def decode(network: Seq2Seq, sources: Sources, limit: int = 8, **search: Any) -> List[List[Tuple[List[int], float]]]:
    n = len(sources.features)
    with torch.inference_mode():
        found = network.search(sources, Search(torch.full((n,), limit), **search))
    return [[(h.symbols, h.score) for h in best] for best in found.hypotheses]
