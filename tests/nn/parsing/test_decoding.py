"""The best trees, beside all trees; never a cycle, never two roots."""

from typing import Any, List

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from spacy_rnn.nn.parsing.decoding import are_projective, are_trees, decode_trees
from spacy_rnn.nn.parsing.eisner import projective_tree
from spacy_rnn.nn.parsing.mst import max_spanning_tree

from .trees import all_trees, any_heads, crosses, is_tree, odd_arrays, padded, random_scores, score_arrays, weight

SEARCHES = pytest.mark.parametrize("projective", [False, True], ids=["mst", "eisner"])


def search(scores: Any, projective: bool) -> Any:
    return projective_tree(scores) if projective else max_spanning_tree(scores)


def as_tuple(heads: Any) -> Any:
    return tuple(heads.tolist())


@SEARCHES
@given(scores=score_arrays())
def test_no_tree_is_better(projective: bool, scores: Any) -> None:
    before = scores.copy()
    heads = as_tuple(search(scores, projective))
    assert heads in all_trees(len(scores), projective)
    best = max(weight(scores, other) for other in all_trees(len(scores), projective))
    assert weight(scores, heads) == pytest.approx(best, rel=1e-9, abs=1e-9)
    np.testing.assert_array_equal(scores, before)


@SEARCHES
@given(scores=odd_arrays())
def test_always_a_tree(projective: bool, scores: Any) -> None:
    """Whatever the scores are, in both precisions."""
    for kind in (np.float64, np.float32):
        with np.errstate(over="ignore"):
            heads = as_tuple(search(scores.astype(kind), projective))
        assert is_tree(heads) and not (projective and crosses(heads))


@SEARCHES
def test_forbidden_arcs_are_not_taken(projective: bool) -> None:
    """Where a tree does without them."""
    scores = random_scores(6, 0, 3.0)
    scores[np.random.default_rng(1).random(scores.shape) < 0.5] = -np.inf
    scores[:, 0] = -np.inf
    scores[2, 0] = -5.0  # the only root
    scores[[0, 1, 3, 4, 5], [2, 3, 3, 4, 5]] = -9.0  # a tree, if not a good one
    heads = as_tuple(search(scores, projective))
    assert np.isfinite(weight(scores, heads)) and heads[2] == 0


@SEARCHES
@pytest.mark.parametrize("n", [1, 2, 30, 120])
def test_long_sentences(projective: bool, n: int) -> None:
    """Where the best heads form many cycles in each other."""
    for seed in range(3):
        assert is_tree(as_tuple(search(random_scores(n, seed), projective)))
    places = np.arange(n)
    nearest = -np.abs(places[:, None] - np.arange(-1, n)).astype(float)
    for scores in (nearest, -nearest, np.zeros((n, n + 1))):
        assert is_tree(as_tuple(search(scores, projective)))


def test_a_chain_of_cycles() -> None:
    """Each token prefers the one before it, and the first one the last."""
    n = 300
    scores = np.full((n, n + 1), -10.0)
    scores[np.arange(n), np.arange(n)] = 5.0
    scores[0, [0, n]] = -20.0, 6.0
    scores[7, 0] = -9.0
    heads = max_spanning_tree(scores)
    expected = np.arange(n)
    expected[0], expected[7] = n, 0
    assert heads.tolist() == expected.tolist()


@pytest.mark.parametrize("n", range(1, 5))
def test_what_is_a_tree(n: int) -> None:
    """All heads of small sentences, with padding."""
    heads = list(any_heads(n))
    block = np.array([[*one, 0, 0] for one in heads])
    lengths = np.full(len(heads), n)
    assert are_trees(block, lengths).tolist() == [is_tree(one) for one in heads]
    trees = np.array([is_tree(one) for one in heads])
    expected = [not crosses(one) for one, good in zip(heads, trees) if good]
    assert are_projective(block[trees], lengths[trees]).tolist() == expected


@SEARCHES
@given(sentences=st.lists(score_arrays(), min_size=1, max_size=6))
@example(sentences=[np.array([[0.0, 0.0]])])
def test_blocks_equal_single_sentences(projective: bool, sentences: List[Any]) -> None:
    block, lengths = padded(sentences)
    n = block.shape[1]
    inside = (np.arange(n + 1) <= lengths[:, None])[:, None] & (np.arange(n + 1) != np.arange(1, n + 1)[:, None])
    greedy = np.where(inside, block, -np.inf).argmax(axis=2)
    found = decode_trees(block, greedy, lengths, projective=projective)
    for heads, scores in zip(found, sentences):
        own = as_tuple(heads[: len(scores)])
        assert own in all_trees(len(scores), projective) and not heads[len(scores) :].any()
        assert weight(scores, own) == pytest.approx(weight(scores, as_tuple(search(scores, projective))), abs=1e-9)
