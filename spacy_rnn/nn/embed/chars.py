"""The character network: from the characters of each word to a vector."""

from __future__ import annotations

from typing import Iterable

import torch
from torch import Tensor, nn

from ..layout import Block
from ..pooling import Pool
from ..rnn import RNN
from .tables import GrowingEmbedding


class CharEncoder(nn.Module):
    """A recurrent network over the characters of each word (Ling et al. 2015). With pooling "last", the vector of a
    word is made of the final states of both directions (Plank et al. 2016).

    rows: the size of the table of characters; row 0 stands for all characters that are not in it.
    width: of a character's vector. hidden_size: of one direction of the network.
    cell, depth, bidirectional: see `RNN`. pooling: see `Pool`.
    """

    def __init__(
        self,
        rows: int,
        width: int,
        hidden_size: int,
        *,
        cell: str = "lstm",
        depth: int = 1,
        bidirectional: bool = True,
        pooling: str = "last",
    ):
        super().__init__()
        self.table = GrowingEmbedding(rows, width)
        self.rnn = RNN(width, hidden_size, cell=cell, depth=depth, bidirectional=bidirectional, output_dropout=False)
        self.pool = Pool(self.rnn.output_size, pooling, bidirectional=bidirectional)
        self.output_size = self.rnn.output_size

    def forward(self, chars: Tensor, blocks: Iterable[Block]) -> Tensor:
        """The vectors of the words, (n_words, output_size). chars: (n_chars,) int64, the rows of the characters of all
        words, joined. blocks: the layout of the words, none of which is empty."""
        vectors, words = [], []
        for block in blocks:
            y = self.rnn.run_block(self.table(chars[block.rows]), block.reverse)
            vectors.append(self.pool(y, block.lengths, block.mask))
            words.append(block.sequences)
        if not vectors:
            return self.table.weight.new_zeros(0, self.output_size)
        return torch.cat(vectors)[torch.argsort(torch.cat(words))]
