"""All features of the words of a batch, each distinct word computed once."""

from typing import Any, Callable, List, Optional, Tuple

import numpy as np
from spacy.attrs import ORTH
from spacy.tokens import Doc
from thinc.api import Model
from thinc.types import Floats2d

from ..errors import Errors
from ..shim import TorchShim
from ..types import KeyArray, WordEncoder, WordFeature, WordTypes, WordVectors
from .cache import WordCache
from .checks import check_at_least


def build_word_features_v1(
    words: Optional[WordFeature] = None,
    chars: Optional[WordFeature] = None,
    lexical: Optional[WordFeature] = None,
    vectors: Optional[WordFeature] = None,
    cache_size: int = 50000,
) -> WordEncoder:
    """Join features of a word, in this order; null leaves one out.

    words: learned vectors, "spacy-rnn.WordEmbed.v1".
    chars: the character network, "spacy-rnn.CharEmbed.v1".
    lexical: lexical attributes, "spacy-rnn.LexEmbed.v1".
    vectors: static vectors, "spacy-rnn.StaticVectors.v1".
    cache_size: the number of words whose vectors are kept between predictions, 0 for none.
        A word takes 4 bytes times the width. Static vectors are looked up each time, since
        they can be edited at any moment.
    """
    kept = [feature for feature in (words, chars, lexical) if feature is not None]
    layers = kept + ([vectors] if vectors is not None else [])
    if not layers:
        raise ValueError(Errors.R007)
    check_at_least("cache_size", cache_size, 0)
    return Model(
        "word_features",
        forward,
        init=init,
        layers=layers,
        dims={"nO": sum(layer.get_dim("nO") for layer in layers)},
        attrs={"n_cached": len(kept), "cache": WordCache(cache_size)},
    )


def init(model: Model, X: Any = None, Y: Any = None) -> None:
    types = None if X is None else distinct_words(X)[0]
    for layer in model.layers:
        layer.initialize(X=types)


def forward(model: Model, docs: List[Doc], is_train: bool) -> Tuple[WordVectors, Callable]:
    types, index, lengths = distinct_words(docs)
    if is_train:
        vectors, backprop = _run_layers(model, types, model.layers)
    else:
        vectors, rows = _predict(model, types)
        index = rows[index]
        backprop = _no_backprop
    return WordVectors(vectors, index, lengths), backprop


def distinct_words(docs: List[Doc]) -> Tuple[WordTypes, np.ndarray, np.ndarray]:
    """The distinct words of a batch; for each token the row of its word, (n_tokens,); and
    the number of tokens of each document, (n_docs,)."""
    lengths = np.fromiter(map(len, docs), dtype=np.int64, count=len(docs))
    arrays = [doc.to_array(ORTH) for doc in docs if len(doc)]
    orths = np.concatenate(arrays) if arrays else np.zeros(0, dtype=np.uint64)
    distinct, index, counts = np.unique(orths, return_inverse=True, return_counts=True)
    return WordTypes(distinct, counts, docs[0].vocab), index.reshape(-1), lengths


def _run_layers(model: Model, types: WordTypes, layers: List[WordFeature]) -> Tuple[Floats2d, Callable]:
    outputs, callbacks = zip(*(layer(types, True) for layer in layers))
    ends = np.cumsum([output.shape[1] for output in outputs])

    def backprop(d_vectors: Floats2d) -> List[Doc]:
        for callback, end, output in zip(callbacks, ends.tolist(), outputs):
            callback(model.ops.xp.ascontiguousarray(d_vectors[:, end - output.shape[1] : end]))
        return []

    return model.ops.xp.concatenate(outputs, axis=1), backprop


def _predict(model: Model, types: WordTypes) -> Tuple[Floats2d, np.ndarray]:
    """Vectors of the words, from the cache where they are in it, and the row of each word."""
    cached, fresh = model.layers[: model.attrs["n_cached"]], model.layers[model.attrs["n_cached"] :]
    xp = model.ops.xp

    def compute(orths: KeyArray) -> Floats2d:
        # Counts matter in training only.
        asked = WordTypes(orths, np.ones(len(orths), dtype=np.int64), types.vocab)
        return xp.concatenate([layer.predict(asked) for layer in cached], axis=1)

    if not cached:
        return fresh[0].predict(types), np.arange(len(types.orths))
    # The same key can stand for different strings in another vocabulary's string store,
    # and the lexical attributes belong to the vocabulary. The vocabulary itself rather than
    # its id, which another one could take over.
    version = (types.vocab, *(shim.version for layer in cached for shim in _shims(layer)))
    table, rows = model.attrs["cache"].lookup(types.orths, version, compute)
    if not fresh:
        return table, rows
    return xp.concatenate([table[rows], fresh[0].predict(types)], axis=1), np.arange(len(rows))


def _shims(layer: WordFeature) -> List[TorchShim]:
    return [shim for node in layer.walk() for shim in node.shims if isinstance(shim, TorchShim)]


def _no_backprop(d_vectors: Any) -> List[Doc]:
    return []
