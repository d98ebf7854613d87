"""The models of the entity recognizer and of the span categorizer: any encoder, and a network over the tokens of each
piece of a document."""

from functools import partial
from typing import Any, Callable, Optional, Tuple

from thinc.api import Model

from ..base.checks import check_at_least, check_share
from ..base.entities import EntityTargets
from ..base.spans import SpanTargets
from ..nn.crf.network import EntityCRF
from ..nn.parsing.spans import BiaffineSpans
from ..shim import Precision, TorchShim, in_plain_torch, shim_of, to_array
from .encoder import learn_tokens, predict_tokens
from .types import EntityModel, PieceInput, SpanModel, Tok2Vec


def build_ner_v1(tok2vec: Tok2Vec, dropout: Optional[float] = None, precision: Precision = "auto") -> EntityModel:
    """The model of `rnn_ner`: a conditional random field (Lafferty et al. 2001; Lample et al. 2016) over the vectors of
    tokens.

    tok2vec: any encoder, ours, spaCy's, or a listener.
    dropout: rate of the encoder's vectors; null for the rate of `training.dropout`.
    precision: "auto", "bf16" or "fp32". Scores are always summed in float32.

    Raises SettingError for a value out of range.
    """
    return _build("rnn_ner", tok2vec, EntityCRF, dropout, precision)


def build_spancat_v1(
    tok2vec: Tok2Vec, edge_width: int = 128, dropout: Optional[float] = None, precision: Precision = "auto"
) -> SpanModel:
    """The model of `rnn_spancat`: biaffine scores of all spans (Yu, Bohnet & Poesio 2020) over the vectors of tokens.

    tok2vec: any encoder, ours, spaCy's, or a listener.
    edge_width: of the vectors that say what a token is as the first and as the last one of a span.
    dropout: rate of these vectors; null for the rate of `training.dropout`.
    precision: "auto", "bf16" or "fp32". Scores are always summed in float32.

    Raises SettingError for a value out of range.
    """
    check_at_least("edge_width", edge_width, 1)
    return _build("rnn_spancat", tok2vec, partial(BiaffineSpans, edge_size=edge_width), dropout, precision)


def _build(
    name: str, tok2vec: Tok2Vec, network: Callable, dropout: Optional[float], precision: Precision
) -> Model[PieceInput, Any]:
    if dropout is not None:
        check_share("dropout", dropout)
    return Model(
        name,
        forward,
        init=init,
        layers=[tok2vec],
        dims={"nO": None},
        attrs={"dropout_rate": 0.0, "own_dropout": dropout},
        refs={"tok2vec": tok2vec},
        shims=[TorchShim(network, precision=precision)],
    )


def set_labels(model: Model[PieceInput, Any], labels: int) -> None:
    """Build the network for so many labels. To be called before `initialize`."""
    model.set_dim("nO", labels, force=True)
    shim = shim_of(model)
    shim.resize({**(shim.sizes or {"input_size": 1}), "labels": labels})


def init(model: Model[PieceInput, Any], X: Any = None, Y: Any = None) -> None:
    """X: a sample of documents."""
    tok2vec = model.layers[0]
    tok2vec.initialize(X=X)
    shim = shim_of(model)
    shim.resize({**(shim.sizes or {}), "input_size": tok2vec.get_dim("nO")})
    shim.initialize()


@in_plain_torch
def forward(model: Model[PieceInput, Any], X: PieceInput, is_train: bool) -> Tuple[Any, Callable]:
    if not is_train or not isinstance(X.task, (EntityTargets, SpanTargets)):
        device = shim_of(model).device
        found: Any = shim_of(model).predict((predict_tokens(model.layers[0], X.docs, device), X.lengths, X.task))
        return found if isinstance(found, tuple) else to_array(found), lambda d_output: []
    return learn_tokens(model, X.docs, X.lengths, X.task)
