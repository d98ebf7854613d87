"""What a morphological dictionary says of a word as a feature."""

from functools import partial
from pathlib import Path
from typing import Any, Callable, Optional, Tuple

import numpy as np
from spacy.strings import get_string_id
from thinc.api import Model
from thinc.types import Floats2d

from ...base.checks import check_at_least
from ...base.lexicon import LONGEST_ENDING, Lexicon
from ...errors import Errors, SettingError
from ...nn.embed.lexicon import LexiconEmbedding
from ...shim import Precision, TorchShim, in_plain_torch, shim_of, torch_layer
from ...types import IntArray, KeyArray
from ..lexicon_file import load_lexicon
from ..types import WordFeature, WordTypes
from .layer import run_torch_feature
from .word import lexeme_keys


def build_lexicon_embed_v1(
    path: Optional[str] = None,
    width: int = 64,
    endings: bool = True,
    precision: Precision = "auto",
) -> WordFeature:
    """What a morphological dictionary says of a form: the sum of learned vectors of its possible parts of speech,
    features and tags, and of its ambiguity class. A form that the dictionary lacks is looked up in lower case, and then
    without the punctuation around it; if that fails too, it has a vector that all such forms share, and the features
    that are the most frequent ones of forms with its ending.

    path: a file that `spacy-rnn lexicon` wrote. It is read when the pipeline is initialized and saved with it. A
        trained pipeline no longer needs it.
    width: of a vector.
    endings: expect of a form that the dictionary lacks what most forms with its longest known ending are.
    precision: "auto", "bf16" or "fp32".

    Raises SettingError if a setting is out of range; initializing raises ModelFileError for a file that cannot be used.
    """
    check_at_least("width", width, 1)
    return Model(
        "lexicon_embed",
        forward,
        init=init,
        shims=[TorchShim(partial(LexiconEmbedding, width=width), precision=precision)],
        dims={"nO": width},
        attrs={"dropout_rate": 0.0, "path": path, "endings": endings},
    )


@in_plain_torch
def init(model: Model, X: Any = None, Y: Any = None) -> None:
    if model.attrs["path"] is None:
        raise SettingError(Errors.R212)
    lexicon = load_lexicon(Path(model.attrs["path"]))
    shim = shim_of(model)
    shim.resize({"parts": len(lexicon.parts), "tags": len(lexicon.tags), "classes": lexicon.n_classes})
    module = shim.module
    assert isinstance(module, LexiconEmbedding)
    module.use(lexicon)
    shim.initialize()


@in_plain_torch
def forward(model: Model, X: WordTypes, is_train: bool) -> Tuple[Floats2d, Callable]:
    shim, module = torch_layer(model)
    assert isinstance(module, LexiconEmbedding) and module.lexicon is not None
    return run_torch_feature(shim, module.bags(find_sets(module.lexicon, X, endings=model.attrs["endings"])), is_train)


def find_sets(lexicon: Lexicon, X: WordTypes, *, endings: bool = False) -> IntArray:
    """The set of analyses of each word, (n_types,), 0 for one that the dictionary lacks. With `endings`, the set that
    its longest known ending lets expect, as a negative number."""
    found = np.zeros(len(X.orths), dtype=np.int64)
    missing = np.arange(len(X.orths))
    for spell in SPELLINGS:
        found[missing] = lexicon.find(spell(X.take(missing)))
        missing = missing[found[missing] == 0]
        if not len(missing):
            return found
    if endings:
        words = [strip_punctuation(X.vocab.strings[orth]).lower() for orth in X.orths[missing].tolist()]
        for n in range(LONGEST_ENDING, 0, -1):
            keys = [get_string_id(word[-n:]) if n < len(word) else 0 for word in words]
            guessed = lexicon.find_endings(np.array(keys, dtype=np.uint64))
            found[missing] = np.where(found[missing] == 0, -guessed, found[missing])
    return found


def as_written(X: WordTypes) -> KeyArray:
    """The hash of each word, (n_types,)."""
    return X.orths


def in_lower_case(X: WordTypes) -> KeyArray:
    """The hash of each word in lower case, (n_types,)."""
    return lexeme_keys(X, "LOWER")


def without_punctuation(X: WordTypes) -> KeyArray:
    """The hash of each word in lower case from its first letter or digit to its last, (n_types,)."""
    words = (X.vocab.strings[orth] for orth in X.orths.tolist())
    return np.array([get_string_id(strip_punctuation(word).lower()) for word in words], dtype=np.uint64)


def strip_punctuation(word: str) -> str:
    """A word from its first letter or digit to its last."""
    places = [i for i, letter in enumerate(word) if letter.isalnum()]
    return word[places[0] : places[-1] + 1] if places else ""


SPELLINGS: Tuple[Callable[[WordTypes], KeyArray], ...] = (as_written, in_lower_case, without_punctuation)
"""The hashes by which a word is looked up, one after the other until it is found."""
