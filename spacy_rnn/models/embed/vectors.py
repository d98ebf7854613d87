"""Word vectors of the vocabulary as a feature of a word."""

from functools import partial
from typing import Any, Callable, List, Tuple, cast

import numpy as np
import torch
from spacy.vectors import Mode, Vectors
from thinc.api import Model, glorot_uniform_init, to_numpy
from thinc.types import Floats2d

from ...base.checks import check_at_least, check_share
from ...errors import Errors, SettingError
from ...nn.embed.vectors import KnownVectors
from ...shim import Precision, TorchShim, in_plain_torch, shim_of, torch_layer
from ..types import WordFeature, WordTypes
from .layer import run_torch_feature
from .table import find_vectors, known_words


def build_static_vectors_v1(width: int = 64) -> WordFeature:
    """A learned linear map of the vocabulary's word vectors, or of zeros for a word without a vector. The table may be
    one of words or of n-grams (floret), and have another attribute than the form as its key.

    width: of the output.

    Raises SettingError if it is initialized or called with a vocabulary without vectors, or with vectors of another
    width.
    """
    check_at_least("width", width, 1)
    return Model(
        "static_vectors",
        vectors_forward,
        init=vectors_init,
        params={"W": None},
        dims={"nO": width, "nI": None},
    )


def vectors_init(model: Model, X: Any = None, Y: Any = None) -> None:
    if X is None or X.vocab.vectors.shape[1] == 0:
        raise SettingError(Errors.R009)
    model.set_dim("nI", X.vocab.vectors.shape[1], force=True)
    W = model.ops.alloc2f(model.get_dim("nO"), model.get_dim("nI"))
    model.set_param("W", glorot_uniform_init(model.ops, W.shape))


def vectors_forward(model: Model, X: WordTypes, is_train: bool) -> Tuple[Floats2d, Callable]:
    if X.vocab.vectors.shape[1] != model.get_dim("nI"):
        raise SettingError(Errors.R010.format(found=X.vocab.vectors.shape[1], expected=model.get_dim("nI")))
    vectors = model.ops.asarray2f(find_vectors(X))
    W = cast(Floats2d, model.get_param("W"))

    def backprop(d_vectors: Floats2d) -> List:
        model.inc_grad("W", model.ops.gemm(d_vectors, vectors, trans1=True))
        return []

    return model.ops.gemm(vectors, W, trans2=True), backprop


def build_static_vectors_v2(
    width: int = 64,
    dropout: float = 0.0,
    trainable: bool = False,
    rows: int = 20000,
    precision: Precision = "auto",
) -> WordFeature:
    """A learned linear map of the vocabulary's word vectors, scaled so that the mean of their squared norms is 1. The
    table may be one of words or of n-grams (floret), have another attribute than the form as its key, and be edited at
    any time.

    A word that the table does not have is looked up in lower case, then with "0" for each of its digits, with "#" for
    each of two and more digits in a row and, if letters remain, without its digits, then in each of these spellings
    without diacritics. A word that is not found has one learned vector, as have words whose vector is zero.

    width: of the output.
    dropout: the share of words whose vector is hidden in training, so that the features beside this one learn to stand
        in. The learned vector takes its place.
    trainable: learn a difference to the vector of each word that training meets, which starts from zero and is saved
        with the layer. The table itself is neither changed nor saved.
    rows: the number of words that have a difference, plus one. They get one in the order in which training meets them.
    precision: "auto", "bf16" or "fp32".

    Raises SettingError for a setting out of range, and if it is initialized or called with a vocabulary without
    vectors, or with vectors of another width.
    """
    check_at_least("width", width, 1)
    check_at_least("rows", rows, 2)
    check_share("dropout", dropout)
    build = partial(KnownVectors, output_size=width, rows=rows if trainable else 0, dropout=dropout)
    return Model(
        "known_vectors",
        known_forward,
        init=known_init,
        shims=[TorchShim(build, precision=precision)],
        dims={"nO": width},
        attrs={"cached_by_vector": True},
    )


def known_init(model: Model, X: Any = None, Y: Any = None) -> None:
    if X is None or X.vocab.vectors.shape[1] == 0:
        raise SettingError(Errors.R009)
    shim = shim_of(model)
    shim.resize({"input_size": X.vocab.vectors.shape[1]})
    shim.initialize()
    cast(KnownVectors, shim.module).scale.fill_(scale_of(X))


def scale_of(X: WordTypes) -> float:
    """What the vectors are multiplied by, so that the mean of their squared norms is 1, as of the rows of
    `GrowingEmbedding`. Larger ones drown the features beside them: after 180 steps on 1,500 sentences of English-EWT,
    UPOS accuracy on the dev set was 89.2 with norms of 1, 87.8 with norms of 7.6, as the table of 300 dimensions has
    them, 87.0 with norms of 17, and 88.8 without vectors (one seed each; two
    seeds, with a dropout of 0.2, differed by 1.2).

    The mean is that of the whole table if it is one of words, or else that of the words of X.
    """
    table = X.vocab.vectors
    of_words = isinstance(table, Vectors) and table.mode == Mode.default
    vectors = to_numpy(table.data) if of_words else known_words(X).vectors
    squares = np.einsum("ij,ij->i", vectors, vectors, dtype=np.float64)
    return float(squares[squares > 0].mean() ** -0.5) if squares.any() else 1.0


@in_plain_torch
def known_forward(model: Model, X: WordTypes, is_train: bool) -> Tuple[Floats2d, Callable]:
    shim, module = torch_layer(model)
    assert isinstance(module, KnownVectors)
    width = X.vocab.vectors.shape[1]
    if width != module.linear.in_features:
        raise SettingError(Errors.R010.format(found=width, expected=module.linear.in_features))
    found = known_words(X) if X.known is None else X.known
    known = found.vectors.any(axis=1)
    rows = np.zeros(len(X.orths), dtype=np.int64)
    if module.differences is not None:
        keys = found.keys[known].view(np.int64)
        if is_train:
            # Several words may have one vector.
            distinct, inverse = np.unique(keys, return_inverse=True)
            counts = np.bincount(inverse, weights=X.counts[known]).astype(np.int64)
            module.differences.learn(distinct, counts)
        rows[known] = module.differences.find(keys)
    inputs = (torch.from_numpy(array).to(shim.device) for array in (found.vectors, known.astype(np.int64), rows))
    return run_torch_feature(shim, tuple(inputs), is_train)
