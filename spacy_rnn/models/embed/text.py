"""The characters of whole texts, for encoders that read characters instead of tokens."""

from functools import partial
from typing import Any, Callable, List, Literal, Tuple

import numpy as np
import torch
from spacy.attrs import IDX
from spacy.tokens import Doc
from thinc.api import Model

from ...base.arrays import lengths_of
from ...base.checks import check_at_least, check_choice, check_share
from ...nn.embed.tables import GrowingEmbedding
from ...shim import Precision, TorchShim, in_plain_torch, torch_layer
from ...types import IntArray
from ..types import WordEncoder, WordVectors
from .layer import init_torch_layer, run_torch_feature

Unit = Literal["char", "byte"]
UNITS = ("char", "byte")
_CODES = {"char": ("utf-32-le", np.uint32), "byte": ("utf-8", np.uint8)}


def build_text_embed_v1(
    unit: Unit = "char",
    width: int = 64,
    rows: int = 5000,
    char_dropout: float = 0.01,
    precision: Precision = "auto",
) -> WordEncoder:
    """A learned vector for each character of a text, blanks included: `embed` of "spacy-rnn.RNNEncoder.v1" for a
    network that reads a text as one sequence of characters. For "spacy-rnn.TextCat.v2"; other components expect a
    vector for each token.

    unit: "char" (Unicode characters) or "byte" (of UTF-8, which leaves no character unknown).
    width: of a vector.
    rows: the number of characters with a vector of their own, in the order in which training meets them; all others
        share one.
    char_dropout: the share of characters that training replaces by the unknown one, so that its vector is learned.
    precision: "auto", "bf16" or "fp32".

    Raises SettingError for values out of range.
    """
    check_choice("unit", unit, UNITS)
    check_at_least("width", width, 1)
    check_at_least("rows", rows, 2)
    check_share("char_dropout", char_dropout)
    return Model(
        "text_embed",
        forward,
        init=init_torch_layer,
        shims=[TorchShim(partial(GrowingEmbedding, rows, width), {}, precision=precision)],
        dims={"nO": width},
        attrs={"dropout_rate": 0.0, "unit": unit, "char_dropout": char_dropout},
    )


def text_units(text: str, unit: str) -> IntArray:
    """The code points or bytes of a text, (n_units,)."""
    encoding, dtype = _CODES[unit]
    return np.frombuffer(text.encode(encoding, errors="surrogatepass"), dtype=dtype).astype(np.int64)


def text_length(text: str, unit: str) -> int:
    """The number of code points or bytes of a text."""
    return len(text) if unit == "char" else len(text.encode("utf8", errors="surrogatepass"))


def token_sizes(doc: Doc, unit: str) -> IntArray:
    """The number of units of each token and the blank after it, (n_tokens,)."""
    if unit == "char":
        return np.diff(doc.to_array(IDX).astype(np.int64), append=len(doc.text))
    return np.array([text_length(token.text_with_ws, unit) for token in doc], dtype=np.int64)


@in_plain_torch
def forward(model: Model, docs: List[Doc], is_train: bool) -> Tuple[WordVectors, Callable]:
    shim, module = torch_layer(model)
    assert isinstance(module, GrowingEmbedding)
    units = [text_units(doc.text, model.attrs["unit"]) for doc in docs]
    lengths = lengths_of(units)
    distinct, inverse, counts = np.unique(np.concatenate(units), return_inverse=True, return_counts=True)
    if is_train:
        module.learn(distinct, counts)
    # The unknown character comes first, in place of those that are dropped.
    rows = torch.from_numpy(np.concatenate([[0], module.find(distinct)])).to(shim.device)
    index = inverse.reshape(-1) + 1
    if is_train and model.attrs["char_dropout"]:
        index = np.where(torch.rand(len(index), dtype=torch.float32).numpy() < model.attrs["char_dropout"], 0, index)
    vectors, backward = run_torch_feature(shim, (rows,), is_train)

    def backprop(d_vectors: Any) -> List[Doc]:
        backward(d_vectors)
        return []

    return WordVectors(vectors, index, lengths), backprop
