"""Weights to bytes and back, and files that are not what they should be."""

from __future__ import annotations

import contextlib
import json
import pickle
from functools import partial
from pathlib import Path
from typing import Any, Dict, Optional

import numpy as np
import pytest
import safetensors.torch
import torch
from hypothesis import given
from hypothesis import strategies as st

from spacy_rnn.nn.embed.chars import CharEncoder
from spacy_rnn.nn.output import LinearOutput
from spacy_rnn.shim import TorchShim
from spacy_rnn.shim.serialize import FORMAT, VERSION, read_header

SIZES = {"input_size": 3, "output_size": 2}


def make_shim(learned: int = 0) -> Any:
    shim: Any = TorchShim(partial(CharEncoder, 20, 4, 3), {}, precision="fp32")
    keys = np.arange(learned)
    shim.module.table.learn(keys, keys + 1)
    return shim


def make_head() -> Any:
    shim: Any = TorchShim(LinearOutput, SIZES, precision="fp32")
    torch.nn.init.normal_(shim.module.linear.weight)
    return shim


def state_of(shim: TorchShim) -> Dict[str, torch.Tensor]:
    return {name: tensor.clone() for name, tensor in shim.module.state_dict().items()}


def pack(tensors: Dict[str, torch.Tensor], header: Any) -> bytes:
    return safetensors.torch.save(tensors, metadata={FORMAT: json.dumps(header)})


def header(sizes: Any = SIZES, version: Any = 1) -> Dict[str, Any]:
    """As the first version wrote it, without a checksum."""
    return {"format": FORMAT, "version": version, "sizes": sizes}


def assert_refused(shim: TorchShim, data: bytes, match: str) -> None:
    """A clear ValueError, and not a single weight touched."""
    before = state_of(shim)
    with pytest.raises(ValueError, match=match):
        shim.from_bytes(data)
    after = state_of(shim)
    assert list(before) == list(after)
    assert all(torch.equal(before[name], after[name]) for name in before)


class Trap:
    """Unpickling this leaves a trace."""

    def __init__(self, path: Path):
        self.path = path

    def __reduce__(self) -> Any:
        return Path.touch, (self.path,)


@pytest.mark.parametrize("learned", [0, 5, 19])
def test_round_trip(learned: int) -> None:
    shim, other = make_shim(learned), make_shim(3)
    other.from_bytes(shim.to_bytes())
    assert other.to_bytes() == shim.to_bytes()
    keys = np.arange(25)
    np.testing.assert_array_equal(other.module.table.find(keys), shim.module.table.find(keys))


def test_sizes_travel_with_the_weights(tmp_path: Path) -> None:
    """A layer that was never initialized takes its sizes from the file."""
    shim: Any = make_head()
    empty: Any = TorchShim(LinearOutput, precision="fp32")
    shim.to_disk(tmp_path / "weights")
    empty.from_disk(tmp_path / "weights")
    assert empty.sizes == SIZES
    assert torch.equal(empty.module.linear.weight, shim.module.linear.weight)


def test_layer_without_weights_round_trips() -> None:
    empty = TorchShim(LinearOutput, precision="fp32")
    empty.from_bytes(TorchShim(LinearOutput, precision="fp32").to_bytes())
    assert empty.sizes is None
    with pytest.raises(ValueError, match="R018"):
        empty.module  # noqa: B018


@given(data=st.binary(max_size=200))
def test_foreign_bytes_are_refused(data: bytes) -> None:
    assert_refused(make_head(), data, "R003")


def test_truncated_bytes_are_refused() -> None:
    data = make_shim(5).to_bytes()
    shim = make_shim(2)
    for end in [*range(0, len(data), 97), len(data) - 1]:
        assert_refused(shim, data[:end], "R003")
    assert_refused(shim, data + b"\0", "R003")


@pytest.mark.parametrize("save", [pickle.dumps, None], ids=["pickle", "torch"])
def test_pickles_are_refused_unread(tmp_path: Path, save: Any) -> None:
    trap = tmp_path / "sprung"
    if save is None:
        torch.save({"linear.weight": Trap(trap)}, tmp_path / "weights.pt")
        data = (tmp_path / "weights.pt").read_bytes()
    else:
        data = save({"linear.weight": Trap(trap)})
    assert_refused(make_head(), data, "R003")
    assert not trap.exists()


@pytest.mark.parametrize(
    "bad",
    [
        None,
        "text",
        [],
        header(version=0),
        header(version="1"),
        header(version=2),
        header(sizes={"input_size": -3, "output_size": 2}),
        header(sizes={"input_size": "3", "output_size": 2}),
        header(sizes={"input_size": 3.0, "output_size": 2}),
        header(sizes={"input_size": None, "output_size": 2}),
        header(sizes={"input_size": [3], "output_size": 2}),
        header(sizes={"input_size": 1e999, "output_size": 2}),
        header(sizes={"input_size": 10**30, "output_size": 2}),
        header(sizes=[3, 2]),
        header(sizes={"something": 3}),
    ],
    ids=str,
)
def test_foreign_headers_are_refused(bad: Any) -> None:
    assert_refused(make_head(), pack(state_of(make_head()), bad), "R003")


def test_true_is_another_size_than_three() -> None:
    bad = header(sizes={"input_size": True, "output_size": 2})
    assert_refused(make_head(), pack(state_of(make_head()), bad), "R00[34]")


class Scaled(torch.nn.Linear):
    """A module built with more than numbers."""

    def __init__(self, size: int, mode: str, bias: bool, factor: float, name: Optional[str]):
        super().__init__(size, size, bias=bias)
        self.settings = (mode, bias, factor, name)


def test_sizes_are_any_json_scalars() -> None:
    """They come back with their types. Files whose sizes are all positive integers keep the former version."""
    sizes = {"size": 2, "mode": "ä", "bias": False, "factor": 0.5, "name": None}
    written = TorchShim(Scaled, sizes, precision="fp32").to_bytes()
    found: Any = TorchShim(Scaled, precision="fp32").from_bytes(written)
    assert found.sizes == sizes and found.module.settings == ("ä", False, 0.5, None)
    assert read_header(written)["version"] == VERSION == 3
    assert read_header(make_head().to_bytes())["version"] == 2
    assert read_header(make_shim(1).to_bytes())["version"] == 2


def test_files_of_the_first_version_are_read() -> None:
    shim = make_head()
    other = make_head()
    other.from_bytes(pack(state_of(shim), header()))
    assert torch.equal(other.module.linear.weight, shim.module.linear.weight)


def test_files_of_a_newer_version_are_refused() -> None:
    assert_refused(make_head(), pack(state_of(make_head()), header(version=VERSION + 1)), "R180.*update")


def test_every_changed_bit_is_noticed() -> None:
    """In the header or in the numbers: what is read is what was written, or nothing."""
    shim, other = make_shim(3), make_shim(1)
    written = shim.to_bytes()
    refused = 0
    for place in range(0, len(written), 7):
        flipped = bytearray(written)
        flipped[place] ^= 1 << (place % 8)
        with contextlib.suppress(ValueError):
            other.from_bytes(bytes(flipped))
            assert other.to_bytes() == written  # a blank between two entries of the header
            continue
        refused += 1
    assert refused > 0.95 * len(written) / 7


def test_safetensors_of_others_are_refused() -> None:
    assert_refused(make_head(), safetensors.torch.save(state_of(make_head())), "R003")


@pytest.mark.parametrize("make", [make_head, partial(make_shim, 4)], ids=["head", "chars"])
@given(data=st.data())
def test_wrong_tensors_are_refused(make: Any, data: st.DataObject) -> None:
    """One tensor left out, renamed, added, or of another shape."""
    shim = make()
    state = state_of(shim)
    name = data.draw(st.sampled_from(sorted(state)))
    change = data.draw(st.sampled_from(["leave out", "rename", "add", "longer", "deeper"]))
    tensor = state[name]
    if change in ("leave out", "rename"):
        del state[name]
    if change in ("rename", "add"):
        state[name + "_"] = tensor.clone()
    if change == "longer":
        state[name] = torch.cat([tensor, tensor[:1]])
    if change == "deeper":
        state[name] = tensor.unsqueeze(-1)
    assert_refused(make(), pack(state, header(sizes=shim.sizes)), "R00[34]")


def test_message_says_what_does_not_fit() -> None:
    wider = TorchShim(partial(CharEncoder, 20, 4, 5), {}, precision="fp32")
    assert_refused(make_shim(), wider.to_bytes(), r"R004.*CharEncoder.*size mismatch.*config")


@pytest.mark.parametrize("size", [10**7, 10**12])
def test_layer_that_fits_into_no_memory(size: int) -> None:
    with pytest.raises(ValueError, match="R185"):
        TorchShim(LinearOutput, {"input_size": size, "output_size": size}, precision="fp32")


def test_absurd_sizes_are_refused() -> None:
    """A header that asks for more memory than there is."""
    for size in (10**12, 50_000):
        huge = header(sizes={"input_size": size, "output_size": size})
        assert_refused(make_head(), pack(state_of(make_head()), huge), "R00[34]")
