"""The model of the entity recognizer: any encoder, and a conditional random field over the tokens of each piece."""

from typing import Any, Callable, Optional, Tuple

from thinc.api import Model

from ..base.checks import check_share
from ..base.entities import EntityTargets
from ..nn.crf.network import EntityCRF
from ..shim import Precision, TorchShim, in_plain_torch, shim_of, to_array
from .encoder import learn_tokens, predict_tokens
from .types import EntityInput, EntityModel, Tok2Vec


def build_ner_v1(tok2vec: Tok2Vec, dropout: Optional[float] = None, precision: Precision = "auto") -> EntityModel:
    """The model of `rnn_ner`: a conditional random field (Lafferty et al. 2001; Lample et al. 2016) over the vectors of
    tokens.

    tok2vec: any encoder, ours, spaCy's, or a listener.
    dropout: rate of the encoder's vectors; null for the rate of `training.dropout`.
    precision: "auto", "bf16" or "fp32". Scores are always summed in float32.

    Raises SettingError for a value out of range.
    """
    if dropout is not None:
        check_share("dropout", dropout)
    return Model(
        "rnn_ner",
        forward,
        init=init,
        layers=[tok2vec],
        dims={"nO": None},
        attrs={"dropout_rate": 0.0, "own_dropout": dropout},
        refs={"tok2vec": tok2vec},
        shims=[TorchShim(EntityCRF, precision=precision)],
    )


def set_labels(model: EntityModel, labels: int) -> None:
    """Build the network for so many labels. To be called before `initialize`."""
    model.set_dim("nO", labels, force=True)
    shim = shim_of(model)
    shim.resize({**(shim.sizes or {"input_size": 1}), "labels": labels})


def init(model: EntityModel, X: Any = None, Y: Any = None) -> None:
    """X: a sample of documents."""
    tok2vec = model.layers[0]
    tok2vec.initialize(X=X)
    shim = shim_of(model)
    shim.resize({**(shim.sizes or {}), "input_size": tok2vec.get_dim("nO")})
    shim.initialize()


@in_plain_torch
def forward(model: EntityModel, X: EntityInput, is_train: bool) -> Tuple[Any, Callable]:
    if not is_train or not isinstance(X.task, EntityTargets):
        device = shim_of(model).device
        found: Any = shim_of(model).predict((predict_tokens(model.layers[0], X.docs, device), X.lengths, X.task))
        return found if isinstance(found, tuple) else to_array(found), lambda d_output: []
    return learn_tokens(model, X.docs, X.lengths, X.task)
