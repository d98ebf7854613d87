"""What a morphological dictionary says of a word as scores of a tagger's labels."""

from typing import Any, Callable, List, Optional, Tuple, cast

import numpy as np
from spacy.tokens import Doc
from thinc.api import Model
from thinc.types import Floats2d, Ints1d

from ...base.lexicon import Lexicon
from ...nn.embed.lexicon import LexiconScores
from ...shim import Precision, TorchShim, in_plain_torch, torch_layer
from ...types import IntArray
from ..types import TokenFeature
from .features import distinct_words, groups_by_vocab
from .layer import run_torch_feature
from .lexicon import find_sets, read_lexicon, resize_for


def build_lexicon_scores_v1(
    path: Optional[str] = None, endings: bool = True, precision: Precision = "auto"
) -> TokenFeature:
    """Documents to what their words' analyses in a dictionary tell of each label, (n_tokens, n_labels), the tokens of
    all documents joined: for each label the sum of learned numbers, one for each part of a tag (a part of speech, a
    feature) and one for each tag, weighted by the share of the word's analyses that have it. Words that the dictionary
    lacks are looked up as by "spacy-rnn.LexiconEmbed.v1".

    path: a file that `spacy-rnn lexicon` wrote. It is read when the pipeline is initialized and saved with it.
    endings: expect of a form that the dictionary lacks what most forms with its longest known ending are.
    precision: "auto", "bf16" or "fp32".

    Initializing raises ModelFileError for a file that cannot be used.
    """
    return Model(
        "lexicon_scores",
        forward,
        init=init,
        shims=[TorchShim(LexiconScores, precision=precision)],
        dims={"nO": None},
        attrs={"dropout_rate": 0.0, "path": path, "endings": endings},
    )


@in_plain_torch
def init(model: Model, X: Any = None, Y: Any = None) -> None:
    """The number of labels, nO, is known by then."""
    resize_for(model, read_lexicon(model, "spacy-rnn.LexiconScores.v1"), width=model.get_dim("nO"))


@in_plain_torch
def forward(model: Model, docs: List[Doc], is_train: bool) -> Tuple[Floats2d, Callable]:
    shim, module = torch_layer(model)
    assert isinstance(module, LexiconScores) and module.lexicon is not None
    distinct, rows = np.unique(token_sets(module.lexicon, docs, model.attrs["endings"]), return_inverse=True)
    index = cast(Ints1d, model.ops.xp.asarray(rows))
    found, backward = run_torch_feature(shim, module.bags(distinct), is_train)

    def backprop(d_scores: Floats2d) -> List[Doc]:
        d_found = model.ops.alloc2f(*found.shape)
        model.ops.scatter_add(d_found, index, d_scores)
        backward(d_found)
        return []

    return found[index], backprop


def token_sets(lexicon: Lexicon, docs: List[Doc], endings: bool) -> IntArray:
    """The set of analyses of each token, (n_tokens,), as `find_sets` numbers them."""
    sets: List[IntArray] = [np.zeros(0, dtype=np.int64)] * len(docs)
    for places in groups_by_vocab(docs):
        types, index, lengths = distinct_words([docs[i] for i in places])
        found = find_sets(lexicon, types, endings=endings)[index]
        for i, own in zip(places, np.split(found, np.cumsum(lengths)[:-1])):
            sets[i] = own
    return np.concatenate(sets)
