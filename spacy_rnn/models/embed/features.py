"""The features of the words of a batch, computed once for each distinct word."""

from functools import partial
from typing import Any, Callable, Dict, List, Optional, Sequence, Tuple, cast

import numpy as np
from spacy.attrs import ORTH
from spacy.tokens import Doc
from spacy.vocab import Vocab
from thinc.api import Model, noop
from thinc.types import Floats2d, Ints1d

from ...base.arrays import lengths_of, token_attrs
from ...base.cache import RowCache
from ...base.checks import check_at_least
from ...base.hashing import mix_bits
from ...errors import Errors, SettingError
from ...nn.linear import Maxout
from ...shim import Precision, TorchShim, in_plain_torch, shim_of
from ...types import IntArray, KeyArray
from ..types import TokenFeature, WordEncoder, WordFeature, WordTypes, WordVectors
from .layer import init_torch_layer, run_torch_layer
from .table import known_words, vector_attr


def build_word_features_v1(
    words: Optional[WordFeature] = None,
    chars: Optional[WordFeature] = None,
    lexical: Optional[WordFeature] = None,
    lexicon: Optional[WordFeature] = None,
    vectors: Optional[WordFeature] = None,
    context: Optional[TokenFeature] = None,
    width: Optional[int] = 128,
    cache_size: int = 50000,
    precision: Precision = "auto",
) -> WordEncoder:
    """Concatenate features of a word, in this order; null omits a feature.

    words: learned vectors, "spacy-rnn.WordEmbed.v1".
    chars: the character network, "spacy-rnn.CharEmbed.v1".
    lexical: lexical attributes, "spacy-rnn.LexEmbed.v1".
    lexicon: what a dictionary says of a form, "spacy-rnn.LexiconEmbed.v1".
    vectors: static vectors, "spacy-rnn.StaticVectors.v2" or "spacy-rnn.StaticVectors.v1".
    context: the states of language models at each token, "spacy-rnn.CharLMEmbed.v1".
    width: of a maxout layer on top, which makes the input of the recurrent network smaller; null omits the layer.
    cache_size: the number of words whose vectors are kept between predictions, 0 for none. A word takes 4 bytes times
        the width. Words are kept with the static vectors that they had: after an edit of these they are computed again.
        (With "spacy-rnn.StaticVectors.v1" nothing that depends on static vectors is kept.)
    precision: "auto", "bf16" or "fp32".

    Raises SettingError if there is no feature, or a setting is out of range.
    """
    kept = [feature for feature in (words, chars, lexical, lexicon) if feature is not None]
    features = kept + ([vectors] if vectors is not None else [])
    by_vector = vectors is not None and vectors.attrs.get("cached_by_vector", False)
    kept = features if by_vector else kept
    layers: List[Model] = [*features, *([context] if context is not None else [])]
    if not layers:
        raise SettingError(Errors.R007)
    check_at_least("cache_size", cache_size, 0)
    joined = sum(layer.get_dim("nO") for layer in layers)
    mix = [] if width is None else [build_mix(joined, width, precision)]
    return Model(
        "word_features",
        forward,
        init=init,
        layers=layers + mix,
        dims={"nO": joined if width is None else width},
        attrs={
            "n_cached": len(kept) if all(map(_has_version, kept)) else 0,
            "n_features": len(features),
            "has_context": context is not None,
            "by_vector": by_vector,
            "cache": RowCache(cache_size),
        },
    )


def _has_version(feature: Model) -> bool:
    """Whether it can be told that the weights of a feature have changed."""
    shims = (shim for node in feature.walk() for shim in node.shims)
    return all(isinstance(shim, TorchShim) for shim in shims) and not any(n.param_names for n in feature.walk())


def build_mix(input_width: int, width: int, precision: str) -> Model[Floats2d, Floats2d]:
    """A maxout layer with layer normalization, (n, input_width) to (n, width)."""
    check_at_least("width", width, 1)
    shim = TorchShim(partial(Maxout, input_width, width), {}, precision=precision)
    return Model("mix", run_torch_layer, init=init_torch_layer, shims=[shim], attrs={"dropout_rate": 0.0})


def init(model: Model, X: Any = None, Y: Any = None) -> None:
    types = None if X is None else distinct_words(X)[0]
    for i, layer in enumerate(model.layers):
        layer.initialize(X=types if i < model.attrs["n_features"] else None)


@in_plain_torch
def forward(model: Model, docs: List[Doc], is_train: bool) -> Tuple[WordVectors, Callable]:
    run = _update if is_train else _predict
    by_vocab: Dict[Vocab, List[int]] = {}
    for i, doc in enumerate(docs):
        by_vocab.setdefault(doc.vocab, []).append(i)
    if len(by_vocab) < 2:
        return run(model, docs)
    groups = list(by_vocab.values())
    found, callbacks = zip(*(run(model, [docs[i] for i in group]) for group in groups))
    joined, starts = join_groups(model, found, groups)

    def backprop(d_vectors: Floats2d) -> List[Doc]:
        for callback, start, own in zip(callbacks, starts, found):
            callback(d_vectors[start : start + len(own.vectors)])
        return []

    return joined, backprop


def join_groups(
    model: Model, found: Sequence[WordVectors], groups: Sequence[List[int]]
) -> Tuple[WordVectors, List[int]]:
    """The encoded words of groups of documents as those of one batch, and the first row of each group. groups: the
    places of the documents in the batch."""
    starts = np.cumsum([0, *(len(own.vectors) for own in found)]).tolist()
    parts: List[IntArray] = [np.zeros(0, dtype=np.int64)] * sum(map(len, groups))
    for own, group, start in zip(found, groups, starts):
        for i, part in zip(group, np.split(own.index + start, np.cumsum(own.lengths)[:-1])):
            parts[i] = part
    vectors = model.ops.xp.concatenate([own.vectors for own in found])
    return WordVectors(vectors, np.concatenate(parts), lengths_of(parts)), starts


def distinct_words(docs: List[Doc]) -> Tuple[WordTypes, IntArray, IntArray]:
    """The distinct words of a batch, the row of the word of each token, (n_tokens,), and the number of tokens of each
    document, (n_docs,). The documents have one vocabulary."""
    vocab = docs[0].vocab
    lengths = lengths_of(docs)
    orths, attr = _joined(docs, ORTH), vector_attr(vocab)
    if attr == ORTH:
        distinct, index, counts = np.unique(orths, return_inverse=True, return_counts=True)
        return WordTypes(distinct, counts, vocab), index, lengths
    keys = _joined(docs, attr)
    both = mix_bits(orths) ^ keys
    _, first, index, counts = np.unique(both, return_index=True, return_inverse=True, return_counts=True)
    return WordTypes(orths[first], counts, vocab, keys[first]), index, lengths


def _joined(docs: List[Doc], attr: int) -> KeyArray:
    """An attribute of all tokens, (n_tokens,)."""
    return token_attrs(docs, attr)[:, 0]


def _update(model: Model, docs: List[Doc]) -> Tuple[WordVectors, Callable]:
    types, index, lengths = distinct_words(docs)
    features, context, mix = _parts(model)
    ops, n_types = model.ops, len(types.orths)
    results = [layer(types, True) for layer in features]
    joined = ops.xp.concatenate([ops.alloc2f(n_types, 0), *(output for output, _ in results)], axis=1)
    own, type_index = joined.shape[1], index
    if context is not None:
        found, backprop_context = context(docs, True)
        joined, index = ops.xp.concatenate([joined[index], found], axis=1), np.arange(len(index))
    vectors, unmix = mix(joined, True)

    def backprop(d_vectors: Floats2d) -> List[Doc]:
        d_joined = unmix(d_vectors)
        if context is not None:
            backprop_context(ops.xp.ascontiguousarray(d_joined[:, own:]))
            d_tokens, d_joined = ops.xp.ascontiguousarray(d_joined[:, :own]), ops.alloc2f(n_types, own)
            ops.scatter_add(d_joined, cast(Ints1d, type_index), d_tokens)
        start = 0
        for output, callback in results:
            end = start + output.shape[1]
            callback(ops.xp.ascontiguousarray(d_joined[:, start:end]))
            start = end
        return []

    return WordVectors(vectors, index, lengths), backprop


def _predict(model: Model, docs: List[Doc]) -> Tuple[WordVectors, Callable]:
    """The features of the words. Those that depend on the word and the weights alone come from the cache."""
    types, index, lengths = distinct_words(docs)
    features, context, mix = _parts(model)
    n_cached = model.attrs["n_cached"]
    cached, fresh = features[:n_cached], features[n_cached:]
    xp = model.ops.xp
    mix_cached, mix_fresh = (_NO_MIX, mix) if fresh or context is not None else (mix, _NO_MIX)

    keys = types.orths
    if cached and model.attrs["by_vector"]:
        types.known = known_words(types)
        keys = mix_bits(keys) ^ types.known.digests()

    def compute(missing: KeyArray) -> Floats2d:
        place_of = {key: i for i, key in enumerate(keys.tolist())}
        some = types.take(np.array([place_of[key] for key in missing.tolist()], dtype=np.int64))
        return mix_cached.predict(xp.concatenate([layer.predict(some) for layer in cached], axis=1))

    parts = []
    if cached:
        # The vocabulary has the lexical attributes of a word, and the string that a key stands for.
        nodes: List[Model] = [node for layer in model.layers[:n_cached] for node in layer.walk()]
        settings = (repr(node.attrs) for node in nodes)
        version = (types.vocab, *settings, *(shim_of(node).version for node in (*nodes, mix) if node.shims))
        table, rows = model.attrs["cache"].lookup(keys, version, compute)
        if not fresh and context is None:
            return WordVectors(table, rows[index], lengths), _no_backprop
        parts.append(table[xp.asarray(rows)])
    parts += [layer.predict(types) for layer in fresh]
    if context is not None:
        parts, index = [part[index] for part in parts] + [context.predict(docs)], np.arange(len(index))
    return WordVectors(mix_fresh.predict(xp.concatenate(parts, axis=1)), index, lengths), _no_backprop


def _no_backprop(d_vectors: Floats2d) -> List[Doc]:
    return []


_NO_MIX: Model[Floats2d, Floats2d] = noop()


def _parts(model: Model) -> Tuple[List[WordFeature], Optional[TokenFeature], Model[Floats2d, Floats2d]]:
    """The features of words, the feature of tokens, and the maxout layer, or a layer that changes nothing."""
    n, layers = model.attrs["n_features"], [*model.layers, _NO_MIX]
    context = layers[n] if model.attrs["has_context"] else None
    return layers[:n], context, layers[n + (context is not None)]
