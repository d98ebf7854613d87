"""Batches of sequences of numbers for encoder and decoder."""

from __future__ import annotations

from typing import Any, List, Optional, Sequence, Tuple

import numpy as np
import torch

from spacy_rnn.base.sequences import END, Search, Sources, Targets
from spacy_rnn.nn.seq2seq.net import Seq2Seq
from spacy_rnn.types import IntArray

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


def flat(sequences: Sequence[Sequence[int]]) -> IntArray:
    return np.array([symbol for sequence in sequences for symbol in sequence], dtype=np.int64)


def read(
    sequences: Sequence[Sequence[int]], copies: Optional[Sequence[Sequence[int]]] = None, n: int = SYMBOLS
) -> Sources:
    """Sources with an END each; symbols from SYMBOLS on are unknown to the encoder and can be copied only."""
    ended = [[*sequence, END] for sequence in sequences]
    symbols = flat(ended)
    return Sources(
        symbols=np.where(symbols < SYMBOLS, symbols, 0),
        lengths=np.array(list(map(len, ended)), dtype=np.int64),
        copies=symbols if copies is None else flat([[*sequence, END] for sequence in copies]),
        n_extended=n,
    )


def write(sequences: Sequence[Sequence[int]]) -> Targets:
    ended = [[*sequence, END] for sequence in sequences]
    return Targets(flat(ended), np.array(list(map(len, ended))), np.zeros(len(ended), dtype=np.int64))


def decode(network: Seq2Seq, sources: Sources, limit: int = 8, **search: Any) -> List[List[Tuple[List[int], float]]]:
    with torch.inference_mode():
        found = network.search(sources, Search(np.full(len(sources.lengths), limit), **search))
    return [[(h.symbols, h.score) for h in best] for best in found.hypotheses]
