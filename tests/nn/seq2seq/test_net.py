"""The encoder-decoder network: likelihoods, search, copying and learning."""

from __future__ import annotations

import itertools
import math
from typing import Any, List

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from spacy_rnn.base.sequences import END, UNKNOWN, Search, Targets
from spacy_rnn.nn.rnn import CELLS
from spacy_rnn.nn.seq2seq import net
from spacy_rnn.nn.seq2seq.net import Seq2Seq

from ..sequences import SYMBOLS, decode, flat, make_seq2seq, read, write

sequences = st.lists(st.lists(st.integers(2, SYMBOLS - 1), max_size=6), min_size=1, max_size=5)
VARIANTS: List[Any] = [
    {},
    {"attention": "additive", "cell": "gru"},
    {"attention": "none", "copy": False},
    {"copy": False, "depth": 2},
]


def log_likelihood(network: Seq2Seq, sources: List[List[int]], targets: List[List[int]]) -> List[float]:
    with torch.inference_mode():
        return network.score(read(sources), write(targets))[:, 0].tolist()


@pytest.mark.parametrize("settings", VARIANTS, ids=str)
@given(sources=sequences)
def test_batch_equals_one_by_one(settings: Any, sources: List[List[int]]) -> None:
    network = make_seq2seq(**settings)
    targets = sources[1:] + sources[:1]
    together = log_likelihood(network, sources, targets)
    alone = [log_likelihood(network, [source], [target])[0] for source, target in zip(sources, targets)]
    assert together == pytest.approx(alone, abs=1e-4)
    for beams in (1, 3):
        found = decode(network, read(sources), beams=beams)
        assert [[symbols for symbols, _ in best] for best in found] == [
            [symbols for symbols, _ in decode(network, read([source]), beams=beams)[0]] for source in sources
        ]


@pytest.mark.parametrize("cells", [1, 40])
def test_result_does_not_depend_on_what_is_decoded_at_once(cells: int, monkeypatch: pytest.MonkeyPatch) -> None:
    network = make_seq2seq()
    sources = [[2 + (i + j) % (SYMBOLS - 2) for j in range(i % 17)] for i in range(60)]
    expected = decode(network, read(sources), beams=2)
    monkeypatch.setattr(net, "MOST_CELLS", cells)
    found = decode(network, read(sources), beams=2)
    assert [[symbols for symbols, _ in best] for best in found] == [
        [symbols for symbols, _ in best] for best in expected
    ]


@pytest.mark.parametrize("settings", VARIANTS, ids=str)
def test_probabilities_sum_to_one(settings: Any) -> None:
    """Of all targets of up to two symbols and of the beginnings of longer ones."""
    network = make_seq2seq(**settings)
    source, known = [3, 4], range(2, SYMBOLS)
    short = [[], *([symbol] for symbol in known), *(list(pair) for pair in itertools.product(known, known))]
    ended = sum(math.exp(value) for value in log_likelihood(network, [source] * len(short), short))
    found = decode(network, read([source]), beams=SYMBOLS * SYMBOLS, limit=2, length_penalty=0.0)[0]
    assert 0.0 < ended <= 1.0 + 1e-4
    # The search, which sees every sequence with a beam that wide, and the likelihood agree.
    for symbols, score in found:
        if len(symbols) < 2:
            assert score == pytest.approx(log_likelihood(network, [source], [symbols])[0], abs=1e-4)


@pytest.mark.parametrize("cell", CELLS)
def test_one_beam_is_greedy(cell: str) -> None:
    network = make_seq2seq(cell=cell)
    source = [2, 5, 7, 3]
    written: List[int] = []
    while len(written) < 8:
        options = [*range(2, SYMBOLS), END]
        # The likelihood of each next symbol, from the teacher-forced pass.
        totals = log_likelihood(network, [source] * len(options), [[*written, symbol] for symbol in options])
        with torch.inference_mode():
            ends = log_likelihood(network, [source], [written])[0]
            last = [network.score(read([source]), _open([*written, symbol]))[0, 0].item() for symbol in options[:-1]]
        assert len(totals) == len(options)
        best = options[int(np.argmax([*last, ends]))]
        if best == END:
            break
        written.append(best)
    assert decode(network, read([source]), limit=8)[0][0][0] == written


def _open(symbols: List[int]) -> Any:
    """Targets without an END."""
    return Targets(flat([symbols]), np.array([len(symbols)]), np.zeros(1, dtype=np.int64))


def test_a_wider_beam_finds_no_worse() -> None:
    network = make_seq2seq(copy=False)
    with torch.no_grad():
        network.decoder.output.bias[END] = -1.0
    sources = [[i, j] for i in range(2, SYMBOLS) for j in range(2, SYMBOLS)]
    narrow, wide = (decode(network, read(sources), beams=beams, length_penalty=0.0) for beams in (1, 12))
    gains = [best[0][1] - greedy[0][1] for best, greedy in zip(wide, narrow)]
    assert min(gains) > -1e-4 and max(gains) > 0.01


@given(sources=sequences, limit=st.integers(1, 5), beams=st.integers(1, 4))
def test_the_decoder_stops(sources: List[List[int]], limit: int, beams: int) -> None:
    network = make_seq2seq()
    with torch.no_grad():
        network.decoder.output.bias[END] = -1e4  # it never wants to end, except by copying the end
    for best in decode(network, read(sources), limit=limit, beams=beams):
        assert 1 <= len(best) <= beams
        assert all(len(symbols) <= limit and UNKNOWN not in symbols for symbols, _ in best)


def test_unknown_symbols_are_copied() -> None:
    """A symbol without a row can be learned to be written, and has no probability where the source lacks it."""
    network = make_seq2seq()
    sources = read([[SYMBOLS, 3]], n=SYMBOLS + 1)
    with torch.inference_mode():
        there = network.score(sources, write([[SYMBOLS]]))[0, 0].item()
        absent = network.score(read([[4, 3]], n=SYMBOLS + 1), write([[SYMBOLS]]))[0, 0].item()
        end_only = network.score(sources, _open([SYMBOLS]))[0, 0].item()
    assert there < end_only < 0.0
    # Only the END counts where the symbol cannot be written.
    assert absent > there and make_seq2seq(copy=False).decoder.gate is None


def test_decisions_choose_what_is_decoded() -> None:
    network = make_seq2seq()
    sources = read([[2], [3, 4], [5]])
    with torch.inference_mode():
        found = network.search(sources, Search(np.full(3, 4), decode_after=(0,)))
    assert [bool(best) for best in found.hypotheses] == [decision == 0 for decision in found.decisions]


def test_the_copy_task_is_learned_to_length_50() -> None:
    """Random symbols, copied exactly, also those that training never shows."""
    torch.manual_seed(0)
    generator = np.random.default_rng(0)
    network = Seq2Seq(SYMBOLS, SYMBOLS, width=8, hidden_size=32)
    optimizer = torch.optim.Adam(network.parameters(), lr=0.01)

    def draw(n: int, highest: int) -> List[List[int]]:
        return [generator.integers(2, highest, size).tolist() for size in generator.integers(1, 51, n)]

    for _ in range(90):
        network.train()
        sources = draw(24, SYMBOLS - 1)
        loss = -network.score(read(sources), write(sources))[:, 0].sum() / sum(map(len, sources))
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 5.0)
        optimizer.step()
    network.eval()
    sources = [*draw(20, SYMBOLS - 1), generator.integers(2, SYMBOLS - 1, 50).tolist()]
    found = decode(network, read(sources), limit=60)
    assert [best[0][0] for best in found] == sources
    mixed = [[2, SYMBOLS - 1, 3, SYMBOLS, 4] * 4]  # neither of the two was ever shown
    assert decode(network, read(mixed, n=SYMBOLS + 1), limit=60)[0][0][0] == mixed[0]


def test_scheduled_sampling_reads_own_symbols() -> None:
    """Without sampling the pass is the same every time; with it what is read varies, and gradients flow."""
    sources, targets = read([[2, 3, 4, 5]] * 4), write([[5, 4, 3, 2]] * 4)
    for sampling, same in ((0.0, True), (0.5, False)):
        network = make_seq2seq(sampling=sampling).train()
        values = {round(network.score(sources, targets)[:, 0].sum().item(), 5) for _ in range(5)}
        assert (len(values) == 1) is same
        network.score(sources, targets).sum().backward()
        assert network.decoder.table.weight.grad is not None


def test_weights_have_the_names_of_saved_files() -> None:
    attention = {f"decoder.attention.{side}_place.weight" for side in ("query", "key")}
    assert {"marks.weight", *attention} <= set(make_seq2seq(case_flags=2).state_dict())
