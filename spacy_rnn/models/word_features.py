"""All features of the words of a batch, each distinct word computed once."""

from functools import partial
from typing import Any, Callable, List, Optional, Tuple

import numpy as np
from spacy.attrs import ORTH
from spacy.tokens import Doc
from thinc.api import Model
from thinc.types import Floats2d

from ..errors import Errors
from ..nn.maxout import Maxout
from ..shim import Precision, TorchShim, shim_of
from ..types import KeyArray, WordEncoder, WordFeature, WordTypes, WordVectors
from .cache import WordCache
from .checks import check_at_least
from .feature import init_torch_layer, run_torch_layer


def build_word_features_v1(
    words: Optional[WordFeature] = None,
    chars: Optional[WordFeature] = None,
    lexical: Optional[WordFeature] = None,
    vectors: Optional[WordFeature] = None,
    width: Optional[int] = 128,
    cache_size: int = 50000,
    precision: Precision = "auto",
) -> WordEncoder:
    """Join features of a word, in this order; null leaves one out.

    words: learned vectors, "spacy-rnn.WordEmbed.v1".
    chars: the character network, "spacy-rnn.CharEmbed.v1".
    lexical: lexical attributes, "spacy-rnn.LexEmbed.v1".
    vectors: static vectors, "spacy-rnn.StaticVectors.v1".
    width: of the joined features after a maxout layer, which costs the recurrent network above
        less than the features themselves would; null leaves the layer out.
    cache_size: the number of words whose vectors are kept between predictions, 0 for none.
        A word takes 4 bytes times the width. Static vectors are looked up each time, since
        they can be edited at any moment.
    precision: "auto", "bf16" or "fp32".
    """
    kept = [feature for feature in (words, chars, lexical) if feature is not None]
    layers = kept + ([vectors] if vectors is not None else [])
    if not layers:
        raise ValueError(Errors.R007)
    check_at_least("cache_size", cache_size, 0)
    joined = sum(layer.get_dim("nO") for layer in layers)
    mix = [] if width is None else [build_mix(joined, width, precision)]
    return Model(
        "word_features",
        forward,
        init=init,
        layers=layers + mix,
        dims={"nO": joined if width is None else width},
        attrs={"n_cached": len(kept), "n_features": len(layers), "cache": WordCache(cache_size)},
    )


def build_mix(input_width: int, width: int, precision: str) -> Model[Floats2d, Floats2d]:
    """A maxout layer with layer normalization, (n, input_width) to (n, width)."""
    check_at_least("width", width, 1)
    shim = TorchShim(partial(Maxout, input_width, width), {}, precision=precision)
    return Model("mix", run_torch_layer, init=init_torch_layer, shims=[shim], attrs={"dropout_rate": 0.0})


def init(model: Model, X: Any = None, Y: Any = None) -> None:
    types = None if X is None else distinct_words(X)[0]
    for layer in model.layers:
        layer.initialize(X=types)


def forward(model: Model, docs: List[Doc], is_train: bool) -> Tuple[WordVectors, Callable]:
    types, index, lengths = distinct_words(docs)
    if is_train:
        vectors, backprop = _update(model, types)
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


def _update(model: Model, types: WordTypes) -> Tuple[Floats2d, Callable]:
    features, mix = _parts(model)
    outputs, callbacks = zip(*(layer(types, True) for layer in features))
    joined = model.ops.xp.concatenate(outputs, axis=1)
    ends = np.cumsum([output.shape[1] for output in outputs]).tolist()
    vectors, unmix = mix(joined, True) if mix is not None else (joined, None)

    def backprop(d_vectors: Floats2d) -> List[Doc]:
        d_joined = d_vectors if unmix is None else unmix(d_vectors)
        for callback, end, output in zip(callbacks, ends, outputs):
            callback(model.ops.xp.ascontiguousarray(d_joined[:, end - output.shape[1] : end]))
        return []

    return vectors, backprop


def _predict(model: Model, types: WordTypes) -> Tuple[Floats2d, np.ndarray]:
    """Vectors of the words, from the cache where they are in it, and the row of each word."""
    features, mix = _parts(model)
    n_cached = model.attrs["n_cached"]
    cached, fresh = features[:n_cached], features[n_cached:]
    xp = model.ops.xp
    mix_now = _as_is if mix is None else mix.predict
    mix_cached, mix_fresh = (_as_is, mix_now) if fresh else (mix_now, _as_is)

    def compute(orths: KeyArray) -> Floats2d:
        # Counts matter in training only.
        asked = WordTypes(orths, np.ones(len(orths), dtype=np.int64), types.vocab)
        return mix_cached(xp.concatenate([layer.predict(asked) for layer in cached], axis=1))

    if not cached:
        return mix_fresh(fresh[0].predict(types)), np.arange(len(types.orths))
    # The same key can stand for different strings in another vocabulary's string store,
    # and the lexical attributes belong to the vocabulary.
    version = (types.vocab, *(shim_of(node).version for node in model.walk() if node.shims))
    table, rows = model.attrs["cache"].lookup(types.orths, version, compute)
    if not fresh:
        return table, rows
    joined = xp.concatenate([table[xp.asarray(rows)], fresh[0].predict(types)], axis=1)
    return mix_fresh(joined), np.arange(len(rows))


def _parts(model: Model) -> Tuple[List[WordFeature], Optional[Model[Floats2d, Floats2d]]]:
    """The features, and the layer that mixes them, if there is one."""
    n = model.attrs["n_features"]
    return model.layers[:n], model.layers[n] if len(model.layers) > n else None


def _as_is(vectors: Floats2d) -> Floats2d:
    return vectors


def _no_backprop(d_vectors: Any) -> List[Doc]:
    return []
