"""What a character language model reads, and where it stands afterwards."""

from pathlib import Path
from typing import List

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from spacy_rnn.models.char_lm_file import load_lm, save_lm
from spacy_rnn.nn.char_lm import CharLM
from spacy_rnn.nn.char_vocabulary import SEPARATOR

from ..lm.helpers import tiny_lm

SETTINGS = [
    {"cell": "lstm", "depth": 2, "order": 4},
    {"cell": "gru", "depth": 1, "order": 1},
    {"cell": "rnn_tanh", "depth": 1, "order": 2},
]


@pytest.mark.parametrize("setting", SETTINGS)
@settings(max_examples=10)
@given(cuts=st.lists(st.integers(1, 20), max_size=4))
def test_chunked_equals_whole(setting: dict, cuts: List[int]) -> None:
    model = tiny_lm(**setting)
    ids = torch.randint(model.chars, (21, 3), generator=torch.Generator().manual_seed(1))
    whole, end = model(ids)
    bounds = [0, *sorted(set(cuts)), 21]
    state, parts = None, []
    for first, last in zip(bounds, bounds[1:]):
        part, state = model(ids[first:last], state)
        parts.append(part)
    torch.testing.assert_close(torch.cat(parts), whole, rtol=1e-4, atol=1e-5)
    assert state is not None
    torch.testing.assert_close(state.hidden, end.hidden, rtol=1e-4, atol=1e-5)
    assert torch.equal(state.recent, end.recent)


def test_a_text_is_read_alone() -> None:
    """Its neighbours in the batch change nothing."""
    model = tiny_lm()
    ids = torch.randint(model.chars, (15, 5))
    together = model(ids)[0]
    for i in range(5):
        torch.testing.assert_close(model(ids[:, i : i + 1])[0], together[:, i : i + 1], rtol=1e-4, atol=1e-5)


def test_the_future_is_not_read() -> None:
    model = tiny_lm()
    ids = torch.randint(model.chars, (12, 1))
    changed = ids.clone()
    changed[8:] = (changed[8:] + 1) % model.chars
    first, second = model(ids)[0], model(changed)[0]
    assert torch.equal(first[:8], second[:8])
    assert not torch.allclose(first[8:], second[8:])


def test_rows_of_ngrams() -> None:
    """The same n-gram has the same row wherever it stands, each length in a part of the table of its own."""
    model = tiny_lm(order=4, rows=64)
    line = torch.tensor([[5, 6, 7, 8, 9, 5, 6, 7, 8, 9]]).T
    rows = model.ngram_rows(line)[:, 0]
    assert torch.equal(rows[1], rows[6])  # 5 6 7 8 ends both
    for n in range(3):
        assert (rows[:, n] // 64 == n).all()
    assert len(set(rows[:, 2].tolist())) > 1


def test_without_ngrams_there_is_no_table() -> None:
    model = tiny_lm(order=1)
    assert model.ngrams is None
    assert model.start(3).recent.shape == (0, 3)


def test_direct_layer_knows_the_ngrams_alone() -> None:
    model = tiny_lm(order=3)
    with torch.no_grad():
        model.output.weight.zero_()
    one, other, another = (model(torch.tensor([ids]).T)[0][-1, 0] for ids in ([2, 3, 4, 5], [7, 3, 4, 5], [2, 6, 4, 5]))
    torch.testing.assert_close(one, other)
    assert not torch.allclose(one, another)


def test_file_of_a_model_without_direct_layer(tmp_path: Path) -> None:
    path = tmp_path / "forward.safetensors"
    model = tiny_lm(direct=False)
    save_lm(path, model, [], backward=False)
    ids = torch.tensor([[2, 3, 4]]).T
    torch.testing.assert_close(load_lm(path).model(ids)[0], model(ids)[0])


def test_start_is_after_a_separator() -> None:
    assert (tiny_lm(order=3).start(2).recent == SEPARATOR).all()


def test_it_learns_a_rule() -> None:
    torch.manual_seed(0)
    model = CharLM(chars=6, inputs=6, char_width=8, hidden_size=16, order=2, rows=32)
    ids = (torch.arange(33).unsqueeze(1) + torch.arange(4)) % 4 + 2
    optimizer = torch.optim.Adam(model.parameters(), lr=0.05)
    for _ in range(40):
        logits, _ = model(ids[:-1])
        loss = nn.functional.cross_entropy(logits.flatten(0, 1), ids[1:].flatten())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert loss.item() < 0.05


def test_a_label_holds_until_the_next() -> None:
    model = tiny_lm(["x", "y"])
    first = model.chars
    ids = torch.tensor([[2, first, 3, 4, first + 1, 5]]).T
    expected = [0, 1, 1, 1, 2, 2]
    assert model.labels_at(ids, torch.tensor([0]))[:, 0].tolist() == expected
    whole = model(ids)[0]
    state, parts = None, []
    for part in ids.split(1):
        logits, state = model(part, state)
        parts.append(logits)
        assert state.label.tolist() == [expected[len(parts) - 1]]
    torch.testing.assert_close(torch.cat(parts), whole, rtol=1e-4, atol=1e-5)
