"""Learned vectors and lexical attributes as features of a word."""

import re
from functools import partial
from operator import attrgetter
from typing import Callable, List, Tuple

import numpy as np
import torch
from spacy.attrs import IDS
from spacy.strings import get_string_id
from thinc.api import Model
from thinc.types import Floats2d

from ...base.checks import check_at_least, check_choice
from ...errors import Errors, SettingError
from ...nn.dropout import drop_rows
from ...nn.embed.tables import GrowingEmbedding, LexicalTables
from ...shim import Precision, in_plain_torch, torch_layer
from ...types import KeyArray
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
