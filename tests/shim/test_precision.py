"""The number format in which a module computes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from spacy_rnn.shim import TorchShim, resolve_precision, to_array, to_tensor
from spacy_rnn.shim.precision import has_bf16_units

CPU = torch.device("cpu")


def test_resolution() -> None:
    assert resolve_precision("fp32", CPU) is torch.float32
    assert resolve_precision("bf16", CPU) is torch.bfloat16
    assert resolve_precision("auto", CPU) is (torch.bfloat16 if has_bf16_units() else torch.float32)
    assert resolve_precision("auto", torch.device("cuda")) is torch.float32


@pytest.mark.parametrize("supported", [True, False])
def test_auto_asks_torch(monkeypatch: pytest.MonkeyPatch, supported: bool) -> None:
    monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: supported)
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: False)
    assert resolve_precision("auto", CPU) is (torch.bfloat16 if supported else torch.float32)


def test_unknown_precision_is_refused_at_once() -> None:
    with pytest.raises(ValueError, match="R001.*fp16.*auto, bf16, fp32"):
        TorchShim(nn.Identity, {}, precision="fp16")


def test_bf16_runs_in_bf16_and_gives_float32() -> None:
    """The product is rounded to bfloat16; weights, gradients and results are float32 arrays."""
    shim: Any = TorchShim(lambda: nn.Linear(3, 2), {}, precision="bf16")
    x = to_tensor(np.ones((4, 3), dtype="f"), CPU, requires_grad=True)
    assert shim.predict((x.detach(),)).dtype is torch.bfloat16
    output, backprop = shim.begin_update((x,))
    assert output.dtype is torch.bfloat16
    assert to_array(output).dtype == np.float32
    backprop(np.ones((4, 2), dtype="f"))
    assert x.grad is not None and x.grad.dtype is torch.float32
    assert shim.module.weight.dtype is shim.module.weight.grad.dtype is torch.float32


def test_arrays_and_tensors_share_memory_where_they_can() -> None:
    array = np.ones((2, 2), dtype="f")
    assert to_tensor(array, CPU).data_ptr() == array.ctypes.data
    array.flags.writeable = False
    tensor = to_tensor(array, CPU)
    tensor.add_(1)
    assert array.tolist() == [[1, 1], [1, 1]]
