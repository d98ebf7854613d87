"""The output layers of a tagger and of a text categorizer."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from .dropout import SequenceDropout
from .linear import over_rounded
from .ngrams import POWER, NgramScores, WordNgramScores


class LinearOutput(nn.Module):
    """One linear layer for all labels of all attributes, in a single matrix product.

    input_size: of the encoder's vectors. output_size: the number of labels of all attributes.
    """

    def __init__(self, input_size: int, output_size: int):
        super().__init__()
        self.linear = nn.Linear(input_size, output_size)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Zeros, so that an untrained layer prefers no label."""
        nn.init.zeros_(self.linear.weight)
        nn.init.zeros_(self.linear.bias)

    def forward(self, x: Tensor, columns: slice = slice(None)) -> Tensor:
        """x: (n, input_size). Returns the scores of the labels in `columns` before the softmax, (n, n_columns)."""
        weight, bias = self.linear.weight[columns], self.linear.bias[columns]
        if not torch.is_autocast_enabled(x.device.type):  # the encoder may have another precision
            x = x.to(weight.dtype)
        return nn.functional.linear(x, weight, bias)


class ClassifierOutput(LinearOutput):
    """One linear layer for all categories, with dropout before it. The scores of n-grams are added to its own.

    input_size: of a text's vector. output_size: the number of labels.
    buckets, char_buckets: of n-grams of words (`NgramScores`) and of characters (`WordNgramScores`); 0 for none.
    power: of the inverse document frequency of n-grams.
    """

    def __init__(
        self, input_size: int, output_size: int, buckets: int = 0, char_buckets: int = 0, power: float = POWER
    ):
        super().__init__(input_size, output_size)
        self.dropout = SequenceDropout(variational=False)
        self.ngrams = NgramScores(buckets, output_size, power) if buckets else None
        self.char_ngrams = WordNgramScores(char_buckets, output_size, power) if char_buckets else None

    def forward(self, x: Tensor, *bags: Tensor) -> Tensor:  # type: ignore[override]
        """x: (n_docs, input_size); bags: the arguments of `NgramScores`, then those of `WordNgramScores`. Returns the
        scores before the activation, (n_docs, output_size)."""
        scores = over_rounded(super().forward, self.dropout(x))
        n = 0 if self.ngrams is None else 2
        for part, own in ((self.ngrams, bags[:n]), (self.char_ngrams, bags[n:])):
            if part is not None:
                scores = scores.float() + part(*own)
        return scores
