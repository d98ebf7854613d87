"""The network over a chain: what is known in part, limits, and independence of neighbours."""

from typing import Any, List, Optional

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from spacy_rnn.base.entities import APART, FREE, UNKNOWN, WITHIN, EntitySearch, EntityTags, EntityTargets, spans_of
from spacy_rnn.nn.crf import network
from spacy_rnn.nn.crf.network import EntityCRF
from spacy_rnn.nn.dropout import set_dropout
from spacy_rnn.types import IntArray

from .chains import Tags, all_tags, part_of, probabilities, spans_in

K, WIDTH = 2, 5
lengths_lists = st.lists(st.integers(1, 4), max_size=5)
seeds = st.integers(0, 1000)


def make_crf(scale: float = 0.8) -> EntityCRF:
    crf = EntityCRF(WIDTH, K)
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in crf.parameters():
            parameter.normal_(0, scale, generator=generator)
    return crf.eval()


def vectors(n: int, seed: int) -> Tensor:
    return torch.randn(n, WIDTH, generator=torch.Generator().manual_seed(seed))


def search(crf: EntityCRF, x: Tensor, lengths: List[int], limits: Optional[IntArray] = None) -> EntityTags:
    with torch.inference_mode():
        found = crf(x, np.array(lengths, dtype=np.int64), EntitySearch(limits, marginals=True))
    assert isinstance(found, EntityTags)
    return found


def learned(crf: EntityCRF, x: Tensor, lengths: List[int], tags: List[int]) -> Any:
    return crf(x, np.array(lengths, dtype=np.int64), EntityTargets(np.array(tags, dtype=np.int64)))


def within(tags: Tags, limits: List[int]) -> bool:
    parts = [part_of(tag, K)[0] for tag in tags]
    return all(part in {FREE: "OBUIL", WITHIN: "OI", APART: "O"}[limit] for part, limit in zip(parts, limits))


@given(lengths=lengths_lists, seed=seeds, share=st.sampled_from([0.0, 0.5, 1.0]))
def test_likelihood_of_what_is_known(lengths: List[int], seed: int, share: float) -> None:
    """The sum over all tags that agree with the known ones; 0 where nothing is known, without a gradient."""
    crf, x, rng = make_crf(), vectors(sum(lengths), seed), np.random.default_rng(seed)
    chosen = [all_tags(n, K)[rng.integers(len(all_tags(n, K)))] for n in lengths]
    tags = [tag if rng.random() < share else UNKNOWN for own in chosen for tag in own]
    found = learned(crf, x, lengths, tags)
    assert found.shape == (len(lengths),) and found.dtype == torch.float32
    with torch.no_grad():
        scores = crf.score_tags(x).double().numpy()
    end = 0
    for value, n in zip(found.tolist(), lengths):
        start, end = end, end + n
        gold = np.array(tags[start:end])
        pairs = zip(all_tags(n, K), probabilities(scores[start:end], crf.transitions))
        expected = sum(p for own, p in pairs if ((gold == UNKNOWN) | (gold == own)).all())
        assert value == pytest.approx(np.log(expected), abs=1e-4)
    if lengths and share == 0.0:
        found.sum().backward()
        assert all(float(weight.grad.abs().max()) < 1e-5 for weight in crf.parameters() if weight.grad is not None)


@given(lengths=lengths_lists, seed=seeds, limited=st.booleans())
def test_search(lengths: List[int], seed: int, limited: bool) -> None:
    """The best tags within the limits, and the probabilities of their entities among all tags within them."""
    crf, x, rng = make_crf(), vectors(sum(lengths), seed), np.random.default_rng(seed)
    limits = rng.integers(0, 3, sum(lengths)) if limited else np.zeros(sum(lengths), dtype=np.int64)
    found = search(crf, x, lengths, limits if limited else None)
    with torch.no_grad():
        scores = crf.score_tags(x).double().numpy()
    end = 0
    for n in lengths:
        start, end = end, end + n
        own = probabilities(scores[start:end], crf.transitions)
        possible = np.array([within(tags, limits[start:end].tolist()) for tags in all_tags(n, K)])
        own = own * possible / own[possible].sum()
        best = tuple(found.tags[start:end].tolist())
        assert own[all_tags(n, K).index(best)] == pytest.approx(own.max(), rel=1e-4)
        expected = np.zeros(n)
        for span in spans_in(best, K):
            p = sum(p for tags, p in zip(all_tags(n, K), own) if span in spans_in(tags, K))
            expected[span[0] : span[1] + 1] = p
        assert found.probabilities is not None
        np.testing.assert_allclose(found.probabilities[start:end], expected, atol=1e-4)
    assert found.tags.shape == (sum(lengths),)


def test_many_tokens_are_searched_in_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    crf, x, lengths = make_crf(), vectors(60, 1), [3, 9, 1, 7, 20, 20]
    limits = np.arange(60) % 3
    expected = search(crf, x, lengths, limits)
    monkeypatch.setattr(network, "_MOST_TOKENS", 10)
    found = search(crf, x, lengths, limits)
    assert found.tags.tolist() == expected.tags.tolist()
    assert found.probabilities is not None and expected.probabilities is not None
    np.testing.assert_allclose(found.probabilities, expected.probabilities, atol=1e-5)


def test_untrained_network_prefers_nothing() -> None:
    found = search(EntityCRF(WIDTH, K), vectors(6, 0), [6])
    assert found.tags.tolist() == [0] * 6


def test_learns_by_heart() -> None:
    torch.manual_seed(0)
    crf, lengths = EntityCRF(WIDTH, K), [4, 1, 3]
    x = torch.randn(8, WIDTH)
    tags = [1, 5, 7, 0, 4, 0, 2, 8]
    assert [all_tags(n, K).count(tuple(own)) for n, own in ((4, tags[:4]), (1, tags[4:5]), (3, tags[5:]))] == [1, 1, 1]
    optimizer = torch.optim.Adam(crf.parameters(), lr=0.1)
    for _ in range(60):
        optimizer.zero_grad()
        (-learned(crf, x, lengths, tags).sum()).backward()
        optimizer.step()
    found = search(crf.eval(), x, lengths)
    assert found.tags.tolist() == tags and found.probabilities is not None
    assert found.probabilities[found.tags > 0].min() > 0.8
    assert [part.tolist() for part in spans_of(found.tags, K)] == [[0, 4, 6], [2, 4, 7], [0, 1, 1]]


def test_dropout_acts_on_the_vectors() -> None:
    crf, x = make_crf().train(), vectors(6, 0)
    tags = [0, 1, 7, 0, 0, 0]
    plain = learned(crf, x, [6], tags).item()
    set_dropout(crf, 0.5)
    assert learned(crf, x, [6], tags).item() != pytest.approx(plain, rel=1e-3)


def test_vectors_of_another_precision() -> None:
    crf, x = make_crf(), vectors(6, 0).bfloat16()
    assert search(crf, x, [6]).tags.tolist() == search(crf, x.float(), [6]).tags.tolist()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        found = learned(crf, x, [6], [0] * 6)
    assert found.dtype == torch.float32
    assert found.item() == pytest.approx(learned(crf, x.float(), [6], [0] * 6).item(), abs=0.1)
