"""Known vectors: a linear map, a learned vector for those that are missing, and learned differences."""

from typing import Any

import torch
from torch import Tensor
from torch.autograd import gradcheck

from spacy_rnn.nn import KnownVectors

N, WIDTH = 6, 4


def module(**settings: Any) -> KnownVectors:
    torch.manual_seed(0)
    made = KnownVectors(WIDTH, 3, **settings)
    for parameter in made.parameters():
        torch.nn.init.normal_(parameter)
    made.scale.fill_(0.5)
    return made


def inputs() -> Any:
    torch.manual_seed(1)
    return torch.randn(N, WIDTH), torch.tensor([1, 0, 1, 1, 0, 1]), torch.tensor([2, 0, 1, 0, 0, 2])


def plainly(known: KnownVectors, vectors: Tensor, found: Tensor, rows: Tensor) -> Tensor:
    """Word by word."""
    outputs = []
    for vector, is_known, row in zip(vectors, found.tolist(), rows.tolist()):
        read = vector * known.scale if is_known else known.unknown
        if row and is_known and known.differences is not None:
            read = read + 0.1 * known.differences.weight[row]
        outputs.append(known.linear.weight @ read + known.linear.bias)
    return torch.stack(outputs)


def test_outputs_and_gradients_are_those_of_plain_torch() -> None:
    known = module(rows=5)
    weights = torch.randn(N, 3)
    found = []
    for run in (known, lambda *args: plainly(known, *args)):
        known.zero_grad()
        output = run(*inputs())
        (output * weights).sum().backward()
        found.append((output.detach(), *(parameter.grad.to_dense() for parameter in known.parameters())))  # type: ignore[union-attr]
    for ours, plain in zip(*found):
        torch.testing.assert_close(ours, plain)
    assert known.differences is not None
    assert not known.differences.weight.grad[[0, 3, 4]].any()  # type: ignore[index]


def test_gradients_are_finite_differences() -> None:
    known = module(rows=5).double()
    assert known.differences is not None
    known.differences.sparse = False
    vectors, found, rows = inputs()
    names, values = zip(*known.named_parameters())

    def call(*parameters: Tensor) -> Tensor:
        named = dict(zip(names, parameters))
        return torch.func.functional_call(known, named, (vectors.double(), found, rows))

    assert gradcheck(call, values)


def test_a_new_table_of_differences_changes_nothing() -> None:
    plain, trainable = KnownVectors(WIDTH, 3), KnownVectors(WIDTH, 3, rows=5)
    trainable.load_state_dict(plain.state_dict(), strict=False)
    assert torch.equal(plain(*inputs()), trainable(*inputs()))


def test_hidden_vectors_are_those_of_missing_words() -> None:
    """In training only, each with its probability."""
    known = module(rows=5, dropout=0.3)
    vectors, found, rows = torch.randn(4000, WIDTH), torch.ones(4000, dtype=torch.int64), torch.ones(4000).long()
    missing = known.linear(known.unknown)
    hidden = (known(vectors, found, rows) - missing).abs().amax(dim=1) < 1e-6
    assert 0.27 < hidden.float().mean() < 0.33
    assert not ((known.eval()(vectors, found, rows) - missing).abs().amax(dim=1) < 1e-6).any()
