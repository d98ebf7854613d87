"""The optimizers of a language model."""

from typing import List

import torch
from torch import nn

from ..nn.char_lm import CharLM

BETAS = (0.9, 0.99)


def make_optimizers(model: CharLM) -> List[torch.optim.Optimizer]:
    """Adam, and for the table of n-grams a sparse Adam, which changes only the few rows that an update reads."""
    table = [] if model.ngrams is None else [model.ngrams.weight]
    others = [weight for weight in model.parameters() if all(weight is not own for own in table)]
    optimizers: List[torch.optim.Optimizer] = [torch.optim.Adam(others, betas=BETAS, fused=True)]
    if model.ngrams is not None:
        model.ngrams.sparse = True
        optimizers.append(torch.optim.SparseAdam(table, betas=BETAS))
    return optimizers


def step_optimizers(
    optimizers: List[torch.optim.Optimizer], model: CharLM, learn_rate: float, grad_clip: float
) -> None:
    """Clip the gradients of all weights except the table of n-grams, take a step with all, and clear them."""
    dense = [weight for weight in model.parameters() if weight.grad is not None and not weight.grad.is_sparse]
    nn.utils.clip_grad_norm_(dense, grad_clip)
    for optimizer in optimizers:
        for group in optimizer.param_groups:
            group["lr"] = learn_rate
        optimizer.step()
        optimizer.zero_grad()
