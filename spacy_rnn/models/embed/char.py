"""The characters of a word as a feature."""

import unicodedata
from functools import partial
from typing import Any, Callable, Dict, Literal, Optional, Tuple

import numpy as np
import torch
from thinc.api import Model
from thinc.types import Floats2d

from ...base.arrays import lengths_of
from ...base.checks import MAX_DEPTH, check_at_least, check_between, check_choice, check_share, direction_width
from ...nn.dropout import drop_rows
from ...nn.embed.chars import CharEncoder
from ...nn.layout import lay_out
from ...nn.pooling import POOLINGS, Pooling
from ...nn.rnn import CELLS, Cell
from ...shim import Precision, in_plain_torch, torch_layer
from ..types import WordFeature, WordTypes
from .layer import run_torch_feature, torch_feature

UnicodeForm = Literal["NFC", "NFD", "NFKC", "NFKD"]


def build_char_embed_v1(
    width: int = 128,
    char_width: int = 48,
    cell: Cell = "lstm",
    depth: int = 1,
    bidirectional: bool = True,
    pooling: Pooling = "last",
    rows: int = 5000,
    max_chars: int = 40,
    char_dropout: float = 0.01,
    unicode_form: Optional[UnicodeForm] = None,
    precision: Precision = "auto",
) -> WordFeature:
    """A recurrent network over the characters of each word.

    width: of a word's vector, both directions together.
    char_width: of a character's vector.
    cell: "lstm", "gru", "rnn_tanh", "rnn_relu" or "rnn_sigmoid".
    depth: the number of recurrent layers. bidirectional: read in both directions.
    pooling: "last" (the final states of both directions), "max", "mean" or "attention".
    rows: the size of the table, including the unknown character. Characters get a row in the order in which training
        meets them.
    max_chars: of a longer word, the network reads the first and the last `max_chars // 2` characters.
    char_dropout: the share of characters replaced by the unknown one in training, from which it learns its vector.
    unicode_form: normalize words first; "NFD" and "NFKD" split letters with marks and Hangul syllables.
    precision: "auto", "bf16" or "fp32".

    Raises SettingError for an unknown or impossible setting.
    """
    check_choice("cell", cell, CELLS)
    check_choice("pooling", pooling, POOLINGS)
    check_at_least("char_width", char_width, 1)
    check_between("depth", depth, 1, MAX_DEPTH)
    check_at_least("rows", rows, 2)
    check_at_least("max_chars", max_chars, 2)
    check_share("char_dropout", char_dropout)
    if unicode_form is not None:
        check_choice("unicode_form", unicode_form, ("NFC", "NFD", "NFKC", "NFKD"))
    kind: Dict[str, Any] = {"cell": cell, "depth": depth, "bidirectional": bidirectional, "pooling": pooling}
    build = partial(CharEncoder, rows, char_width, direction_width(width, bidirectional), **kind)
    return torch_feature(
        "char_embed", char_forward, build, width, precision,
        max_chars=max_chars, char_dropout=char_dropout, unicode_form=unicode_form,
    )  # fmt: skip


# Stand before and after the characters of a word. These code points are noncharacters, which no text contains.
_BEGIN, _END = "\ufdd0", "\ufdd1"


def spell(word: str, max_chars: int, unicode_form: Optional[UnicodeForm]) -> str:
    """The characters that represent a word: normalized, without the middle of a long word, with a boundary at each
    end."""
    if unicode_form is not None:
        word = unicodedata.normalize(unicode_form, word)
    if len(word) > max_chars:
        half = max_chars // 2
        word = word[:half] + word[-half:]
    return _BEGIN + word + _END


@in_plain_torch
def char_forward(model: Model, X: WordTypes, is_train: bool) -> Tuple[Floats2d, Callable]:
    shim, module = torch_layer(model)
    assert isinstance(module, CharEncoder)
    strings = X.vocab.strings
    words = [spell(strings[orth], model.attrs["max_chars"], model.attrs["unicode_form"]) for orth in X.orths.tolist()]
    lengths = lengths_of(words)
    text = "".join(words).encode("utf-32-le", errors="surrogatepass")
    points = np.frombuffer(text, dtype=np.uint32).astype(np.int64)
    distinct, inverse, counts = np.unique(points, return_inverse=True, return_counts=True)
    if is_train:
        module.table.learn(distinct, counts)
    chars = torch.from_numpy(module.table.find(distinct)[inverse]).to(shim.device)
    if is_train and model.attrs["char_dropout"]:
        dropped = torch.full(chars.shape, model.attrs["char_dropout"], dtype=torch.float32, device=chars.device)
        chars = drop_rows(chars, dropped)
    blocks = list(lay_out(lengths, device=shim.device))
    return run_torch_feature(shim, (chars, blocks), is_train)
