"""The tagger's model: any encoder, and one linear layer for the labels of all attributes."""

from typing import Any, Callable, List, Optional, Tuple

from spacy.tokens import Doc
from thinc.api import Model, chain
from thinc.types import Floats2d

from ..base.arrays import lengths_of
from ..nn.output import LinearOutput
from ..shim import Precision, TorchShim, in_plain_torch, shim_of, to_array, to_tensor
from ..types import IntArray
from .embed.layer import run_torch_layer
from .encoder import predict_tokens
from .types import DocVectors, ScoreColumns, Tok2Vec


def build_tagger_v1(tok2vec: Tok2Vec, precision: Precision = "auto") -> Model[List[Doc], Floats2d]:
    """Documents to the scores of all labels before the softmax, (n_tokens, n_labels), the tokens of all documents
    joined. `rnn_tagger` knows which columns belong together.

    tok2vec: any encoder, ours, spaCy's, or a listener.
    precision: "auto", "bf16" or "fp32".
    """
    output: Model[List[Floats2d], Floats2d] = Model(
        "tagger_output",
        forward,
        init=init,
        dims={"nO": None, "nI": tok2vec.maybe_get_dim("nO")},
        shims=[TorchShim(LinearOutput, precision=precision)],
    )
    model: Model[List[Doc], Floats2d] = chain(tok2vec, output)
    model.name = "rnn_tagger"
    model.set_ref("tok2vec", tok2vec)
    model.set_ref("output_layer", output)
    model.attrs["predict_columns"] = predict_on_demand
    return model


def init(model: Model, X: Any = None, Y: Any = None) -> None:
    """X: a sample of the encoder's output. Y: (n_tokens, n_labels), of which the width counts."""
    if X is not None:
        model.set_dim("nI", X[0].shape[1], force=True)
    if Y is not None:
        model.set_dim("nO", Y.shape[1], force=True)
    shim = shim_of(model)
    shim.resize({"input_size": model.get_dim("nI"), "output_size": model.get_dim("nO")})
    shim.initialize()


@in_plain_torch
def forward(model: Model, X: List[Floats2d], is_train: bool) -> Tuple[Floats2d, Callable]:
    """X: (n_tokens, nI) arrays. Returns (n, nO), the tokens of all documents joined."""
    scores, backward = run_torch_layer(model, DocVectors.join(model.ops, X), is_train)
    lengths = lengths_of(X)

    def backprop(d_scores: Floats2d) -> List[Floats2d]:
        return DocVectors(backward(d_scores), lengths)

    return scores, backprop


def predict_columns(model: Model[List[Doc], Floats2d], docs: List[Doc]) -> ScoreColumns:
    """A function that gives the scores of some labels for some tokens. A model with an attribute of this name computes
    them on demand, since most tokens need a part of them only; any other model computes all scores at once."""
    if "predict_columns" in model.attrs:
        return model.attrs["predict_columns"](model, docs)
    scores = model.ops.to_numpy(model.predict(docs))
    return lambda columns, rows=None: (scores if rows is None else scores[rows])[:, columns]


@in_plain_torch
def predict_on_demand(model: Model[List[Doc], Floats2d], docs: List[Doc]) -> ScoreColumns:
    """See `predict_columns`; for the model of `build_tagger_v1`."""
    tok2vec, output = model.layers
    shim = shim_of(output)
    vectors = predict_tokens(tok2vec, docs, shim.device)

    def score(columns: slice, rows: Optional[IntArray] = None) -> Any:
        x = vectors if rows is None else vectors[to_tensor(rows, shim.device)]
        return model.ops.to_numpy(to_array(shim.predict((x, columns))))

    return score
