"""Train small recurrent networks to predict the cosine of a sine wave, one number a step; write a table and a picture.

One value of the sine does not tell the cosine, since the wave may be rising or falling: a network has to remember.
"""

import math
from pathlib import Path
from typing import Dict, List, NamedTuple, Tuple

import srsly
import torch
import typer
from matplotlib import pyplot
from rich.console import Console
from rich.table import Table
from torch import Tensor, nn

from spacy_rnn.nn.rnn import RecurrentLayer

CELLS = {"rnn_tanh": "plain RNN", "lstm": "LSTM", "gru": "GRU"}
PERIOD = 20  # steps


class WaveNetwork(nn.Module):
    """One recurrent layer, and a linear layer for an output at each step."""

    def __init__(self, cell: str, hidden_size: int = 32):
        super().__init__()
        self.recurrent = RecurrentLayer(1, hidden_size, cell)
        self.output = nn.Linear(hidden_size, 1)

    def forward(self, x: Tensor) -> Tensor:
        """x: (steps, batch, 1). Returns the same shape."""
        predicted: Tensor = self.output(self.recurrent(x))
        return predicted


class Fit(NamedTuple):
    """The predictions of a trained network for new waves."""

    truth: List[float]  # of one wave
    prediction: List[float]  # of the same wave
    error: float  # root mean square over the steps of all waves
    settled: float  # the same without the first quarter of a period
    losses: List[float]


def waves(steps: int, batch: int, generator: torch.Generator) -> Tuple[Tensor, Tensor]:
    """Sine waves with random phases and their cosines, (steps, batch, 1) each."""
    begin = torch.rand(batch, generator=generator) * 2 * math.pi
    angle = begin + torch.arange(steps).unsqueeze(1) * (2 * math.pi / PERIOD)
    return angle.sin().unsqueeze(2), angle.cos().unsqueeze(2)


def fit(cell: str, *, updates: int = 300, hidden_size: int = 32, seed: int = 0) -> Fit:
    """Train a network on 32 new waves of two periods in each update, and evaluate it on five periods of other waves."""
    torch.manual_seed(seed)
    generator = torch.Generator().manual_seed(seed)
    network = WaveNetwork(cell, hidden_size)
    optimizer = torch.optim.Adam(network.parameters(), lr=0.01)
    losses = []
    for _ in range(updates):
        x, y = waves(2 * PERIOD, 32, generator)
        loss = nn.functional.mse_loss(network(x), y)
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
        losses.append(loss.item())
    x, y = waves(5 * PERIOD, 50, torch.Generator().manual_seed(seed + 1))
    with torch.inference_mode():
        found = network(x)
    squares = (found - y).square()
    return Fit(
        truth=y[:, 0, 0].tolist(),
        prediction=found[:, 0, 0].tolist(),
        error=squares.mean().sqrt().item(),
        settled=squares[PERIOD // 4 :].mean().sqrt().item(),
        losses=losses,
    )


def draw(fits: Dict[str, Fit], path: Path) -> None:
    """Draw predictions and truth, a row for each network."""
    figure, axes = pyplot.subplots(len(fits), 1, figsize=(8, 2.2 * len(fits)), sharex=True, squeeze=False)
    for axis, (cell, found) in zip(axes[:, 0], fits.items()):
        axis.plot(found.truth, color="0.6", linewidth=4, label="cosine")
        axis.plot(found.prediction, color="C0", label="prediction")
        axis.set_title(
            f"{CELLS[cell]}: error {found.error:.4f}, {found.settled:.4f} after {PERIOD // 4} steps", fontsize=9
        )
        axis.set_ylim(-1.4, 1.4)
    axes[0, 0].legend(loc="upper right", fontsize=8)
    axes[-1, 0].set_xlabel("step")
    figure.tight_layout()
    figure.savefig(path)
    pyplot.close(figure)


def main(
    output: Path = typer.Option(..., help="JSON file for the figures."),
    picture: Path = typer.Option(..., help="Picture of predictions and truth (.png, .svg)."),
    updates: int = typer.Option(300, min=1),
    hidden_size: int = typer.Option(32, min=1),
    seed: int = 0,
    threads: int = typer.Option(1, min=1),
) -> None:
    """Train a plain RNN, an LSTM and a GRU, and print a row for each."""
    torch.set_num_threads(threads)
    fits = {cell: fit(cell, updates=updates, hidden_size=hidden_size, seed=seed) for cell in CELLS}
    table = Table(title=f"sine to cosine, {hidden_size} hidden units, {updates} updates")
    for name in ("network", "error", f"error after {PERIOD // 4} steps"):
        table.add_column(name, justify="left" if name == "network" else "right")
    for cell, found in fits.items():
        table.add_row(CELLS[cell], f"{found.error:.4f}", f"{found.settled:.4f}")
    Console().print(table)
    for path in (output, picture):
        path.parent.mkdir(parents=True, exist_ok=True)
    draw(fits, picture)
    figures = {cell: {"error": found.error, "settled": found.settled} for cell, found in fits.items()}
    srsly.write_json(output, {"updates": updates, "hidden_size": hidden_size, "seed": seed, "cells": figures})


if __name__ == "__main__":
    typer.run(main)
