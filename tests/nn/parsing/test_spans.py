"""The network over spans: equations, limits, and independence of neighbours."""

from typing import Any, Dict, List, Optional, Tuple

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from spacy_rnn.base.spans import FoundSpans, Spans, SpanSearch, SpanTargets
from spacy_rnn.nn.dropout import set_dropout
from spacy_rnn.nn.parsing import spans as network
from spacy_rnn.nn.parsing.spans import BiaffineSpans

from .test_nesting import are_nested

LABELS, WIDTH, EDGE = 3, 6, 4
lengths_lists = st.lists(st.integers(1, 7), max_size=5)
widths = st.sampled_from([None, 1, 2, 3, 10])
seeds = st.integers(0, 1000)

Row = Tuple[int, int, int]
"""First token, last token, label."""


def make_network(scale: float = 0.8) -> BiaffineSpans:
    """Random weights, large enough for scores to differ."""
    module = BiaffineSpans(WIDTH, LABELS, edge_size=EDGE)
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.normal_(0, scale, generator=generator)
    return module.eval()


def vectors(n: int, seed: int = 0) -> Tensor:
    return torch.randn(n, WIDTH, generator=torch.Generator().manual_seed(seed))


def as_lengths(lengths: List[int]) -> Any:
    return np.array(lengths, dtype=np.int64)


def all_edges(lengths: List[int]) -> Any:
    return np.ones(sum(lengths), dtype=bool)


def as_spans(rows: List[Row]) -> Spans:
    return Spans(*np.array(sorted(rows), dtype=np.int64).reshape(-1, 3).T)


def rows_of(found: FoundSpans) -> List[Row]:
    return list(zip(*(column.tolist() for column in found.spans)))


def search(module: BiaffineSpans, x: Tensor, lengths: List[int], edges: Any = None, **settings: Any) -> FoundSpans:
    edges = all_edges(lengths) if edges is None else edges
    with torch.inference_mode():
        found = module(x, as_lengths(lengths), SpanSearch(edges, **settings))
    assert isinstance(found, FoundSpans)
    return found


def learned(module: BiaffineSpans, x: Tensor, lengths: List[int], rows: List[Row], **settings: Any) -> Any:
    edges = settings.pop("edges", all_edges(lengths))
    return module(x, as_lengths(lengths), SpanTargets(as_spans(rows), edges, **settings))


def equations(module: BiaffineSpans, x: Tensor, lengths: List[int], width: Optional[int]) -> Dict[Row, float]:
    """The score of each label of each span, written down as in the paper."""

    def array(parameter: Tensor) -> Any:
        return parameter.detach().double().numpy()

    h = x.double().numpy() @ array(module.roles.weight).T + array(module.roles.bias)
    h = np.where(h > 0, h, 0.1 * h)
    first, last = h[:, :EDGE], h[:, EDGE:]
    u = array(module.pairs.weight).reshape(LABELS, EDGE, EDGE)
    of_last = array(module.pairs.bias).reshape(LABELS, EDGE)
    found, end = {}, 0
    for n in lengths:
        start, end = end, end + n
        for i in range(start, end):
            for j in range(i, end):
                for k in range(LABELS if width is None or j - i < width else 0):
                    score = last[j] @ u[k] @ first[i] + of_last[k] @ last[j]
                    score += array(module.first.weight)[k] @ first[i] + array(module.first.bias)[k]
                    found[i, j, k] = float(score)
    return found


def p_of(score: float) -> float:
    return float(1 / (1 + np.exp(-score)))


def log_p(score: float, there: bool) -> float:
    """The log-probability that a label is there, or that it is not."""
    return -float(np.logaddexp(0.0, -score if there else score))


def random_rows(table: Dict[Row, float], seed: int) -> List[Row]:
    rng = np.random.default_rng(seed)
    return [row for row in table if rng.random() < 0.2]


@given(lengths=lengths_lists, width=widths, seed=seeds, threshold=st.sampled_from([0.1, 0.5, 0.9]))
def test_search(lengths: List[int], width: Optional[int], seed: int, threshold: float) -> None:
    """What is likely enough by the equations, in order, and the probabilities of all labels."""
    module, x = make_network(), vectors(sum(lengths), seed)
    table = {row: p_of(score) for row, score in equations(module, x, lengths, width).items()}
    found = search(module, x, lengths, max_width=width, threshold=threshold, all_labels=True)
    rows = rows_of(found)
    near = {row for row, p in table.items() if abs(p - threshold) < 1e-4}
    assert set(rows) - near == {row for row, p in table.items() if p >= threshold} - near
    assert rows == sorted(rows)
    np.testing.assert_allclose(found.probabilities, [table[row] for row in rows], atol=1e-5)
    assert found.of_labels is not None and found.of_labels.shape == (len(rows), LABELS)
    expected = [[table[i, j, k] for k in range(LABELS)] for i, j, _ in rows]
    np.testing.assert_allclose(found.of_labels, np.array(expected).reshape(-1, LABELS), atol=1e-5)


@given(lengths=lengths_lists, width=widths, seed=seeds)
def test_likelihood(lengths: List[int], width: Optional[int], seed: int) -> None:
    """Of each sequence: all its spans have their labels, and no others."""
    module, x = make_network(), vectors(sum(lengths), seed)
    table = equations(module, x, lengths, width)
    rows = random_rows(table, seed)
    found = learned(module, x, lengths, rows, max_width=width)
    assert found.shape == (len(lengths),) and found.dtype == torch.float32
    expected, end = [], 0
    for n in lengths:
        start, end = end, end + n
        own = [(row, score) for row, score in table.items() if start <= row[0] < end]
        expected.append(sum(log_p(score, row in rows) for row, score in own))
    np.testing.assert_allclose(found.detach().numpy(), np.array(expected), rtol=1e-4, atol=1e-4)


@given(lengths=lengths_lists, width=widths, seed=seeds)
def test_stretches_about_which_nothing_is_known(lengths: List[int], width: Optional[int], seed: int) -> None:
    """Only of the spans that are there anything is learned; of others that touch no such token, too."""
    module, x = make_network(), vectors(sum(lengths), seed)
    table = equations(module, x, lengths, width)
    rows = random_rows(table, seed)
    unknown = np.random.default_rng(seed + 1).random(sum(lengths)) < 0.3
    found = learned(module, x, lengths, rows, max_width=width, unknown=unknown)
    known = {row: score for row, score in table.items() if row in rows or not unknown[row[0] : row[1] + 1].any()}
    expected = sum(log_p(score, row in rows) for row, score in known.items())
    assert found.sum().item() == pytest.approx(expected, rel=1e-4, abs=1e-4)


@given(lengths=lengths_lists, width=widths, seed=seeds)
def test_edges(lengths: List[int], width: Optional[int], seed: int) -> None:
    """No span begins or ends elsewhere, and none that would is learned from; what is between them does not matter."""
    module, x = make_network(), vectors(sum(lengths), seed)
    edges = np.random.default_rng(seed).random(sum(lengths)) < 0.6
    table = {row: s for row, s in equations(module, x, lengths, width).items() if edges[row[0]] and edges[row[1]]}
    rows = rows_of(search(module, x, lengths, edges, max_width=width))
    assert all(abs(score) < 1e-4 or (row in rows) == (score > 0.0) for row, score in table.items())
    assert set(rows) <= set(table)
    found = learned(module, x, lengths, [], edges=edges, max_width=width)
    assert found.sum().item() == pytest.approx(sum(log_p(score, False) for score in table.values()), rel=1e-4, abs=1e-4)


@given(lengths=lengths_lists, seed=seeds, most=st.integers(1, 3), crossing=st.booleans())
def test_policies(lengths: List[int], seed: int, most: int, crossing: bool) -> None:
    """The likeliest labels of a span, and spans that do not cross."""
    module, x = make_network(), vectors(sum(lengths), seed)
    table = {row: p_of(score) for row, score in equations(module, x, lengths, None).items()}
    found = search(module, x, lengths, threshold=0.4, max_positive=most, allow_crossing=crossing)
    rows = rows_of(found)
    by_span: Dict[Tuple[int, int], List[float]] = {}
    for i, j, k in rows:
        by_span.setdefault((i, j), []).append(table[i, j, k])
    for (i, j), own in by_span.items():
        best = sorted((table[i, j, k] for k in range(LABELS) if table[i, j, k] >= 0.4), reverse=True)[:most]
        assert sorted(own, reverse=True) == pytest.approx(best, abs=1e-5)
    likely = {(i, j) for (i, j, _), p in table.items() if p > 0.4001}
    assert crossing or are_nested(by_span)
    if crossing or are_nested(likely):
        assert likely <= set(by_span)


@given(lengths=lengths_lists, width=widths, seed=seeds)
def test_neighbours_do_not_matter(lengths: List[int], width: Optional[int], seed: int) -> None:
    """Neither in prediction nor in training, and windows are as good as whole sequences."""
    module, x = make_network(), vectors(sum(lengths), seed)
    rows = random_rows(equations(module, x, lengths, width), seed)
    found = search(module, x, lengths, max_width=width, threshold=0.3)
    likelihoods = learned(module, x, lengths, rows, max_width=width).detach()
    end, alone = 0, []
    for i, n in enumerate(lengths):
        start, end = end, end + n
        own = [(a - start, b - start, k) for a, b, k in rows if start <= a < end]
        part = x[start:end]
        torch.testing.assert_close(
            learned(module, part, [n], own, max_width=width), likelihoods[i : i + 1], atol=1e-4, rtol=1e-5
        )
        alone += [(a + start, b + start, k) for a, b, k in rows_of(search(module, part, [n], max_width=width,
                                                                         threshold=0.3))]  # fmt: skip
    assert rows_of(found) == alone


def test_small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    module, lengths = make_network(), [3, 9, 1, 7, 20, 20]
    x = vectors(60)
    rows: List[Row] = [(0, 2, 1), (12, 12, 0), (20, 24, 2), (20, 24, 0)]
    expected = search(module, x, lengths, max_width=5), learned(module, x, lengths, rows, max_width=5)
    monkeypatch.setattr(network, "_MOST_CELLS", 10)
    found = search(module, x, lengths, max_width=5), learned(module, x, lengths, rows, max_width=5)
    assert rows_of(found[0]) == rows_of(expected[0]) and rows_of(found[0])
    torch.testing.assert_close(found[1], expected[1])


def test_gradients() -> None:
    """Of all weights and of the input, beside finite differences."""
    lengths, rows = [3, 5], [(0, 2, 1), (1, 1, 0), (3, 6, 2), (4, 6, 2)]
    module, x = make_network(0.5), vectors(8).requires_grad_()
    weights, unknown = torch.rand(2), np.arange(8) == 6

    def loss() -> Tensor:
        return (learned(module, x, lengths, rows, max_width=4, unknown=unknown) * weights).sum()

    loss().backward()
    for parameter in (x, *module.parameters()):
        assert parameter.grad is not None
        place = int(parameter.grad.abs().argmax())
        with torch.no_grad():
            flat = parameter.view(-1)
            value = flat[place].item()
            flat[place] = value + 1e-2
            above = loss().item()
            flat[place] = value - 1e-2
            slope = (above - loss().item()) / 2e-2
            flat[place] = value
        assert parameter.grad.view(-1)[place].item() == pytest.approx(slope, rel=2e-2, abs=2e-3)


def test_untrained_network_finds_nothing() -> None:
    assert rows_of(search(BiaffineSpans(WIDTH, LABELS), vectors(6), [6])) == []


def test_learns_by_heart() -> None:
    torch.manual_seed(0)
    module, x, lengths = BiaffineSpans(WIDTH, LABELS, edge_size=8), vectors(9), [4, 5]
    rows = [(0, 3, 0), (0, 3, 2), (1, 2, 0), (4, 6, 1), (5, 8, 1)]
    optimizer = torch.optim.Adam(module.parameters(), 0.1)
    for _ in range(60):
        optimizer.zero_grad()
        (-learned(module, x, lengths, rows).sum()).backward()
        optimizer.step()
    found = search(module.eval(), x, lengths)
    assert rows_of(found) == rows and found.probabilities.min() > 0.9
    assert rows_of(search(module, x, lengths, allow_crossing=False)) in (rows[:4], [*rows[:3], rows[4]])


def test_dropout_acts() -> None:
    module, x = make_network().train(), vectors(6)
    plain = learned(module, x, [6], [(0, 1, 1)]).item()
    set_dropout(module, 0.5)
    assert learned(module, x, [6], [(0, 1, 1)]).item() != pytest.approx(plain, rel=1e-3)


def test_vectors_of_another_precision() -> None:
    module, x = make_network(), vectors(6).bfloat16()
    assert rows_of(search(module, x, [6])) == rows_of(search(module, x.float(), [6]))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        found = learned(module, x, [6], [(0, 1, 1)])
    assert found.dtype == torch.float32
    assert found.item() == pytest.approx(learned(module, x.float(), [6], [(0, 1, 1)]).item(), rel=0.05)


@pytest.mark.parametrize("threshold", [0.0, 1.0])
def test_thresholds_at_the_ends(threshold: float) -> None:
    """With 0 all spans are found; with 1 those whose probability cannot be told from 1."""
    module, x = make_network(0.3), vectors(4)
    found = search(module, x, [4], threshold=threshold)
    assert len(found.probabilities) == (10 * LABELS if threshold == 0.0 else 0)
    with torch.no_grad():
        module.first.bias.fill_(100.0)
    assert len(search(module, x, [4], threshold=threshold).probabilities) == 10 * LABELS
