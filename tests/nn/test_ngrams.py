"""Bags of n-grams: what is in them, and the scores they give."""

from __future__ import annotations

from typing import Dict, List, Set, Tuple

import numpy as np
import numpy.typing as npt
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from spacy_rnn.nn.ngrams import NORM, POWER, Bags, NgramScores, WordBags, WordNgramScores, bag_ngrams

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
    for text, rows in zip(texts, np.split(bags.rows, bags.starts[1:])):
        ngrams = {tuple(text[i : i + n]) for n in range(1, longest + 1) for i in range(len(text) - n + 1)}
        assert len(set(rows.tolist())) == len(rows) == len(ngrams)
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


def arrays_of(bags: Bags) -> List[torch.Tensor]:
    return [torch.from_numpy(array) for array in (bags.rows, bags.starts)]


def dense_weights(bags: Bags, met: npt.NDArray[np.int64], n_texts: int) -> npt.NDArray[np.float64]:
    """The inverse document frequencies of each text, (n_texts, buckets), text by text."""
    dense = np.zeros((len(bags.starts), len(met)))
    for text, rows in zip(dense, np.split(bags.rows, bags.starts[1:])):
        text[rows] = np.log((n_texts + 2) / (met[rows] + 1)) ** POWER
        text *= NORM / max(float(np.linalg.norm(text)), 1e-9)
    return dense


@given(batches=st.lists(TEXTS, min_size=1, max_size=3), buckets=st.integers(1, 7))
def test_scores_are_those_of_a_linear_model(batches: List[List[List[int]]], buckets: int) -> None:
    module = NgramScores(buckets, 3)
    torch.nn.init.normal_(module.weight)
    met, n_texts = np.zeros(buckets, dtype=np.int64), 0
    for texts in batches:
        bags = bags_of(texts, 2, buckets)
        module.learn(bags)
        np.add.at(met, bags.rows, 1)
        n_texts += len(texts)
        assert module.met.tolist() == met.tolist() and int(module.n_texts) == n_texts
        dense = dense_weights(bags, met, n_texts)
        expected = dense @ module.weight.detach().numpy()
        np.testing.assert_allclose(module.eval()(*arrays_of(bags)).detach().numpy(), expected, atol=1e-3)
        # In training too, and the gradient is that of the rows that were used.
        scores = module.train()(*arrays_of(bags))
        np.testing.assert_allclose(scores.detach().numpy(), expected, atol=1e-3)
        wanted = np.random.default_rng(0).normal(size=scores.shape).astype(np.float32)
        (gradient,) = torch.autograd.grad(scores, module.weight, torch.from_numpy(wanted))
        assert gradient.is_sparse
        assert set(gradient.coalesce().indices()[0].tolist()) == set(bags.rows.tolist())
        np.testing.assert_allclose(gradient.to_dense().numpy(), dense.T @ wanted, atol=1e-3)


def test_rare_ngrams_count_more() -> None:
    module = NgramScores(50, 2)
    module.learn(bags_of([[1, 2], [1, 3], [1, 4]], 1, 50))
    bags = bags_of([[1, 2, 7]], 1, 50)
    often, once, never = (int(bags_of([[token]], 1, 50).rows[0]) for token in (1, 2, 7))
    weights = dict(zip(bags.rows.tolist(), module.weigh(*arrays_of(bags)).tolist()))
    assert 0 < weights[often] < weights[once] < weights[never]
    # Also where all texts have all of them, and there are more texts than a float32 can count.
    module.n_texts.fill_(2**30)
    module.met.fill_(2**30)
    assert module.weigh(*arrays_of(bags)).tolist() == pytest.approx([NORM * 3**-0.5] * 3)
    module.reset_parameters()  # as if no text had been read
    assert module.weigh(*arrays_of(bags)).tolist() == pytest.approx([NORM * 3**-0.5] * 3)


def test_only_rows_that_were_met_are_saved() -> None:
    module, loaded = NgramScores(50, 2), NgramScores(50, 2)
    torch.nn.init.normal_(loaded.weight)
    bags = bags_of([[1, 2], [1, 3]], 1, 50)
    module.learn(bags)
    with torch.no_grad():
        module.weight[torch.from_numpy(bags.rows)] = torch.randn(len(bags.rows), 2)
    state = module.state_dict()
    assert state["weight"].shape == (len(set(bags.rows.tolist())), 2)
    loaded.load_state_dict(state)
    for ours, theirs in zip(loaded.parameters(), module.parameters()):
        assert torch.equal(ours, theirs)
    assert torch.equal(loaded.weigh(*arrays_of(bags)), module.weigh(*arrays_of(bags)))


@pytest.mark.parametrize(
    "change",
    [
        {"weight": torch.zeros(4, 2)},  # a row too many
        {"weight": torch.zeros(3, 1)},
        {"met": torch.zeros(50, dtype=torch.int32)},
        {"met": torch.ones(3, dtype=torch.int32)},
    ],
)
def test_other_shapes_are_refused(change: Dict[str, torch.Tensor]) -> None:
    module = NgramScores(50, 2)
    module.learn(bags_of([[1, 2, 3]], 1, 50))
    with pytest.raises(RuntimeError, match="size mismatch"):
        NgramScores(50, 2).load_state_dict({**module.state_dict(), **change})


def test_shorter_ngrams_are_left_out() -> None:
    keys: npt.NDArray[np.uint64] = np.array([1, 2, 3, 9], dtype=np.uint64)
    lengths = np.array([3, 1], dtype=np.int64)
    found = bag_ngrams(keys, lengths, 3, BUCKETS, shortest=2)
    assert found.starts.tolist() == [0, 3]
    assert set(found.rows.tolist()) == set(bags_of([[1, 2, 3]], 3).rows.tolist()) - set(
        bags_of([[1], [2], [3]], 1).rows.tolist()
    )


WORDS = st.lists(st.lists(st.integers(0, 3), min_size=1, max_size=4), min_size=1, max_size=4)


@given(
    words=WORDS,
    texts=st.lists(st.sets(st.integers(0, 3)), min_size=1, max_size=4),
    power=st.sampled_from([0.0, 0.5, 1.5]),
)
def test_ngrams_of_words_count_for_each_word(words: List[List[int]], texts: List[Set[int]], power: float) -> None:
    """As a linear model of the n-grams of all words of a text, where a row counts once for each word with it."""
    own = [sorted(word % len(words) for word in text) for text in ({w % len(words) for w in text} for text in texts)]
    bags = bags_of(words, 2, 11)
    sizes = np.array([len(text) for text in own])
    joined = np.array([word for text in own for word in text], dtype=np.int64)
    found = WordBags(bags.rows, bags.starts, joined, np.cumsum(sizes) - sizes)
    module = WordNgramScores(11, 3, power)
    torch.nn.init.normal_(module.weight)
    module.learn(found)
    has = np.zeros((len(words), 11))
    for row, rows in zip(has, np.split(bags.rows, bags.starts[1:])):
        row[rows] = 1
    met = sum((has[text].sum(axis=0) for text in own), np.zeros(11))
    assert module.met.tolist() == met.tolist() and int(module.n_texts) == len(joined)
    rarity = np.log((len(joined) + 2) / (met + 1)) ** power
    weights = module.weight.detach().numpy()
    expected = np.zeros((len(own), 3))
    for score, text in zip(expected, own):
        norm = np.sqrt((has[text] * rarity**2).sum())
        score += NORM * (has[text] * rarity).sum(axis=0) @ weights / max(norm, 1e-9)
    arrays = (found.rows, found.starts, found.words, found.text_starts)
    scores = module(*map(torch.from_numpy, arrays))
    np.testing.assert_allclose(scores.detach().numpy(), expected, atol=1e-3)
    (gradient,) = torch.autograd.grad(scores.sum(), module.weight)
    assert gradient.is_sparse and gradient.to_dense().isfinite().all()
