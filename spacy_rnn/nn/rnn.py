"""A stack of recurrent layers in one or two directions over padded blocks."""

from __future__ import annotations

from typing import Iterable, Optional

import torch
from torch import Tensor, nn

from .cells import RecurrentLayer
from .dropout import SequenceDropout, TokenDropout
from .layout import Block


class RNN(nn.Module):
    """Recurrent layers over sequences, one or two directions with separate weights
    (Schuster & Paliwal 1997; stacked as in Graves et al. 2013: each layer reads both
    directions of the one below).

    hidden_size: the width of one direction; the output is twice as wide with two.
    variational: drop the same units at every step of a sequence (Gal & Ghahramani 2016)
        instead of fresh ones; applies to the input of every layer and to the output.
    residual: add a layer's input to its output where the widths agree (He et al. 2016).
    layer_norm: normalise each layer's output (Ba et al. 2016).
    learn_initial_state: start from learned states instead of zeros.
    output_dropout: drop units of the output too, not only of each layer's input.
    token_dropout: share of whole input vectors replaced in training, see `TokenDropout`.
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        *,
        cell: str = "lstm",
        depth: int = 1,
        bidirectional: bool = True,
        variational: bool = True,
        residual: bool = False,
        layer_norm: bool = False,
        learn_initial_state: bool = False,
        output_dropout: bool = True,
        token_dropout: float = 0.0,
    ):
        super().__init__()
        self.output_size = hidden_size * (2 if bidirectional else 1)
        self.residual = residual
        self.output_dropout = output_dropout
        self.dropout = SequenceDropout(variational)
        self.token_dropout = TokenDropout(input_size, token_dropout) if token_dropout else None
        self.forward_layers = nn.ModuleList()
        self.backward_layers = nn.ModuleList()
        self.norms = nn.ModuleList()
        for i in range(depth):
            size = input_size if i == 0 else self.output_size
            for layers in [self.forward_layers, self.backward_layers][: 2 if bidirectional else 1]:
                layers.append(RecurrentLayer(size, hidden_size, cell, learn_initial_state=learn_initial_state))
            if layer_norm:
                self.norms.append(nn.LayerNorm(self.output_size))

    def forward(self, x: Tensor, index: Optional[Tensor], blocks: Iterable[Block]) -> Tensor:
        """Run over a flat batch.

        x: (rows, input_size); index: (n,), the row of x that each token reads, None where
        token i reads row i. blocks: their targets cover each of the n tokens once.
        Returns (n, output_size), in token order.
        """
        outputs, targets = [], []
        joined = None
        for block in blocks:
            rows = block.rows if index is None else index[block.rows]
            y = self.run_block(x[rows], block.reverse).flatten(0, 1)[block.kept]
            if torch.is_grad_enabled():
                outputs.append(y)
                targets.append(block.targets)
            else:
                # In place, so that a long document takes memory once.
                if joined is None:
                    joined = y.new_empty(len(x) if index is None else len(index), self.output_size)
                joined[block.targets] = y
        if joined is not None:
            return joined
        if not outputs:
            return x.new_zeros(0, self.output_size)
        places = torch.cat(targets)
        order = torch.empty_like(places)
        order[places] = torch.arange(len(places), device=places.device)
        return torch.cat(outputs)[order]

    def run_block(self, x: Tensor, reverse: Tensor, initial: Optional[Tensor] = None) -> Tensor:
        """x: (steps, batch, input_size), padded at the end; reverse: (steps * batch,), see
        `Block.reverse`. initial: (directions, states, batch, hidden_size), the first
        layer's states. Returns (steps, batch, output_size); what stands at padding has no
        meaning."""
        if self.token_dropout is not None:
            x = self.token_dropout(x)
        for i, layer in enumerate(self.forward_layers):
            x = self.dropout(x)
            given = initial if i == 0 else None
            y = layer(x, None if given is None else given[0])
            if len(self.backward_layers):
                mirrored = self.backward_layers[i](mirror(x, reverse), None if given is None else given[1])
                y = torch.cat([y, mirror(mirrored, reverse)], dim=2)
            if self.residual and y.shape == x.shape:
                y = y + x
            if len(self.norms):
                y = self.norms[i](y)
            x = y
        return self.dropout(x) if self.output_dropout else x


def mirror(x: Tensor, reverse: Tensor) -> Tensor:
    """Reverse each sequence within its own length.
    x: (steps, batch, width); reverse: (steps * batch,). Returns the shape of x."""
    return x.flatten(0, 1)[reverse].view(x.shape)
