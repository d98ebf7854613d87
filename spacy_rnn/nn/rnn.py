"""Recurrent layers: the cells, and stacks of layers in one or two directions over padded blocks."""

from __future__ import annotations

from functools import partial
from typing import Any, Callable, Dict, Iterable, Literal, Optional, Tuple, get_args

import torch
from torch import Tensor, nn

from ..base.checks import check_choice
from .dropout import SequenceDropout, TokenDropout
from .layout import Block
from .linear import round_up

Cell = Literal["lstm", "gru", "rnn_tanh", "rnn_relu", "rnn_sigmoid"]
CELLS: Tuple[str, ...] = get_args(Cell)


class SigmoidRNN(nn.Module):
    """The plain recurrent network with a logistic activation, `h_t = sigmoid(W x_t + b_x + U h_(t-1) + b_h)` (Elman
    1990, eq. 1).

    torch has kernels for tanh and relu only, so this module computes one step after the other; the input projection of
    all steps is still a single matrix product. The parameters have the names and shapes of `torch.nn.RNN`.
    """

    def __init__(self, input_size: int, hidden_size: int):
        super().__init__()
        self.weight_ih_l0 = nn.Parameter(torch.empty(hidden_size, input_size))
        self.weight_hh_l0 = nn.Parameter(torch.empty(hidden_size, hidden_size))
        self.bias_ih_l0 = nn.Parameter(torch.empty(hidden_size))
        self.bias_hh_l0 = nn.Parameter(torch.empty(hidden_size))

    def forward(self, x: Tensor, initial: Tensor) -> Tuple[Tensor, Tensor]:
        """x: (steps, batch, input_size); initial: (1, batch, hidden_size).
        Returns (steps, batch, hidden_size) and the last state (1, batch, hidden_size)."""
        projected = nn.functional.linear(x, self.weight_ih_l0, self.bias_ih_l0)
        hidden = initial[0]
        outputs = []
        for step in projected.unbind(0):
            recurrent = nn.functional.linear(hidden, self.weight_hh_l0, self.bias_hh_l0)
            hidden = torch.sigmoid(step + recurrent)
            outputs.append(hidden)
        return torch.stack(outputs), hidden.unsqueeze(0)


_BUILDERS: Dict[str, Callable[[int, int], nn.Module]] = {
    "lstm": nn.LSTM,
    "gru": nn.GRU,
    "rnn_tanh": nn.RNN,
    "rnn_relu": partial(nn.RNN, nonlinearity="relu"),
    "rnn_sigmoid": SigmoidRNN,
}


def init_gates(weight: Tensor, hidden_size: int, *, recurrent: bool = False) -> None:
    """Initialize each gate's matrix in place: Glorot-uniform for input weights (Glorot & Bengio 2010), orthogonal for
    recurrent ones (Saxe et al. 2014). weight: (gates * hidden_size, width)."""
    for gate in weight.split(hidden_size):
        (nn.init.orthogonal_ if recurrent else nn.init.xavier_uniform_)(gate)


class RecurrentLayer(nn.Module):
    """One recurrent layer that reads from left to right.

    Equations: LSTM as in Hochreiter & Schmidhuber 1997 with the forget gate of Gers et al. 2000 (no peepholes); GRU as
    in Cho et al. 2014, in the form of `torch.nn.GRU` (the reset gate acts after the recurrent product).

    cell: one of `CELLS`; raises SettingError for any other.
    learn_initial_state: start from a learned state instead of zeros.
    """

    def __init__(self, input_size: int, hidden_size: int, cell: str = "lstm", *, learn_initial_state: bool = False):
        super().__init__()
        check_choice("cell", cell, CELLS)
        self.cell = cell
        self.hidden_size = hidden_size
        self.n_states = 2 if cell == "lstm" else 1
        self.rnn = _BUILDERS[cell](input_size, hidden_size)
        self.initial = nn.Parameter(torch.zeros(self.n_states, hidden_size)) if learn_initial_state else None
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Weights as in `init_gates`; biases 0, but 1 for the forget gate (Jozefowicz et al. 2015)."""
        for name, parameter in self.rnn.named_parameters():
            if name.startswith("bias"):
                nn.init.zeros_(parameter)
            else:
                init_gates(parameter, self.hidden_size, recurrent=name.startswith("weight_hh"))
        if self.cell == "lstm":
            with torch.no_grad():
                self.rnn.get_parameter("bias_ih_l0")[self.hidden_size : 2 * self.hidden_size] = 1.0
        if self.initial is not None:
            nn.init.zeros_(self.initial)

    def forward(self, x: Tensor, initial: Optional[Tensor] = None) -> Tensor:
        """The hidden states, (steps, batch, hidden_size).

        x: (steps, batch, input_size). initial: (n_states, batch, hidden_size), the state before the first step. An LSTM
        has two states (hidden, cell), the other cells one. Without it, the layer starts from its learned state, or from
        zeros.
        """
        return self.unroll(x, initial)[0]

    def unroll(self, x: Tensor, initial: Optional[Tensor] = None) -> Tuple[Tensor, Tensor]:
        """As `forward`, with the state after the last step, (n_states, batch, hidden_size), from which a longer
        sequence can be continued."""
        batch = x.shape[1]
        if initial is None:
            if self.initial is not None:
                initial = self.initial.unsqueeze(1).expand(-1, batch, -1)
            else:
                initial = x.new_zeros(self.n_states, batch, self.hidden_size)
        added = (0, 0, 0, round_up(batch) - batch)
        x, initial = nn.functional.pad(x, added), nn.functional.pad(initial.to(x.dtype), added)
        if self.cell == "lstm":
            y, states = self.rnn(x, (initial[:1].contiguous(), initial[1:].contiguous()))
            last = torch.cat(states)
        else:
            y, last = self.rnn(x, initial[:1].contiguous())
        return y[:, :batch], last[:, :batch]


class RNN(nn.Module):
    """Recurrent layers over sequences, in one direction or in two with separate weights (Schuster & Paliwal 1997). Each
    layer reads both directions of the one below (Graves et al. 2013).

    hidden_size: of one direction; `output_size` is twice that with two directions.
    cell: one of `CELLS`; raises SettingError for any other. depth: the number of layers.
    variational: drop the same units at every step of a sequence (Gal & Ghahramani 2016), at the input of each layer and
        at the output. The rate is set by `set_dropout`.
    residual: add a layer's input to its output where the widths agree (He et al. 2016).
    layer_norm: normalize each layer's output (Ba et al. 2016).
    learn_initial_state: start from learned states instead of zeros.
    output_dropout: whether dropout applies to the output.
    token_dropout: the share of input vectors replaced in training, see `TokenDropout`.
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

    def forward(
        self, x: Tensor, blocks: Iterable[Block], index: Optional[Tensor] = None, initial: Optional[Tensor] = None
    ) -> Tensor:
        """The outputs of all tokens of a flat batch, (n, output_size).

        x: (rows, input_size), the vectors of all sequences joined.
        blocks: `lay_out(lengths)` of the sequences, n tokens together.
        index: (n,) int64, the row of x that each token reads; None where token i reads row i.
        initial: (depth, directions, n_states, n_sequences, hidden_size), the state from which each direction of each
            layer starts, see `RecurrentLayer.forward`. It applies to every window of a sequence.
        """
        if not self.training:
            x = to_compute_type(x)  # before gathering, which then moves half as much
        outputs, cells, n_cells = [], [], 0
        joined = None
        for block in blocks:
            rows = block.rows if index is None else index[block.rows]
            start = None if initial is None else initial[:, :, :, block.sequences]
            y = self.run_block(nn.functional.embedding(rows, x), block.reverse, start).flatten(0, 1)
            if torch.is_grad_enabled():
                outputs.append(y)
                cells.append((block.targets, block.kept + n_cells))
                n_cells += len(y)
            else:
                # In place, so that a long document takes memory once.
                if joined is None:
                    joined = y.new_empty(len(x) if index is None else len(index), self.output_size)
                joined.index_copy_(0, block.targets, y.index_select(0, block.kept))
        if joined is not None:
            return joined
        if not outputs:
            return x.new_zeros(0, self.output_size)
        targets, kept = map(torch.cat, zip(*cells))
        order = torch.empty_like(targets)
        order[targets] = kept
        return torch.cat(outputs).index_select(0, order)

    def run_block(self, x: Tensor, reverse: Tensor, initial: Optional[Tensor] = None) -> Tensor:
        """The outputs of one block, (steps, batch, output_size), undefined at padding.

        x: (steps, batch, input_size), padded at the end; reverse: see `Block`; initial: as in `forward`, with the
        columns of the block as sequences.
        """
        if self.token_dropout is not None:
            x = self.token_dropout(x)
        x = to_compute_type(x)  # once for both directions
        for i, layer in enumerate(self.forward_layers):
            x = self.dropout(x)
            starts = (None, None) if initial is None else initial[i]
            y = layer(x, starts[0])
            if len(self.backward_layers):
                mirrored = self.backward_layers[i](mirror(x, reverse), starts[1])
                y = torch.cat([y, mirror(mirrored, reverse)], dim=2)
            if self.residual and y.shape == x.shape:
                y = y + x
            if len(self.norms):
                y = self.norms[i](y)
            x = y
        return self.dropout(x) if self.output_dropout else x


class _Permute(torch.autograd.Function):
    """Reorders rows by a permutation that is its own inverse, so that the gradient is a gather as well."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, order: Tensor) -> Tensor:
        ctx.save_for_backward(order)
        return x.index_select(0, order)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Any:
        return gradients[0].index_select(0, ctx.saved_tensors[0]), None


def mirror(x: Tensor, reverse: Tensor) -> Tensor:
    """Reverse each sequence of a block within its own length. x: (steps, batch, width); reverse: see `Block`. Returns
    the shape of x."""
    permuted: Tensor = _Permute.apply(x.flatten(0, 1), reverse)
    return permuted.view(x.shape)


def to_compute_type(x: Tensor) -> Tensor:
    """Cast to the type in which autocast runs matrix products, if it is on."""
    device = x.device.type
    return x.to(torch.get_autocast_dtype(device)) if torch.is_autocast_enabled(device) else x
