"""A language model's file: it comes back, and nothing else is taken for one."""

import json
from pathlib import Path
from typing import Any, Callable, Dict

import pytest
import safetensors.torch
import torch

from spacy_rnn.models.char_lm_file import load_lm
from spacy_rnn.shim.serialize import checksum, to_safetensors

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
        size = int.from_bytes(data[:8], "little")
        header = json.loads(json.loads(data[8 : 8 + size])["__metadata__"]["spacy-rnn"])
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


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="R201.*train-lm"):
        load_lm(tmp_path / "nothing.safetensors")
