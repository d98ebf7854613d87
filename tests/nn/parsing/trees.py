"""All trees of small sentences, by counting."""

from functools import lru_cache
from itertools import product
from typing import Any, Iterator, List, Tuple

import numpy as np
from hypothesis import strategies as st

ODD = [0.0, 1.0, -1.0, 700.0, -700.0, 1e30, -1e30, float("inf"), float("-inf"), float("nan")]


def is_tree(heads: Tuple[int, ...]) -> bool:
    """Exactly one token has the head 0, and from every token the heads lead there."""
    if heads.count(0) != 1:
        return False
    for token in range(1, len(heads) + 1):
        seen = set()
        while token:
            if token in seen:
                return False
            seen.add(token)
            token = heads[token - 1]
    return True


def crosses(heads: Tuple[int, ...]) -> bool:
    """Whether two arcs cross; the root stands before the first token."""
    arcs = [tuple(sorted((head, i))) for i, head in enumerate(heads, start=1)]
    return any(a < c < b < d for a, b in arcs for c, d in arcs)


@lru_cache(maxsize=None)
def all_trees(n: int, projective: bool = False) -> List[Tuple[int, ...]]:
    """Every tree with one root over n tokens."""
    heads = product(range(n + 1), repeat=n)
    return [one for one in heads if is_tree(one) and not (projective and crosses(one))]


def weight(scores: Any, heads: Tuple[int, ...]) -> float:
    return float(sum(scores[i, head] for i, head in enumerate(heads)))


def sums(scores: Any) -> Tuple[float, Any]:
    """The logarithm of the sum over all trees, and the marginal of each arc."""
    n = len(scores)
    weights = np.array([weight(scores, heads) for heads in all_trees(n)])
    total = float(np.logaddexp.reduce(weights))
    marginals = np.zeros((n, n + 1))
    for heads, p in zip(all_trees(n), np.exp(weights - total)):
        marginals[np.arange(n), list(heads)] += p
    return total, marginals


def random_scores(n: int, seed: int, scale: float = 1.0, whole: bool = False) -> Any:
    """(n, n + 1); whole numbers make ties."""
    scores = np.random.default_rng(seed).normal(0, scale, size=(n, n + 1))
    return scores.round() if whole else scores


@st.composite
def score_arrays(draw: st.DrawFn, most: int = 5) -> Any:
    """Scores of a sentence, of any scale, with ties."""
    n, seed = draw(st.integers(1, most)), draw(st.integers(0, 10**6))
    return random_scores(n, seed, draw(st.sampled_from([0.3, 1.0, 10.0, 200.0])), draw(st.booleans()))


@st.composite
def odd_arrays(draw: st.DrawFn, most: int = 8) -> Any:
    """Scores that no network should give."""
    n = draw(st.integers(1, most))
    values = st.sampled_from(ODD) | st.floats(-2, 2)
    return np.array(draw(st.lists(values, min_size=n * (n + 1), max_size=n * (n + 1)))).reshape(n, n + 1)


def padded(sentences: List[Any], fill: float = 5.0) -> Tuple[Any, Any]:
    """Sentences of different lengths as a block, (batch, n, n + 1), and their lengths. The padding counts for nothing,
    so it has high scores."""
    n = max(map(len, sentences))
    block = np.full((len(sentences), n, n + 1), fill)
    for row, scores in zip(block, sentences):
        row[: len(scores), : len(scores) + 1] = scores
    return block, np.array(list(map(len, sentences)))


def any_heads(n: int) -> Iterator[Tuple[int, ...]]:
    yield from product(range(n + 1), repeat=n)
