"""The recurrent network over words, and the encoder that consists of word features and this network."""

from functools import partial
from typing import Any, Callable, Iterator, List, Optional, Tuple

import torch
from spacy.tokens import Doc
from thinc.api import Model, chain
from thinc.types import Floats2d
from torch import Tensor

from ..base.arrays import lengths_of
from ..base.checks import MAX_DEPTH, check_at_least, check_between, check_choice, check_share, direction_width
from ..nn.layout import cut_runs, cut_windows, lay_out, lay_out_windows
from ..nn.rnn import CELLS, RNN, Cell
from ..shim import Precision, TorchShim, gradient_of, in_plain_torch, shim_of, to_array, to_tensor, torch_layer
from ..types import IntArray
from .types import DocVectors, SequenceEncoder, Tok2Vec, WordEncoder, WordVectors


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
    """Recurrent layers over the words of a document. They read the output of "spacy-rnn.WordFeatures.v1" or a list of
    arrays, so they also serve as `encode` of "spacy.Tok2Vec.v2".

    width: of the output, both directions together.
    depth: the number of layers.
    cell: "lstm", "gru", "rnn_tanh", "rnn_relu" or "rnn_sigmoid".
    bidirectional: read in two directions with separate weights, each half as wide as the output.
    dropout: rate between and around the layers; null for the rate of `training.dropout`.
    variational: drop the same units at all words of a document.
    token_dropout: the share of words that are hidden from the network in training.
    residual: add each layer's input to its output where the widths agree.
    layer_norm: normalize the output of each layer.
    learn_initial_state: start from a learned state instead of zeros.
    window, context: a longer document than `window` tokens is read in pieces of that length, which overlap by `context`
        tokens on each side; the outputs of these are discarded.
    precision: "auto", "bf16" or "fp32".

    Raises SettingError for values out of range.
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
        "rnn",
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


@in_plain_torch
def forward(model: Model, X: Any, is_train: bool) -> Tuple[List[Floats2d], Callable]:
    """X: `WordVectors`, or a list of (n_tokens, nI) arrays. Returns a list of (n_tokens, nO) arrays."""
    shim, x, index, lengths = _inputs(model, X, is_train)
    blocks = lay_out(lengths, window=model.attrs["window"], context=model.attrs["context"], device=shim.device)
    if not is_train:
        return DocVectors(to_array(shim.predict((x, blocks, index))), lengths), _no_backprop
    output, backward = shim.begin_update((x, blocks, index))

    def backprop(d_outputs: List[Floats2d]) -> Any:
        backward(DocVectors.join(model.ops, d_outputs))
        d_vectors = gradient_of(x)
        return d_vectors if isinstance(X, WordVectors) else DocVectors(d_vectors, lengths)

    return DocVectors(to_array(output), lengths), backprop


def _inputs(model: Model, X: Any, is_train: bool) -> Tuple[TorchShim, Tensor, Optional[Tensor], IntArray]:
    """The shim, the input vectors, the row of each token among them (None where they are in the tokens' order), and the
    lengths of the documents."""
    shim, _ = layer_with_dropout(model)
    if isinstance(X, WordVectors):
        vectors, index, lengths = X.vectors, torch.from_numpy(X.index).to(shim.device), X.lengths
    else:
        vectors, index, lengths = DocVectors.join(model.ops, X), None, lengths_of(X)
    return shim, to_tensor(vectors, shim.device, requires_grad=is_train), index, lengths


def layer_with_dropout(model: Model) -> Tuple[TorchShim, Any]:
    """As `torch_layer`, but with the dropout rate of the config, if it has one, in place of training's."""
    if model.attrs["own_dropout"] is not None:
        model.attrs["dropout_rate"] = model.attrs["own_dropout"]
    return torch_layer(model)


def _no_backprop(d_outputs: Any) -> Any:
    return d_outputs


def build_rnn_encoder_v1(embed: WordEncoder, encode: SequenceEncoder) -> Tok2Vec:
    """Word features and a recurrent network over them: a tok2vec architecture for any component.

    embed: "spacy-rnn.WordFeatures.v1".
    encode: "spacy-rnn.RNN.v1".
    """
    model: Model[List[Doc], List[Floats2d]] = chain(embed, encode)
    model.name = "rnn_encoder"
    if embed.has_dim("nO") and encode.has_dim("nI") is None:
        encode.set_dim("nI", embed.get_dim("nO"))  # so that it can be initialized without a sample
    model.set_ref("embed", embed)
    model.set_ref("encode", encode)
    model.attrs["predict_runs"] = encoder_runs
    return model


def predict_runs(
    tok2vec: Tok2Vec, docs: List[Doc], device: torch.device, most: Optional[int] = None
) -> Iterator[Tensor]:
    """The vectors of the tokens of all documents in order, as (n, nO) tensors. An encoder with an attribute of this
    name is read by it: ours gives tensors in the type that they are computed in, and copies none to arrays of Thinc.

    most: about how many tokens a tensor of our encoder has, so that the vectors of a long document need not be in
        memory together; None for all.
    """
    if "predict_runs" in tok2vec.attrs:
        yield from tok2vec.attrs["predict_runs"](tok2vec, docs, most)
    elif any(map(len, docs)):
        yield to_tensor(DocVectors.join(tok2vec.ops, tok2vec.predict(docs)), device)
    else:  # which some encoders of spaCy's do not take
        yield torch.zeros(0, tok2vec.get_dim("nO"), dtype=torch.float32, device=device)


def predict_tokens(tok2vec: Tok2Vec, docs: List[Doc], device: torch.device) -> Tensor:
    """The vectors of the tokens of all documents, (n_tokens, nO)."""
    return next(predict_runs(tok2vec, docs, device))


def encoder_runs(tok2vec: Tok2Vec, docs: List[Doc], most: Optional[int]) -> Iterator[Tensor]:
    """See `predict_runs`; for the model of `build_rnn_encoder_v1`."""
    embed, encode = tok2vec.layers
    shim, x, index, lengths = _inputs(encode, embed.predict(docs), False)
    windows = cut_windows(lengths, encode.attrs["window"], encode.attrs["context"])
    if most is None:
        yield shim.predict((x, lay_out_windows(windows, device=shim.device), index))
        return
    for run in cut_runs(windows, most):
        rows, own = (x[run.rows], None) if index is None else (x, index[run.rows])
        yield shim.predict((rows, lay_out_windows(run.windows, device=shim.device), own))[run.kept]


def learn_tokens(model: Model, docs: List[Doc], *rest: Any) -> Tuple[Any, Callable]:
    """One step of training of a model whose only layer is an encoder. rest: what its network is called with after the
    vectors of the tokens of all documents joined."""
    shim, _ = layer_with_dropout(model)
    vectors, backprop_vectors = model.layers[0](docs, True)
    x = to_tensor(DocVectors.join(model.ops, vectors), shim.device, requires_grad=True)
    output, backward = shim.begin_update((x, *rest))
    lengths = lengths_of(docs)

    def backprop(d_output: Any) -> Any:
        backward(d_output)
        return backprop_vectors(DocVectors(gradient_of(x), lengths))

    return to_array(output), backprop
