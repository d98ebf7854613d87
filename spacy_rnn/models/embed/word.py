"""Learned vectors, lexical attributes and static vectors as features of a word."""

import re
from functools import partial
from operator import attrgetter
from typing import Any, Callable, List, Tuple, cast

import numpy as np
import torch
from spacy.attrs import IDS, NAMES, ORTH
from spacy.strings import get_string_id
from spacy.vectors import Mode, Vectors
from spacy.vocab import Vocab
from thinc.api import Model, glorot_uniform_init
from thinc.types import Floats2d

from ...base.checks import check_at_least, check_choice
from ...errors import Errors, SettingError
from ...nn.dropout import drop_rows
from ...nn.embedding import GrowingEmbedding, LexicalTables
from ...shim import Precision, in_plain_torch, torch_layer
from ...types import Array, KeyArray
from ..types import WordFeature, WordTypes
from .layer import run_torch_feature, torch_feature

LEXEME_ATTRS = ("ORTH", "NORM", "LOWER", "SHAPE", "PREFIX", "SUFFIX")
AFFIX = re.compile("(PREFIX|SUFFIX)([1-9])")
LEXEME_FLAGS = tuple(sorted(name for name in IDS if name.startswith(("IS_", "LIKE_")) and name != "IS_SENT_START"))


def build_word_embed_v1(
    width: int = 64,
    attr: str = "NORM",
    rows: int = 20000,
    word_dropout: float = 1.0,
    lazy: bool = False,
    precision: Precision = "auto",
) -> WordFeature:
    """A learned vector for each word met in training, and one vector for all others.

    width: of a vector. attr: the attribute that identifies a word: "ORTH", "NORM" or "LOWER".
    rows: the size of the table, including the unknown word. Words get a row in the order in which training meets them.
    word_dropout: the unknown word replaces a word met n times in 100,000 with probability `word_dropout / (word_dropout
        + n)` (Kiperwasser & Goldberg 2016, sect. 4.1), from which it learns its vector. 0 turns it off.
    lazy: a training step changes only the vectors of the words in its batch, so that its cost does not depend on the
        size of the table, see `spacy_rnn.shim.rows`. Useful if the table is most of the model, as in `tree_rnn`; a
        tagger gains little speed and was slightly less accurate.
    precision: "auto", "bf16" or "fp32".

    Raises SettingError if a setting is out of range.
    """
    check_choice("attr", attr, ("ORTH", "NORM", "LOWER"))
    check_at_least("width", width, 1)
    check_at_least("rows", rows, 2)
    check_at_least("word_dropout", word_dropout, 0)
    build = partial(GrowingEmbedding, rows, width, sparse=True, lazy=lazy)
    return torch_feature("word_embed", word_forward, build, width, precision, attr=attr, word_dropout=word_dropout)


@in_plain_torch
def word_forward(model: Model, X: WordTypes, is_train: bool) -> Tuple[Floats2d, Callable]:
    shim, module = torch_layer(model)
    assert isinstance(module, GrowingEmbedding)
    keys = lexeme_keys(X, model.attrs["attr"]).view(np.int64)
    if is_train:
        # Several words may have the same norm.
        distinct, inverse = np.unique(keys, return_inverse=True)
        module.learn(distinct, np.bincount(inverse, weights=X.counts).astype(np.int64))
    found = module.find(keys)
    rows = torch.from_numpy(found).to(shim.device)
    strength = model.attrs["word_dropout"]
    if is_train and strength:
        often = module.per_hundred_thousand(found)
        rows = drop_rows(rows, torch.from_numpy(strength / (strength + often)).to(shim.device))
    return run_torch_feature(shim, (rows,), is_train)


def build_lex_embed_v1(
    width: int = 32,
    attrs: List[str] = ["PREFIX", "SUFFIX", "SHAPE"],  # noqa: B006 (the config system needs a list)
    rows: int = 2000,
    precision: Precision = "auto",
) -> WordFeature:
    """Hashed embeddings of spaCy's lexical attributes, concatenated.

    width: of the vector of each attribute; the width of the output is `len(attrs) * width`.
    attrs: any of ORTH, NORM, LOWER, SHAPE, PREFIX, SUFFIX, the IS_ and LIKE_ flags, and PREFIX1 to PREFIX9 and SUFFIX1
        to SUFFIX9, the first or last 1 to 9 characters in lower case.
    rows: the size of the table of each attribute.
    precision: "auto", "bf16" or "fp32".

    Raises SettingError for an unknown attribute or a setting that is out of range.
    """
    check_at_least("width", width, 1)
    check_at_least("rows", rows, 2)
    check_at_least("len(attrs)", len(attrs), 1)
    for attr in attrs:
        if attr not in LEXEME_ATTRS + LEXEME_FLAGS and not AFFIX.fullmatch(attr):
            allowed = ", ".join((*LEXEME_ATTRS, "PREFIX1 to PREFIX9", "SUFFIX1 to SUFFIX9", *LEXEME_FLAGS))
            raise SettingError(Errors.R008.format(attr=attr, allowed=allowed))
    build = partial(LexicalTables, len(attrs), rows, width)
    return torch_feature("lex_embed", lex_forward, build, width * len(attrs), precision, attrs=list(attrs))


@in_plain_torch
def lex_forward(model: Model, X: WordTypes, is_train: bool) -> Tuple[Floats2d, Callable]:
    shim, module = torch_layer(model)
    assert isinstance(module, LexicalTables)
    buckets = module.buckets([lexeme_keys(X, attr) for attr in model.attrs["attrs"]])
    return run_torch_feature(shim, (torch.from_numpy(buckets).to(shim.device),), is_train)


def lexeme_keys(X: WordTypes, attr: str) -> KeyArray:
    """An attribute of each word, as a key of the string store, or 0 or 1 for a flag. Returns (n_types,)."""
    if attr == "ORTH":
        return X.orths
    vocab = X.vocab
    affix = AFFIX.fullmatch(attr)
    if affix is not None:
        size = int(affix[2])
        part = slice(size) if affix[1] == "PREFIX" else slice(-size, None)
        words = (vocab.strings[orth].lower()[part] for orth in X.orths.tolist())
        return np.fromiter(map(get_string_id, words), dtype=np.uint64, count=len(X.orths))
    return np.fromiter(map(attrgetter(attr.lower()), X.lexemes), dtype=np.uint64, count=len(X.orths))


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


def vector_attr(vocab: Vocab) -> int:
    """The attribute by which the table of vectors knows a token. Tables that are not spaCy's know its form."""
    return int(getattr(vocab.vectors, "attr", ORTH))


def find_vectors(X: WordTypes) -> Array:
    """The vector of each word, (n_types, width), zeros where it has none."""
    vocab, table = X.vocab, X.vocab.vectors
    keys = lexeme_keys(X, NAMES[vector_attr(vocab)]) if X.keys is None else X.keys
    if not isinstance(table, Vectors):
        return table.get_batch(keys.tolist())
    if table.mode == Mode.floret:
        # By their strings, since the table may have a string store of its own.
        return table.get_batch([vocab.strings[key] for key in keys.tolist()])
    rows = table.find(keys=keys.tolist())
    if not len(table.data):
        return np.zeros((len(rows), table.shape[1]), dtype=np.float32)
    vectors = table.data[rows]
    vectors[rows < 0] = 0.0
    return vectors
