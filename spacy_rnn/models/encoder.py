"""The word-level recurrent network, and the encoder made of word features and it."""

from functools import partial
from typing import Any, Callable, Iterator, List, Optional, Tuple

import numpy as np
import torch
from spacy.tokens import Doc
from thinc.api import Model, chain
from thinc.types import Floats2d
from torch import Tensor

from ..base.checks import MAX_DEPTH, check_at_least, check_between, check_choice, check_share, direction_width
from ..nn.layout import cut_runs, cut_windows, lay_out, lay_out_windows
from ..nn.rnn import CELLS, RNN, Cell
from ..shim import Precision, TorchShim, gradient_of, shim_of, to_array, to_tensor, torch_layer
from ..types import IntArray
from .types import DocVectors, SequenceEncoder, Tok2Vec, WordEncoder, WordVectors

RNN_LAYER = "rnn"


def build_rnn_v1(
    width: int = 256,
    depth: int = 1,
    cell: Cell = "lstm",
    bidirectional: bool = True,
    dropout: Optional[float] = None,
    variational: bool = True,
    token_dropout: float = 0.0,
    residual: bool = False,
    layer_norm: bool = False,
    learn_initial_state: bool = False,
    window: int = 512,
    context: int = 32,
    precision: Precision = "auto",
) -> SequenceEncoder:
    """Recurrent layers over the words of a document. Reads what "spacy-rnn.WordFeatures.v1"
    gives, or a list of arrays, so it also serves as `encode` of "spacy.Tok2Vec.v2".

    width: of the output, both directions together.
    depth: recurrent layers.
    cell: "lstm", "gru", "rnn_tanh", "rnn_relu" or "rnn_sigmoid".
    bidirectional: two directions with separate weights, each half as wide as the output.
    dropout: rate between and around the layers; null takes the rate of `training.dropout`.
    variational: drop the same units at all words of a document.
    token_dropout: share of words of which the network sees nothing in training.
    residual: add each layer's input to its output where the widths agree.
    layer_norm: normalise the output of each layer.
    learn_initial_state: start from a learned state instead of zeros.
    window, context: a document of more than `window` tokens is read in pieces of that many,
        each overlapping its neighbours by `context` tokens on both sides that count for
        reading only.
    precision: "auto", "bf16" or "fp32".
    """
    check_choice("cell", cell, CELLS)
    check_between("depth", depth, 1, MAX_DEPTH)
    check_at_least("context", context, 0)
    check_at_least("window", window, 2 * context + 1)
    check_share("token_dropout", token_dropout)
    if dropout is not None:
        check_share("dropout", dropout)
    hidden = direction_width(width, bidirectional)
    build = partial(
        RNN,
        hidden_size=hidden,
        cell=cell,
        depth=depth,
        bidirectional=bidirectional,
        variational=variational,
        residual=residual,
        layer_norm=layer_norm,
        learn_initial_state=learn_initial_state,
        token_dropout=token_dropout,
    )
    return Model(
        RNN_LAYER,
        forward,
        init=init,
        dims={"nO": width, "nI": None},
        attrs={"dropout_rate": 0.0, "own_dropout": dropout, "window": window, "context": context},
        shims=[TorchShim(build, precision=precision)],
    )


def init(model: Model, X: Any = None, Y: Any = None) -> None:
    if X is not None:
        vectors = X.vectors if isinstance(X, WordVectors) else X[0]
        model.set_dim("nI", vectors.shape[1], force=True)
    shim = shim_of(model)
    shim.resize({"input_size": model.get_dim("nI")})
    shim.initialize()


def forward(model: Model, X: Any, is_train: bool) -> Tuple[List[Floats2d], Callable]:
    shim, inputs, lengths = _prepare(model, X, is_train)
    if not is_train:
        return DocVectors(to_array(shim.predict(inputs)), lengths), _no_backprop
    output, backward = shim.begin_update(inputs)

    def backprop(d_outputs: List[Floats2d]) -> Any:
        backward(DocVectors.join(model.ops, d_outputs))
        d_vectors = gradient_of(inputs[0])
        return d_vectors if isinstance(X, WordVectors) else DocVectors(d_vectors, lengths)

    return DocVectors(to_array(output), lengths), backprop


def _prepare(model: Model, X: Any, is_train: bool) -> Tuple[TorchShim, Tuple[Any, ...], IntArray]:
    """The shim, what its module is called with, and the lengths of the documents."""
    if model.attrs["own_dropout"] is not None:
        model.attrs["dropout_rate"] = model.attrs["own_dropout"]
    shim, _ = torch_layer(model)
    if isinstance(X, WordVectors):
        vectors, index, lengths = X.vectors, torch.from_numpy(X.index).to(shim.device), X.lengths
    else:
        vectors, index, lengths = DocVectors.join(model.ops, X), None, np.array(list(map(len, X)), dtype=np.int64)
    blocks = lay_out(lengths, window=model.attrs["window"], context=model.attrs["context"], device=shim.device)
    return shim, (to_tensor(vectors, shim.device, requires_grad=is_train), blocks, index), lengths


def _no_backprop(d_outputs: Any) -> Any:
    return d_outputs


def is_own_encoder(tok2vec: Tok2Vec) -> bool:
    return bool(tok2vec.has_ref("encode")) and tok2vec.get_ref("encode").name == RNN_LAYER


def predict_tokens(tok2vec: Tok2Vec, docs: List[Doc], device: torch.device) -> Tensor:
    """The vectors of the tokens of all documents, (n_tokens, nO). Those of our own encoder come
    in the type they were computed in, without the copies that arrays of Thinc need."""
    if is_own_encoder(tok2vec):
        shim, inputs, _ = _prepare(tok2vec.get_ref("encode"), tok2vec.get_ref("embed").predict(docs), False)
        return shim.predict(inputs)
    return to_tensor(DocVectors.join(tok2vec.ops, tok2vec.predict(docs)), device)


def predict_runs(tok2vec: Tok2Vec, docs: List[Doc], device: torch.device, most: int) -> Iterator[Tensor]:
    """The same in order, about `most` tokens at a time where the encoder is our own, so that the vectors of a long
    document need not be in memory together. Each is (n, nO)."""
    if not is_own_encoder(tok2vec):
        yield predict_tokens(tok2vec, docs, device)
        return
    model = tok2vec.get_ref("encode")
    words: WordVectors = tok2vec.get_ref("embed").predict(docs)
    shim, _ = torch_layer(model)
    vectors = to_tensor(words.vectors, shim.device)
    windows = cut_windows(words.lengths, model.attrs["window"], model.attrs["context"])
    for run in cut_runs(windows, most):
        index = torch.from_numpy(words.index[run.rows]).to(shim.device)
        yield shim.predict((vectors, lay_out_windows(run.windows, device=shim.device), index))[run.kept]


def build_rnn_encoder_v1(embed: WordEncoder, encode: SequenceEncoder) -> Tok2Vec:
    """Word features, then a recurrent network: an ordinary tok2vec architecture.

    embed: "spacy-rnn.WordFeatures.v1".
    encode: "spacy-rnn.RNN.v1".
    """
    model: Model[List[Doc], List[Floats2d]] = chain(embed, encode)
    model.name = "rnn_encoder"
    model.set_ref("embed", embed)
    model.set_ref("encode", encode)
    return model
