"""One recurrent layer in one direction, for every supported cell."""

from __future__ import annotations

from typing import Literal, Optional, Tuple, get_args

import torch
from torch import Tensor, nn

from .shapes import round_up

Cell = Literal["lstm", "gru", "rnn_tanh", "rnn_relu", "rnn_sigmoid"]
CELLS: Tuple[str, ...] = get_args(Cell)
_GATES = {"lstm": 4, "gru": 3, "rnn_tanh": 1, "rnn_relu": 1, "rnn_sigmoid": 1}


class SigmoidRNN(nn.Module):
    """The plain recurrent network with a logistic activation,
    `h_t = sigmoid(W x_t + b_x + U h_(t-1) + b_h)` (Elman 1990, eq. 1).

    torch has kernels for tanh and relu only, so the steps run one by one here; the
    input projection of all steps is still a single matrix product. The parameters have
    the names and shapes of `torch.nn.RNN`.
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


def _build_cell(cell: str, input_size: int, hidden_size: int) -> nn.Module:
    if cell == "lstm":
        return nn.LSTM(input_size, hidden_size)
    if cell == "gru":
        return nn.GRU(input_size, hidden_size)
    if cell == "rnn_sigmoid":
        return SigmoidRNN(input_size, hidden_size)
    return nn.RNN(input_size, hidden_size, nonlinearity=cell[len("rnn_") :])


class RecurrentLayer(nn.Module):
    """One recurrent layer, read left to right.

    Equations: LSTM as in Hochreiter & Schmidhuber 1997 with the forget gate of Gers et
    al. 2000 (no peepholes); GRU as in Cho et al. 2014, in the form of
    `torch.nn.GRU` (the reset gate acts after the recurrent product).

    cell: one of `CELLS`.
    learn_initial_state: start from a learned state instead of zeros.
    """

    def __init__(self, input_size: int, hidden_size: int, cell: str = "lstm", *, learn_initial_state: bool = False):
        super().__init__()
        self.cell = cell
        self.hidden_size = hidden_size
        self.rnn = _build_cell(cell, input_size, hidden_size)
        n_states = 2 if cell == "lstm" else 1
        self.initial = nn.Parameter(torch.zeros(n_states, hidden_size)) if learn_initial_state else None
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Glorot-uniform input weights, one orthogonal matrix a gate for the recurrent
        weights (Saxe et al. 2014), biases 0 but 1 for the forget gate (Jozefowicz et al. 2015)."""
        for name, parameter in self.rnn.named_parameters():
            if name.startswith("bias"):
                nn.init.zeros_(parameter)
            else:
                fill = nn.init.xavier_uniform_ if name.startswith("weight_ih") else nn.init.orthogonal_
                for gate in parameter.chunk(_GATES[self.cell]):
                    fill(gate)
        if self.cell == "lstm":
            with torch.no_grad():
                self.rnn.get_parameter("bias_ih_l0")[self.hidden_size : 2 * self.hidden_size] = 1.0
        if self.initial is not None:
            nn.init.zeros_(self.initial)

    def forward(self, x: Tensor, initial: Optional[Tensor] = None) -> Tensor:
        """x: (steps, batch, input_size). initial: (states, batch, hidden_size), where an
        LSTM has two states (hidden, cell) and the other cells one; a given state goes
        before a learned one, zeros where there is neither.
        Returns the hidden states, (steps, batch, hidden_size)."""
        return self.unroll(x, initial)[0]

    def unroll(self, x: Tensor, initial: Optional[Tensor] = None) -> Tuple[Tensor, Tensor]:
        """As `forward`; returns the states after the last step as well, (states, batch,
        hidden_size), which are where a text that goes on is read on."""
        batch = x.shape[1]
        if initial is None:
            if self.initial is not None:
                initial = self.initial.unsqueeze(1).expand(-1, batch, -1)
            else:
                n_states = 2 if self.cell == "lstm" else 1
                initial = x.new_zeros(n_states, batch, self.hidden_size)
        added = (0, 0, 0, round_up(batch) - batch)
        x, initial = nn.functional.pad(x, added), nn.functional.pad(initial.to(x.dtype), added)
        if self.cell == "lstm":
            y, states = self.rnn(x, (initial[:1].contiguous(), initial[1:].contiguous()))
            last = torch.cat(states)
        else:
            y, last = self.rnn(x, initial[:1].contiguous())
        return y[:, :batch], last[:, :batch]
