"""Sums, marginals and the best tags, against all valid tags one by one."""

from typing import List, Tuple

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from spacy_rnn.base.entities import spans_of, tags_of
from spacy_rnn.nn.crf import viterbi
from spacy_rnn.nn.crf.chain import (
    NEVER,
    Transitions,
    entity_log_partition,
    span_marginals,
    sum_prefixes,
    tag_marginals,
)
from spacy_rnn.nn.crf.viterbi import best_tags

from .chains import all_tags, as_spans, probabilities, random_scores, random_transitions, spans_in, weight, weights

K = 2
lengths_lists = st.lists(st.integers(1, 4), min_size=1, max_size=5)
# Small differences, and such that their exponentials leave the range of single precision.
scales = st.sampled_from([0.0, 0.5, 3.0, 60.0])
seeds = st.integers(0, 1000)


def parts_of(lengths: List[int]) -> List[slice]:
    ends = np.cumsum(lengths).tolist()
    return [slice(end - n, end) for end, n in zip(ends, lengths)]


def case(lengths: List[int], scale: float, seed: int, k: int = K) -> Tuple[torch.Tensor, np.ndarray, Transitions]:
    scores = random_scores(sum(lengths), k, scale, seed)
    return scores, np.array(lengths, dtype=np.int64), random_transitions(k, min(scale, 3.0), seed)


@given(lengths=lengths_lists, scale=scales, seed=seeds)
def test_partition(lengths: List[int], scale: float, seed: int) -> None:
    scores, own, transitions = case(lengths, scale, seed)
    found = entity_log_partition(scores, own, transitions)
    for value, part in zip(found.tolist(), parts_of(lengths)):
        exact = weights(scores[part].double().numpy(), transitions)
        expected = exact.max() + np.log(np.exp(exact - exact.max()).sum())
        assert value == pytest.approx(expected, rel=1e-5, abs=1e-4)
    backwards = sum_prefixes(scores, own, transitions, backwards=True).total
    torch.testing.assert_close(backwards, found, rtol=1e-5, atol=1e-4)


@given(lengths=lengths_lists, scale=scales, seed=seeds)
def test_marginals_of_tags(lengths: List[int], scale: float, seed: int) -> None:
    """By two passes, and as the gradient of the partition."""
    scores, own, transitions = case(lengths, scale, seed)
    found = tag_marginals(scores, own, transitions)
    scores.requires_grad_()
    (gradient,) = torch.autograd.grad(entity_log_partition(scores, own, transitions).sum(), scores)
    torch.testing.assert_close(found, gradient, atol=1e-3, rtol=0.0)
    for part in parts_of(lengths):
        values = scores[part].detach().double().numpy()
        expected = np.zeros_like(values)
        for tags, p in zip(all_tags(len(values), K), probabilities(values, transitions)):
            expected[np.arange(len(tags)), tags] += p
        np.testing.assert_allclose(found[part], expected, atol=1e-3)


@given(lengths=lengths_lists, scale=scales, seed=seeds)
def test_marginals_of_spans(lengths: List[int], scale: float, seed: int) -> None:
    """Of any spans, in particular unlikely ones."""
    scores, own, transitions = case(lengths, scale, seed)
    rng = np.random.default_rng(seed)
    spans, expected = [], []
    for part in parts_of(lengths):
        values = scores[part].double().numpy()
        choices = all_tags(len(values), K)
        all_probabilities = probabilities(values, transitions)
        for span in spans_in(choices[rng.integers(len(choices))], K):
            spans.append((span[0] + part.start, span[1] + part.start, span[2]))
            holders = [p for tags, p in zip(choices, all_probabilities) if span in spans_in(tags, K)]
            expected.append(sum(holders))
    found = span_marginals(scores, own, transitions, as_spans(spans))
    np.testing.assert_allclose(found, np.array(expected), atol=1e-3)


@given(lengths=lengths_lists, scale=st.sampled_from([0.5, 3.0, 60.0]), seed=seeds, k=st.integers(1, 2))
def test_best_tags(lengths: List[int], scale: float, seed: int, k: int) -> None:
    scores, own, transitions = case(lengths, scale, seed, k)
    found = best_tags(scores, own, transitions)
    for part in parts_of(lengths):
        values = scores[part].double().numpy()
        tags = tuple(found[part].tolist())
        assert tags in all_tags(len(tags), k)
        best = weights(values, transitions).max()
        assert weight(tags, values, transitions) == pytest.approx(best, rel=1e-5, abs=1e-4)


@given(lengths=lengths_lists, scale=st.sampled_from([0.5, 3.0]), seed=seeds)
def test_what_is_known_in_part(lengths: List[int], scale: float, seed: int) -> None:
    """A sum over the tags that are allowed is one over all tags that agree."""
    scores, own, transitions = case(lengths, scale, seed)
    rng = np.random.default_rng(seed)
    allowed = rng.random(scores.shape) < 0.4
    for part in parts_of(lengths):  # and in any case some tags that are valid
        choices = all_tags(part.stop - part.start, K)
        allowed[np.arange(part.start, part.stop), choices[rng.integers(len(choices))]] = True
    found = entity_log_partition(scores.masked_fill(torch.from_numpy(~allowed), NEVER), own, transitions)
    for value, part in zip(found.tolist(), parts_of(lengths)):
        exact = [
            weight(tags, scores[part].double().numpy(), transitions)
            for tags in all_tags(part.stop - part.start, K)
            if allowed[np.arange(part.start, part.stop), tags].all()
        ]
        assert value == pytest.approx(float(np.log(np.exp(exact).sum())), rel=1e-5, abs=1e-4)


@given(lengths=lengths_lists, seed=seeds)
def test_gradients(lengths: List[int], seed: int) -> None:
    """In double precision, against differences."""
    scores, own, transitions = case(lengths, 1.0, seed)
    inputs = [tensor.double().requires_grad_() for tensor in (scores, *transitions)]

    def partition(scores: torch.Tensor, *transitions: torch.Tensor) -> torch.Tensor:
        return entity_log_partition(scores, own, Transitions(*transitions))

    assert torch.autograd.gradcheck(partition, inputs)


@given(lengths=lengths_lists, scale=scales, seed=seeds)
def test_neighbours_do_not_matter(lengths: List[int], scale: float, seed: int) -> None:
    scores, own, transitions = case(lengths, scale, seed)
    totals, tags = entity_log_partition(scores, own, transitions), best_tags(scores, own, transitions)
    marginals = tag_marginals(scores, own, transitions)
    for i, part in enumerate(parts_of(lengths)):
        alone = scores[part], own[i : i + 1], transitions
        torch.testing.assert_close(entity_log_partition(*alone)[0], totals[i], atol=1e-5, rtol=1e-5)
        torch.testing.assert_close(tag_marginals(*alone), marginals[part], atol=1e-4, rtol=1e-5)
        assert best_tags(*alone).tolist() == tags[part].tolist()


def test_long_sequences_stay_exact() -> None:
    """The sum over a thousand tokens with scores that are far apart."""
    scores, own, transitions = case([1000, 3], 20.0, 1)
    scores = scores - scores.amax(dim=1, keepdim=True)
    exact = [tensor.double() for tensor in (scores, *transitions)]
    expected = entity_log_partition(exact[0], own, Transitions(*exact[1:]))
    torch.testing.assert_close(entity_log_partition(scores, own, transitions).double(), expected, atol=1e-2, rtol=1e-5)


@given(n=st.integers(1, 4), seed=seeds)
def test_spans_and_their_tags(n: int, seed: int) -> None:
    choices = all_tags(n, K)
    tags = np.array(choices[seed % len(choices)])
    assert tags_of(spans_of(tags, K), n, K).tolist() == tags.tolist()


@pytest.mark.parametrize("odd", [float("nan"), float("inf"), float("-inf"), 1e38, -1e38])
def test_any_scores_give_valid_tags(odd: float) -> None:
    for seed in range(20):
        scores, own, transitions = case([4, 1, 3], 1.0, seed)
        rng = np.random.default_rng(seed)
        scores[torch.from_numpy(rng.random(scores.shape) < 0.5)] = odd
        if seed % 2:
            transitions.between[seed % 3] = odd
        found = best_tags(scores, own, transitions)
        for part in parts_of([4, 1, 3]):
            assert tuple(found[part].tolist()) in all_tags(part.stop - part.start, K)


def test_memory_is_bounded_with_many_labels(monkeypatch: pytest.MonkeyPatch) -> None:
    """The transitions of a few sequences at a time give the same."""
    case_ = case([4, 2, 3, 4, 1], 3.0, 0)
    expected = best_tags(*case_)
    monkeypatch.setattr(viterbi, "_MOST_CELLS", 2 * (K + 1) ** 2)
    assert best_tags(*case_).tolist() == expected.tolist()
