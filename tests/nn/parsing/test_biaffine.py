"""The parser's network: equations, blocks, and independence of neighbours."""

from typing import Any, List

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from spacy_rnn.base.parsing import ROOT, UNKNOWN, Parses, Sentences, StartSearch, TreeSearch, TreeTargets
from spacy_rnn.nn.parsing.biaffine import BiaffineParser
from spacy_rnn.nn.parsing.blocks import lay_out_sentences
from spacy_rnn.types import IntArray

from .trees import all_trees, crosses, is_tree, sums, weight

LABELS, ROOT_LABELS, WIDTH = 5, 2, 6
lengths_lists = st.lists(st.integers(0, 7), min_size=1, max_size=6)


def make_parser(scale: float = 0.6, **settings: Any) -> BiaffineParser:
    """Random weights, large enough for scores to differ."""
    parser = BiaffineParser(WIDTH, LABELS, ROOT_LABELS, **{"arc_size": 5, "label_size": 3, **settings})
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in parser.parameters():
            parameter.normal_(0, scale, generator=generator)
    return parser.eval()


def marginals_of(found: Parses) -> Any:
    return found.marginals


def vectors(lengths: List[int]) -> Tensor:
    return torch.randn(sum(lengths), WIDTH, generator=torch.Generator().manual_seed(len(lengths)))


def whole(lengths: List[int]) -> Sentences:
    return Sentences(np.arange(sum(lengths)), np.array(lengths, dtype=np.int64))


def search(parser: BiaffineParser, x: Tensor, lengths: List[int], **settings: Any) -> Parses:
    with torch.inference_mode():
        found = parser(x, whole(lengths), TreeSearch(**settings))
    assert isinstance(found, Parses)
    return found


def random_targets(lengths: List[int], seed: int = 0) -> TreeTargets:
    """Heads anywhere in the sentence, and labels that go with them; some are unknown."""
    rng = np.random.default_rng(seed)
    heads = np.array([rng.integers(0, n + 1) for n in lengths for _ in range(n)], dtype=np.int64)
    places = np.array([i for n in lengths for i in range(1, n + 1)], dtype=np.int64)
    heads[heads == places] = UNKNOWN
    first = LABELS - ROOT_LABELS
    labels = np.where(heads == ROOT, rng.integers(first, LABELS, len(heads)), rng.integers(0, first, len(heads)))
    labels[rng.random(len(heads)) < 0.2] = UNKNOWN
    return TreeTargets(heads, labels, rng.integers(-1, 2, len(heads)))


@torch.no_grad()
def equations(parser: BiaffineParser, x: Tensor) -> Any:
    """The scores of one sentence, written down as in the paper: of arcs (n, n + 1), and of labels, a function."""
    roles = torch.nn.functional.leaky_relu(x @ parser.roles.weight.T + parser.roles.bias, 0.1)
    arc_head, arc_dep, label_head, label_dep = roles.split(parser.sizes, dim=1)
    arc_head = torch.cat([parser.root_arc.unsqueeze(0), arc_head])
    label_head = torch.cat([parser.root_label.unsqueeze(0), label_head])
    n, size = len(x), label_dep.shape[1]
    arcs = [[arc_head[h] @ (parser.arc.weight @ arc_dep[i] + parser.arc.bias) for h in range(n + 1)] for i in range(n)]
    u, v = parser.label.weight.view(-1, size, size), parser.label_parts.weight

    def label(i: int, h: int) -> Tensor:
        both = torch.cat([label_head[h], label_dep[i]])
        scores = torch.stack([label_head[h] @ (u[k] @ label_dep[i]) for k in range(len(u))])
        scores = scores + v @ both + parser.label.bias
        allowed = (torch.arange(LABELS) >= parser.first_root_label) == (h == 0)
        return scores.masked_fill(~allowed, -torch.inf)

    table = torch.tensor(arcs)
    table[torch.arange(n), torch.arange(1, n + 1)] = -torch.inf
    return table, label


@given(lengths=lengths_lists, max_cells=st.integers(1, 200))
def test_blocks_hold_each_sentence_once(lengths: List[int], max_cells: int) -> None:
    blocks = list(lay_out_sentences(np.array(lengths), max_cells=max_cells))
    tokens: List[int] = []
    for block in blocks:
        batch, n = block.cells.shape
        assert batch == 1 or batch * n * (n + 1) <= max_cells
        assert n == int(block.lengths.max()) and 5 * int(block.lengths.min()) >= 4 * n - 4
        for row, length in zip(block.cells.tolist(), block.lengths.tolist()):
            assert row[:length] == list(range(row[0], row[0] + length)) and set(row[length:]) <= {row[length - 1]}
            tokens += row[:length]
    assert sorted(tokens) == list(range(sum(lengths)))


@pytest.mark.parametrize("n", [1, 2, 4])
def test_equations_and_the_best_tree(n: int) -> None:
    """The scores are those of the paper, and the tree and its marginals those of all trees."""
    parser, x = make_parser(), vectors([n])
    arcs, label = equations(parser, x)
    table = arcs.numpy()
    best = max(all_trees(n), key=lambda heads: weight(table, heads))
    found = search(parser, x, [n], marginals=True)
    assert tuple(found.heads.tolist()) == best
    assert found.labels.tolist() == [int(label(i, head).argmax()) for i, head in enumerate(best)]
    assert found.marginals is not None
    np.testing.assert_allclose(found.marginals, sums(np.nan_to_num(table, neginf=-1e4))[1][np.arange(n), best], 1e-4)
    targets = random_targets([n], 3)
    likelihoods = parser(x, whole([n]), targets).detach()
    for i, (head, column) in enumerate(zip(targets.heads.tolist(), targets.labels.tolist())):
        expected = torch.log_softmax(arcs[i], dim=0)[head] if head != UNKNOWN else torch.tensor(0.0)
        torch.testing.assert_close(likelihoods[i, 0], expected, atol=1e-4, rtol=1e-4)
        known = head != UNKNOWN and column != UNKNOWN
        expected = torch.log_softmax(label(i, head), dim=0)[column] if known else torch.tensor(0.0)
        torch.testing.assert_close(likelihoods[i, 1], expected, atol=1e-4, rtol=1e-4)


@given(lengths=lengths_lists, projective=st.booleans())
def test_neighbours_do_not_matter(lengths: List[int], projective: bool) -> None:
    """Neither in prediction nor in training."""
    parser, x, targets = make_parser(), vectors(lengths), random_targets(lengths)
    found = search(parser, x, lengths, projective=projective, marginals=True)
    likelihoods = parser(x, whole(lengths), targets).detach()
    assert targets.starts is not None
    end = 0
    for n in lengths:
        start, end = end, end + n
        part = slice(start, end)
        alone = search(parser, x[part], [n], projective=projective, marginals=True)
        assert found.heads[part].tolist() == alone.heads.tolist()
        assert found.labels[part].tolist() == alone.labels.tolist()
        np.testing.assert_allclose(marginals_of(found)[part], marginals_of(alone), atol=1e-5)
        own = TreeTargets(targets.heads[part], targets.labels[part], targets.starts[part])
        torch.testing.assert_close(parser(x[part], whole([n]), own), likelihoods[part], atol=1e-5, rtol=1e-5)
        heads = tuple(alone.heads.tolist())
        assert not n or (is_tree(heads) and not (projective and crosses(heads)))


def test_only_roots_have_the_labels_of_roots() -> None:
    for seed in range(5):
        torch.manual_seed(seed)
        found = search(make_parser(2.0), torch.randn(30, WIDTH), [10, 20])
        assert ((found.heads == ROOT) == (found.labels >= LABELS - ROOT_LABELS)).all()


def test_rows_that_are_no_tokens_take_no_part() -> None:
    parser, x = make_parser(), vectors([4, 3])
    rows = np.array([0, 2, 3, 4, 6])
    lengths = np.array([3, 0, 2])
    with torch.inference_mode():
        found = parser(x, Sentences(rows, lengths), TreeSearch())
        starts = parser(x, Sentences(rows, lengths), StartSearch())
    expected = search(parser, x[rows], [3, 0, 2])
    assert found.heads.tolist() == expected.heads.tolist() and found.labels.tolist() == expected.labels.tolist()
    torch.testing.assert_close(starts, (x[rows] @ parser.start.weight.T + parser.start.bias).detach().squeeze(1))


def test_nothing_known_and_nothing_there() -> None:
    parser, x = make_parser().train(), vectors([3]).requires_grad_()
    unknown: IntArray = np.full(3, UNKNOWN)
    likelihoods = parser(x, whole([3]), TreeTargets(unknown, unknown, unknown))
    assert not likelihoods.any()
    for lengths in ([], [0, 0]):
        nothing = np.zeros(0, dtype=np.int64)
        assert parser(x[:0], whole(lengths), TreeTargets(nothing, nothing)).shape == (0, 3)
        assert len(search(parser, x[:0].detach(), lengths, marginals=True).heads) == 0


def test_gradients() -> None:
    """Of all weights and of the input, beside finite differences."""
    lengths = [2, 3]
    parser, targets = make_parser(), random_targets(lengths, 1)
    x = vectors(lengths).requires_grad_()
    weights = torch.rand(5, 3)

    def loss() -> Tensor:
        return (parser(x, whole(lengths), targets) * weights).sum()

    loss().backward()
    for parameter in (x, *parser.parameters()):
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
        assert parameter.grad.view(-1)[place].item() == pytest.approx(slope, rel=2e-2, abs=2e-4)


def test_learns_a_tree() -> None:
    parser = BiaffineParser(WIDTH, LABELS, arc_size=8, label_size=6)
    x, lengths = vectors([4, 6]), [4, 6]
    labels = np.array([0, 4, 1, 2, 3, 0, 1, 2, 4, 0])
    heads = np.array([2, 0, 2, 1, 5, 5, 5, 2, 0, 1])
    optimizer = torch.optim.Adam(parser.parameters(), 0.02)
    for _ in range(150):
        optimizer.zero_grad()
        loss = -parser.train()(x, whole(lengths), TreeTargets(heads, labels)).sum()
        loss.backward()
        optimizer.step()
    found = search(parser.eval(), x, lengths, marginals=True)
    assert found.heads.tolist() == heads.tolist() and found.labels.tolist() == labels.tolist()
    assert found.marginals is not None and found.marginals.min() > 0.9


def test_long_sentence() -> None:
    """O(n^2) memory: some 10 numbers of 8 bytes for each pair of tokens."""
    found = search(make_parser(), vectors([1500]), [1500])
    assert (found.heads == ROOT).sum() == 1
