"""Pooling against one sequence at a time."""

from __future__ import annotations

from typing import List

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from spacy_rnn.nn.embed.chars import CharEncoder
from spacy_rnn.nn.layout import lay_out
from spacy_rnn.nn.pooling import POOLINGS, Pool


def pool_one(pool: Pool, kind: str, x: Tensor) -> Tensor:
    """x: (steps, width), without padding."""
    if kind == "last":
        half = pool.forward_width
        return torch.cat([x[-1, :half], x[0, half:]])
    if kind == "max":
        return x.max(dim=0).values
    if kind == "mean":
        return x.mean(dim=0)
    scores = pool.query(torch.tanh(pool.hidden(x)))
    return (torch.softmax(scores, dim=0) * x).sum(dim=0)


@pytest.mark.parametrize("bidirectional", [True, False])
@pytest.mark.parametrize("kind", POOLINGS)
@given(lengths=st.lists(st.integers(1, 6), min_size=1, max_size=5))
def test_pooling_ignores_padding(kind: str, bidirectional: bool, lengths: List[int]) -> None:
    pool = Pool(4, kind, bidirectional=bidirectional).double()
    sizes = torch.tensor(lengths)
    mask = torch.arange(max(lengths)).unsqueeze(1) < sizes
    x = torch.randn(max(lengths), len(lengths), 4, dtype=torch.float64)
    pooled = pool(torch.where(mask.unsqueeze(2), x, 1e6), sizes, mask)
    for i, length in enumerate(lengths):
        torch.testing.assert_close(pooled[i], pool_one(pool, kind, x[:length, i]))


@pytest.mark.parametrize("kind", POOLINGS)
@given(lengths=st.lists(st.integers(1, 12), min_size=1, max_size=8))
def test_words_do_not_depend_on_each_other(kind: str, lengths: List[int]) -> None:
    encoder = CharEncoder(20, 5, 3, pooling=kind).double().eval()
    chars = torch.randint(0, 20, (sum(lengths),))
    together = encoder(chars, lay_out(np.array(lengths)))
    alone = [encoder(part, lay_out(np.array([len(part)]))) for part in chars.split(lengths)]
    torch.testing.assert_close(together, torch.cat(alone), rtol=0, atol=1e-12)


def test_no_words() -> None:
    encoder = CharEncoder(20, 5, 3)
    assert encoder(torch.zeros(0, dtype=torch.int64), lay_out(np.zeros(0, dtype=np.int64))).shape == (0, 6)
