"""Encoder and decoder as Thinc models: of words to lemmas, and of texts to texts."""

from functools import partial
from typing import Any, Callable, Dict, List, Literal, Optional, Tuple

import numpy as np
import torch
from thinc.api import Model

from ..base.checks import check_at_least, check_choice, check_share, direction_width
from ..errors import Errors, SettingError
from ..nn.attention import ATTENTIONS, AttentionKind
from ..nn.layout import lay_out
from ..nn.rnn import CELLS, Cell
from ..nn.seq2seq.net import Found, Search, Seq2Seq, Sources, Targets
from ..shim import Precision, TorchShim, gradient_of, shim_of, to_array, to_tensor, torch_layer
from .types import DocVectors, SequenceBatch, Tok2Vec

Unit = Literal["char", "word"]
UNITS = ("char", "word")
DECISIONS = 5
"""The decisions about a word, see `spacy_rnn.pipeline.lemmatizer.forms`."""

SequenceModel = Model[SequenceBatch, Any]
"""Training: (n, 2) float32, the logarithms of the probabilities of targets and of decisions. Otherwise: `Found`."""


def build_lemmatizer_v1(
    width: int = 64,
    hidden: int = 192,
    cell: Cell = "lstm",
    depth: int = 1,
    attention: AttentionKind = "dot",
    copying: bool = True,
    scheduled_sampling: float = 0.0,
    dropout: Optional[float] = None,
    precision: Precision = "auto",
    tok2vec: Optional[Tok2Vec] = None,
) -> SequenceModel:
    """The network of `rnn_lemmatizer`: the characters of a word, with its tags, to those of its lemma, and a decision
    whether that has to be spelled out at all.

    width: of a character's vector.
    hidden: of the decoder, and of both directions of the encoder together.
    cell: "lstm", "gru", "rnn_tanh", "rnn_relu" or "rnn_sigmoid".
    depth: recurrent layers, of the encoder and of the decoder.
    attention: "dot" (Luong et al. 2015), "additive" (Bahdanau et al. 2015) or "none".
    copying: characters can be copied, also those that training never showed (See et al. 2017); needs attention.
    scheduled_sampling: the share of characters that the decoder reads, in training, as it would have written them
        (Bengio et al. 2015).
    dropout: rate; null takes that of `training.dropout`.
    precision: "auto", "bf16" or "fp32".
    tok2vec: any encoder of documents, or a listener, whose vector of a word where it stands is known of each of its
        characters; null to look at nothing but the word and its tags.
    """
    model = _build(
        "lemmatizer", width, hidden, cell, depth, attention, copying, scheduled_sampling, dropout, precision,
        marks=2, decisions=DECISIONS,
    )  # fmt: skip
    if tok2vec is not None:
        model.layers.append(tok2vec)
        model.set_ref("tok2vec", tok2vec)
    return model


def build_transducer_v1(
    unit: Unit = "char",
    width: int = 128,
    hidden: int = 256,
    cell: Cell = "lstm",
    depth: int = 1,
    attention: AttentionKind = "dot",
    copying: bool = True,
    scheduled_sampling: float = 0.0,
    dropout: Optional[float] = None,
    precision: Precision = "auto",
) -> SequenceModel:
    """The network of `rnn_transducer`: a text to another.

    unit: read and write "char" or "word".
    The other settings are those of "spacy-rnn.Lemmatizer.v1", for units instead of characters.
    """
    check_choice("unit", unit, UNITS)
    model = _build("transducer", width, hidden, cell, depth, attention, copying, scheduled_sampling, dropout, precision)
    model.attrs["unit"] = unit
    return model


def _build(
    name: str,
    width: int,
    hidden: int,
    cell: str,
    depth: int,
    attention: str,
    copying: bool,
    sampling: float,
    dropout: Optional[float],
    precision: Precision,
    **settings: int,
) -> SequenceModel:
    check_at_least("width", width, 1)
    direction_width(hidden, bidirectional=True)
    check_choice("cell", cell, CELLS)
    check_at_least("depth", depth, 1)
    check_choice("attention", attention, ATTENTIONS)
    if copying and attention == "none":
        raise SettingError(Errors.R170)
    check_share("scheduled_sampling", sampling)
    if dropout is not None:
        check_share("dropout", dropout)
    build = partial(
        Seq2Seq,
        width=width,
        hidden_size=hidden,
        cell=cell,
        depth=depth,
        attention=attention,
        copy=copying,
        sampling=sampling,
        **settings,
    )
    return Model(
        name,
        forward,
        init=init,
        attrs={"dropout_rate": 0.0, "own_dropout": dropout},
        shims=[TorchShim(build, precision=precision)],
    )


def set_sizes(model: SequenceModel, sizes: Dict[str, int]) -> None:
    """Make the network for these numbers of "sources", "targets" and "features", see `Seq2Seq`; to be called before
    `initialize`."""
    shim_of(model).resize(sizes)


def init(model: SequenceModel, X: Optional[SequenceBatch] = None, Y: Any = None) -> None:
    """X: a sample with its places, for a network that looks at them."""
    shim = shim_of(model)
    if reads_context(model):
        tok2vec = model.get_ref("tok2vec")
        tok2vec.initialize(X=None if X is None or X.places is None else X.places.docs)
        shim.resize({**(shim.sizes or {}), "context": tok2vec.get_dim("nO")})
    shim.initialize()


def reads_context(model: SequenceModel) -> bool:
    """Whether the network looks at what surrounds a word."""
    return model.has_ref("tok2vec") is True


def weights_version(model: SequenceModel) -> Tuple[int, int, str]:
    """Changes whenever the weights may have changed."""
    return shim_of(model).version


def forward(model: Model, X: SequenceBatch, is_train: bool) -> Tuple[Any, Callable]:
    if model.attrs["own_dropout"] is not None:
        model.attrs["dropout_rate"] = model.attrs["own_dropout"]
    shim, _ = torch_layer(model)
    device = shim.device

    def tensor(array: Any) -> torch.Tensor:
        return torch.from_numpy(np.asarray(array, dtype=np.int64)).to(device)

    n = len(X.lengths)
    context, backprop_context = _context(model, X, is_train)
    sources = Sources(
        symbols=tensor(X.symbols),
        marks=tensor(np.zeros_like(X.symbols) if X.marks is None else X.marks),
        copies=tensor(X.copies),
        features=tensor(np.zeros((n, 1)) if X.features is None else X.features),
        blocks=list(lay_out(X.lengths, device=device)),
        n_extended=X.n_extended,
        context=context,
    )
    if X.targets is None or X.target_lengths is None:
        limits = X.lengths if X.limits is None else X.limits
        search = Search(tensor(limits), X.beams, X.length_penalty, tuple(X.decoded))
        found: Any = shim.predict((sources, search))
        assert isinstance(found, Found)
        return found, _no_backprop
    decisions = np.zeros(n) if X.decisions is None else X.decisions
    targets = Targets(tensor(X.targets), tensor(X.target_lengths), tensor(decisions))
    if not is_train:
        return to_array(shim.predict((sources, targets))), _no_backprop
    output, backward = shim.begin_update((sources, targets))

    def backprop(d_output: Any) -> List:
        backward(d_output)
        backprop_context()
        return []

    return to_array(output), backprop


def _context(model: Model, X: SequenceBatch, is_train: bool) -> Tuple[Optional[torch.Tensor], Callable[[], None]]:
    """The vectors of the places where words stand, (n, context), and a callback that hands their gradient on."""
    if not reads_context(model) or X.places is None:
        return None, lambda: None
    docs, tokens = X.places
    vectors, backprop = model.get_ref("tok2vec")(docs, is_train)
    joined = DocVectors.join(model.ops, vectors)
    rows = torch.from_numpy(tokens).to(shim_of(model).device)
    whole = to_tensor(joined, rows.device, requires_grad=is_train)

    def finish() -> None:
        backprop(DocVectors(gradient_of(whole), np.array(list(map(len, docs)), dtype=np.int64)))

    return whole[rows], finish


def _no_backprop(d_output: Any) -> List:
    return []
