"""The text categorizer's model: any encoder, pooling, and an output layer that can grow."""

from functools import partial
from itertools import chain
from typing import Any, Callable, Dict, List, Literal, Optional, Tuple

import numpy as np
from spacy.tokens import Doc
from thinc.api import Model
from thinc.types import Floats2d
from torch import Tensor

from ..base.arrays import activate
from ..base.checks import check_at_least, check_between, check_choice, check_share, direction_width
from ..errors import Errors, SettingError
from ..nn.ngrams import POWER, Bags
from ..nn.output import ClassifierOutput
from ..nn.pooling import POOLINGS, Pooling
from ..nn.rnn import CELLS, Cell
from ..nn.text_pool import Pieces, TextPool
from ..shim import Precision, TorchShim, gradient_of, in_plain_torch, shim_of, to_array, to_tensor
from ..types import FloatArray
from .embed.layer import run_torch_layer
from .embed.text import token_sizes
from .encoder import layer_with_dropout, predict_runs, predict_tokens
from .text_pieces import bags_of, pieces_of, reading_unit
from .types import DocVectors, Tok2Vec

Hierarchy = Literal["sentences", "windows"]
HIERARCHIES = ("sentences", "windows")

# Each length of n-grams costs as much memory as the first.
MOST_NGRAMS = 10

# Of each kind of n-grams, 128 MB.
MOST_NGRAM_WEIGHTS = 1 << 25

# Of a document in segments, so many vectors of tokens are in memory at a time in prediction.
RUN = 8192


def build_textcat_v2(
    tok2vec: Tok2Vec,
    exclusive_classes: bool = True,
    pooling: List[Pooling] = ["attention", "max"],  # noqa: B006 (the config system needs a list)
    heads: int = 1,
    hierarchy: Optional[Hierarchy] = None,
    segment: int = 50,
    segment_width: int = 128,
    segment_cell: Cell = "lstm",
    hidden: Optional[int] = None,
    ngrams: int = 2,
    char_ngrams: int = 5,
    ngram_rarity: float = 0.5,
    ngram_rows: int = 131072,
    dropout: Optional[float] = 0.5,
    nO: Optional[int] = None,
    precision: Precision = "auto",
) -> Model[List[Doc], Floats2d]:
    """Documents to a probability for each category, (n_docs, n_labels).

    tok2vec: any encoder, ours, spaCy's, or a listener; over characters with `embed` = "spacy-rnn.TextEmbed.v1".
    exclusive_classes: exactly one category applies (softmax), or any number of them (logistic function).
    pooling: any of "last" (the vectors at both ends, which hold the final states of both directions), "mean", "max" and
        "attention"; the results of several are joined.
    heads: of the attention.
    hierarchy: null pools a document in one step. "sentences" pools each sentence, reads the sentences with a recurrent
        network of their own, and pools its outputs; it needs sentence boundaries, and cuts sentences of more than
        `segment` tokens. "windows" does the same with pieces of `segment` tokens (characters, bytes).
    segment_width, segment_cell: of the network over segments, both directions together.
    hidden: the width of a maxout layer between pooling and output; null for none.
    ngrams: the number of tokens of the longest n-grams, which add scores as in a linear bag of words; 0 for none, 10 at
        most.
    char_ngrams: the number of characters of the longest n-grams of characters, of two on and within words, which add
        scores of their own; 0 for none, 10 at most.
    ngram_rarity: how much more rare n-grams count, the exponent of their inverse document frequency; 0 for equally.
    ngram_rows: the size of the table of each kind of n-grams, into which they are hashed; each row has a weight for
        each category. Where there are more than 256 categories, it is smaller, so that it takes 128 MB at most.
    dropout: rate before the output layer; null for the rate of `training.dropout`.
    nO: the number of categories; usually null, since the labels determine it.
    precision: "auto", "bf16" or "fp32".

    Raises SettingError for values out of range.
    """
    check_at_least("len(pooling)", len(pooling), 1)
    for kind in pooling:
        check_choice("pooling", kind, POOLINGS)
    if len(set(pooling)) != len(pooling):
        raise SettingError(Errors.R005.format(name="pooling", value=pooling, expected="each kind once at most"))
    check_at_least("heads", heads, 1)
    if hierarchy is not None:
        check_choice("hierarchy", hierarchy, HIERARCHIES)
    check_at_least("segment", segment, 1)
    direction_width(segment_width, bidirectional=True)
    check_choice("segment_cell", segment_cell, CELLS)
    if hidden is not None:
        check_at_least("hidden", hidden, 1)
    check_between("ngrams", ngrams, 0, MOST_NGRAMS)
    check_at_least("ngram_rows", ngram_rows, 1)
    if char_ngrams:
        check_between("char_ngrams", char_ngrams, 2, MOST_NGRAMS)
    check_at_least("ngram_rarity", ngram_rarity, 0)
    if dropout is not None:
        check_share("dropout", dropout)
    build = partial(
        TextPool,
        kinds=list(pooling),
        heads=heads,
        segment_width=None if hierarchy is None else segment_width,
        cell=segment_cell,
        hidden=hidden,
    )
    build_output = partial(
        ClassifierOutput,
        buckets=ngram_rows if ngrams else 0,
        char_buckets=ngram_rows if char_ngrams else 0,
        power=ngram_rarity,
    )
    dims = {"nO": None, "nI": tok2vec.maybe_get_dim("nO")}
    attrs = {"dropout_rate": 0.0, "own_dropout": dropout}
    pool: Model = Model(
        "text_pool", pool_forward, dims=dims, attrs=dict(attrs), shims=[TorchShim(build, precision=precision)]
    )
    output: Model = Model(
        "textcat_output",
        output_forward,
        dims={"nO": nO, "nI": None},
        attrs=dict(attrs),
        shims=[TorchShim(build_output, precision=precision)],
    )
    model: Model[List[Doc], Floats2d] = Model(
        "rnn_textcat",
        forward,
        init=init,
        layers=[tok2vec, pool, output],
        dims={"nO": nO},
        refs={"tok2vec": tok2vec, "pool": pool, "output_layer": output},
        attrs={
            "multi_label": not exclusive_classes,
            "unit": reading_unit(tok2vec),
            "hierarchy": hierarchy,
            "segment": segment,
            "ngrams": ngrams,
            "ngram_rows": ngram_rows,
            "char_ngrams": char_ngrams,
            "resize_output": resize_output,
            "logits": logits,
            "attend": attend if "attention" in pooling else None,
        },
    )
    return model


def build_textcat_v1(
    tok2vec: Tok2Vec,
    exclusive_classes: bool = True,
    pooling: List[Pooling] = ["attention", "max"],  # noqa: B006 (the config system needs a list)
    heads: int = 1,
    hierarchy: Optional[Hierarchy] = None,
    segment: int = 50,
    segment_width: int = 128,
    segment_cell: Cell = "lstm",
    hidden: Optional[int] = None,
    ngrams: int = 0,
    ngram_rows: int = 131072,
    dropout: Optional[float] = None,
    nO: Optional[int] = None,
    precision: Precision = "auto",
) -> Model[List[Doc], Floats2d]:
    """As `build_textcat_v2`, without n-grams of characters, and with a rarity of 1.5."""
    return build_textcat_v2(**locals(), char_ngrams=0, ngram_rarity=POWER)


def init(model: Model, X: Any = None, Y: Any = None) -> None:
    """X: a sample of documents. Y: (n_docs, n_labels), of which the width counts."""
    tok2vec, pool, output = model.layers
    tok2vec.initialize(X=X)
    model.attrs["unit"] = reading_unit(tok2vec)
    pool.set_dim("nI", tok2vec.get_dim("nO"), force=True)
    shim = shim_of(pool)
    shim.resize({"width": pool.get_dim("nI")})
    shim.initialize()
    width: Any = shim.module.output_size
    pool.set_dim("nO", width, force=True)
    output.set_dim("nI", width, force=True)
    if Y is not None:
        for node in (model, output):
            node.set_dim("nO", Y.shape[1], force=True)
    shim = shim_of(output)
    sizes = {"input_size": output.get_dim("nI"), "output_size": output.get_dim("nO")}
    most = max(1, MOST_NGRAM_WEIGHTS // max(1, sizes["output_size"]))
    if most < model.attrs["ngram_rows"]:
        kinds = {"buckets": model.attrs["ngrams"], "char_buckets": model.attrs["char_ngrams"]}
        sizes.update({name: most for name, longest in kinds.items() if longest})
    shim.resize(sizes)
    shim.initialize()


@in_plain_torch
def resize_output(model: Model, n_labels: int) -> Model:
    """Make room for more labels, in place. The weights of the new ones are zeros. A model that is not initialized
    learns the number of labels later."""
    _, _, output = model.layers
    old = shim_of(output)
    if old.sizes is None:
        return model
    # A new identity, since the optimizer remembers the shapes of the old weights.
    new = old.like()
    new.resize({**old.sizes, "output_size": n_labels})
    for before, after in zip(_state(old), _state(new)):
        after[tuple(map(slice, before.shape))] = before
    new.mark_changed()
    output.shims[0] = new
    for node in (model, output):
        node.set_dim("nO", n_labels, force=True)
    return model


def _state(shim: TorchShim) -> List[Tensor]:
    """All weights and buffers, for writing."""
    return [tensor.data for tensor in chain(shim.module.parameters(), shim.module.buffers())]


@in_plain_torch
def forward(model: Model, docs: List[Doc], is_train: bool) -> Tuple[Floats2d, Callable]:
    docs = list(docs)
    exclusive = not model.attrs["multi_label"]
    if not is_train:
        return activate(logits(model, docs), exclusive), _no_backprop
    tok2vec, pool, output = model.layers
    vectors, to_docs = tok2vec(docs, is_train)
    pooled, to_vectors = pool((vectors, pieces_of(model, docs)), is_train)
    scores, to_pooled = output((pooled, bags_of(model, docs)), is_train)

    def backprop(d_scores: Floats2d) -> Any:
        """d_scores: the gradient of the scores before the activation, (n_docs, n_labels), as Thinc's softmax layer
        takes it."""
        return to_docs(to_vectors(to_pooled(d_scores)))

    return activate(scores, exclusive), backprop


@in_plain_torch
def logits(model: Model, docs: List[Doc]) -> Floats2d:
    """The scores of all categories before the activation, (n_docs, n_labels)."""
    return _predict(model, docs, pieces_of(model, docs))[0]


@in_plain_torch
def attend(model: Model, docs: List[Doc]) -> Tuple[Floats2d, List[FloatArray]]:
    """The scores before the activation, (n_docs, n_labels), and for each document the attention weights of its tokens,
    (n_tokens,), which sum to 1."""
    pieces = pieces_of(model, docs)
    scores, weights = _predict(model, docs, pieces)
    unit = model.attrs["unit"]
    attention = []
    for doc, own in zip(docs, np.split(weights, np.cumsum(pieces.lengths)[:-1])):
        if unit is not None and len(doc):
            starts = np.cumsum(sizes := token_sizes(doc, unit)) - sizes
            own = np.add.reduceat(own, starts)
        attention.append(own.copy())
    return scores, attention


def _predict(model: Model, docs: List[Doc], pieces: Pieces) -> Tuple[Floats2d, Any]:
    """The scores before the activation, and the attention weights of all texts joined, (n,), None without attention."""
    tok2vec, pool, output = model.layers
    device = shim_of(pool).device
    if model.attrs["hierarchy"] is None:
        vectors: Any = predict_tokens(tok2vec, docs, device).float()
    else:
        vectors = (run.float() for run in predict_runs(tok2vec, docs, device, most=RUN))
    pooled, weights = pool.predict((vectors, pieces))
    return output.predict((pooled, bags_of(model, docs))), weights


@in_plain_torch
def pool_forward(model: Model, X: Tuple[Any, Pieces], is_train: bool) -> Tuple[Any, Callable]:
    """X: the vectors of all documents, (n_tokens, nI) arrays in training, tensors in prediction (see `TextPool`), and
    how they belong together. Returns (n_docs, nO); in prediction also the attention weights, (n,) or None."""
    vectors, pieces = X
    shim, _ = layer_with_dropout(model)
    if not is_train:
        pooled, weights = shim.predict((vectors, pieces, True))
        return (to_array(pooled), None if weights is None else weights.cpu().numpy()), _no_backprop
    x = to_tensor(DocVectors.join(model.ops, vectors), shim.device, requires_grad=True)
    output, backward = shim.begin_update((x, pieces))

    def backprop(d_pooled: Floats2d) -> List[Floats2d]:
        backward(d_pooled)
        return DocVectors(gradient_of(x), pieces.lengths)

    return to_array(output), backprop


@in_plain_torch
def output_forward(model: Model, X: Tuple[Floats2d, Dict[str, Bags]], is_train: bool) -> Tuple[Floats2d, Callable]:
    """X: pooled vectors, (n_docs, nI), and n-grams (`bags_of`). Returns scores before the activation, (n_docs, nO)."""
    pooled, bags = X
    _, module = layer_with_dropout(model)
    if is_train:
        for name, own in bags.items():
            getattr(module, name).learn(own)
    return run_torch_layer(model, pooled, is_train, *chain.from_iterable(vars(own).values() for own in bags.values()))


def _no_backprop(d_pooled: Any) -> List[Floats2d]:
    return []
