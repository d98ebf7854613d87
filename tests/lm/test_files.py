"""A language model's file: it comes back, and nothing else is taken for one."""

import json
from pathlib import Path
from typing import Any, Callable, Dict

import pytest
import safetensors.torch
import torch

from spacy_rnn.models.char_lm_file import load_lm
from spacy_rnn.shim.serialize import checksum, read_header, to_safetensors

from .helpers import CHARS, tiny_lm, write_lm


def test_round_trip(tmp_path: Path) -> None:
    path = Path(write_lm(tmp_path / "lm.safetensors", backward=True, labels=["x", "ÿ"]))
    found = load_lm(path)
    assert found.backward and found.vocabulary.labels == ["x", "ÿ"] and found.vocabulary.chars == CHARS
    ids = torch.tensor([[2], [3], [4]])
    assert torch.equal(found.model(ids)[0], tiny_lm(["x", "ÿ"])(ids)[0])
    assert [path] == list(tmp_path.iterdir())


def _header(change: Callable[[Dict[str, Any]], Any]) -> Callable[[bytes], bytes]:
    def rewrite(data: bytes) -> bytes:
        header = read_header(data)
        change(header)
        tensors = safetensors.torch.load(data)
        header["sha256"] = checksum(header["sizes"], tensors)
        return safetensors.torch.save(tensors, {"spacy-rnn": json.dumps(header)})

    return rewrite


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: b"",
        lambda data: b"\x80\x04pickle" * 9,
        lambda data: data[:-7],
        lambda data: to_safetensors(torch.nn.Linear(2, 2), {"nO": 2}),
        _header(lambda header: header.pop("char_lm")),
        _header(lambda header: header["char_lm"].update(labels="x")),
        _header(lambda header: header["char_lm"].update(labels=["x"])),
        _header(lambda header: header["sizes"].update(gates=2)),
        _header(lambda header: header["sizes"].update(gates=[4])),
        _header(lambda header: header["sizes"].update(cell="rnn_relu")),
        _header(lambda header: header["sizes"].update(cell=None)),
        _header(lambda header: header["sizes"].update(chars="x")),
        _header(lambda header: header["sizes"].update(hidden_size=12.5)),
        _header(lambda header: header["sizes"].update(order=1e999)),
        _header(lambda header: header["sizes"].update(hidden_size=13)),
        _header(lambda header: header["sizes"].update(hidden_size=10**12)),
        _header(lambda header: header["sizes"].update(other=3)),
        _header(lambda header: header["sizes"].pop("order")),
        _header(lambda header: header.update(sizes=None)),
    ],
)
def test_foreign_or_damaged_files(tmp_path: Path, damage: Callable[[bytes], bytes]) -> None:
    path = Path(write_lm(tmp_path / "lm.safetensors"))
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(ValueError, match=r"\[R202\] .*lm\.safetensors is not a language model"):
        load_lm(path)


@pytest.mark.parametrize(
    ("gates", "cell", "direct"), [(4, "lstm", True), (4, "lstm", False), (3, "gru", True), (1, "rnn_tanh", False)]
)
def test_files_of_earlier_versions(tmp_path: Path, gates: int, cell: str, direct: bool) -> None:
    """They have the number of the gates for the cell, and 1 or nothing for the direct layer."""
    path = Path(write_lm(tmp_path / "lm.safetensors", cell=cell, direct=direct))
    expected = load_lm(path).model

    def as_before(header: Dict[str, Any]) -> None:
        assert header["version"] == 3
        header["version"] = 2
        assert header["sizes"].pop("cell") == cell and header["sizes"].pop("direct") is direct
        header["sizes"].update(gates=gates, **({"direct": 1} if direct else {}))

    path.write_bytes(_header(as_before)(path.read_bytes()))
    found = load_lm(path).model
    assert found.sizes == expected.sizes and type(found.sizes["direct"]) is bool
    ids = torch.tensor([[2], [3], [4]])
    assert torch.equal(found(ids)[0], expected(ids)[0])


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="R201.*train-lm"):
        load_lm(tmp_path / "nothing.safetensors")
