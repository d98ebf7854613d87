"""Bags of n-grams: what is in them, and the scores they give."""

from __future__ import annotations

from typing import Dict, List, Set, Tuple

import numpy as np
import numpy.typing as npt
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from spacy_rnn.nn.ngrams import Bags, NgramScores, bag_ngrams

TEXTS = st.lists(st.lists(st.integers(0, 5), max_size=9), min_size=1, max_size=5)
# So many that hashes of a few n-grams do not collide.
BUCKETS = 2**40


def bags_of(texts: List[List[int]], longest: int, buckets: int = BUCKETS) -> Bags:
    keys: npt.NDArray[np.uint64] = np.array([token for text in texts for token in text], dtype=np.uint64)
    return bag_ngrams(keys, np.array([len(text) for text in texts], dtype=np.int64), longest, buckets)


@given(texts=TEXTS, longest=st.integers(1, 4))
def test_each_distinct_ngram_of_a_text_is_there_once(texts: List[List[int]], longest: int) -> None:
    bags = bags_of(texts, longest)
    row_of: Dict[Tuple[int, ...], Set[int]] = {}
    for text, rows, weights in zip(
        texts, np.split(bags.rows, bags.starts[1:]), np.split(bags.weights, bags.starts[1:])
    ):
        ngrams = {tuple(text[i : i + n]) for n in range(1, longest + 1) for i in range(len(text) - n + 1)}
        assert len(set(rows.tolist())) == len(rows) == len(ngrams)
        assert not len(rows) or float((weights**2).sum()) == pytest.approx(64.0, rel=1e-5)
        # The same n-gram has the same row in every text, also where it is the whole text.
        for ngram in ngrams:
            own = set(bags_of([list(ngram)], longest).rows.tolist()) & set(rows.tolist())
            row_of.setdefault(ngram, own)
            assert row_of[ngram] == own and len(own) == len(
                {ngram[i : i + n] for n in range(1, longest + 1) for i in range(len(ngram) - n + 1)}
            )


def test_order_within_an_ngram_counts() -> None:
    first, second = (set(bags_of([text], 2).rows.tolist()) for text in ([1, 2], [2, 1]))
    assert len(first & second) == 2 and len(first | second) == 4


@given(texts=TEXTS, buckets=st.integers(1, 7))
def test_scores_are_those_of_a_linear_model(texts: List[List[int]], buckets: int) -> None:
    bags = bags_of(texts, 2, buckets)
    module = NgramScores(buckets, 3)
    torch.nn.init.normal_(module.weight)
    dense = np.zeros((len(texts), buckets), dtype=np.float32)
    dense[np.searchsorted(bags.starts, np.arange(len(bags.rows)), side="right") - 1, bags.rows] = bags.weights
    arrays = [torch.from_numpy(array) for array in (bags.rows, bags.starts, bags.weights)]
    expected = dense @ module.weight.detach().numpy()
    np.testing.assert_allclose(module.eval()(*arrays).detach().numpy(), expected, atol=1e-4)
    # In training too, and the gradient is that of the rows that were used.
    scores = module.train()(*arrays)
    np.testing.assert_allclose(scores.detach().numpy(), expected, atol=1e-4)
    wanted = np.random.default_rng(0).normal(size=scores.shape).astype(np.float32)
    scores.backward(torch.from_numpy(wanted))
    gradient = module.weight.grad
    assert gradient is not None and gradient.is_sparse
    assert set(gradient.coalesce().indices()[0].tolist()) == set(bags.rows.tolist())
    np.testing.assert_allclose(gradient.to_dense().numpy(), dense.T @ wanted, atol=1e-4)
