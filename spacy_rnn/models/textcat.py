"""The text categorizer's model: any encoder, pooling, and an output layer that can grow."""

from functools import partial
from typing import Any, Callable, Iterator, List, Literal, Optional, Tuple, Union

import numpy as np
from spacy.attrs import SENT_START
from spacy.tokens import Doc
from thinc.api import Model
from thinc.types import Floats2d
from torch import Tensor

from ..errors import Errors
from ..nn.cells import CELLS, Cell
from ..nn.heads import ClassifierHead
from ..nn.pooling import POOLINGS, Pooling
from ..nn.text_pool import Pieces, TextPool
from ..shim import Precision, TorchShim, gradient_of, shim_of, to_array, to_tensor, torch_layer
from ..types import DocVectors, FloatArray, IntArray, Tok2Vec
from .checks import check_at_least, check_choice, check_share, direction_width
from .encoder import predict_runs, predict_tokens
from .feature import run_torch_layer
from .text_embed import text_length, token_sizes

Hierarchy = Literal["sentences", "windows"]
HIERARCHIES = ("sentences", "windows")

# Of a document in segments, so many vectors of tokens are in memory at a time in prediction.
RUN = 8192


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
    dropout: Optional[float] = None,
    nO: Optional[int] = None,
    precision: Precision = "auto",
) -> Model[List[Doc], Floats2d]:
    """Documents to a probability for each category, (n_docs, n_labels).

    tok2vec: any encoder, ours, spaCy's, or a listener; over characters with `embed` = "spacy-rnn.TextEmbed.v1".
    exclusive_classes: exactly one category applies (softmax), or any number of them (logistic).
    pooling: any of "last" (the vectors at both ends: the final states of both directions), "mean", "max" and
        "attention"; several are joined.
    heads: of the attention.
    hierarchy: null pools a document in one step. "sentences" pools each sentence, reads the sentences with a recurrent
        network of their own and pools those; it needs sentence boundaries, and cuts sentences of more than `segment`
        tokens. "windows" does the same with pieces of `segment` tokens (characters, bytes).
    segment_width, segment_cell: of the network over segments, both directions together.
    hidden: the width of a maxout layer between pooling and output; null for none.
    dropout: rate before the output layer; null takes the rate of `training.dropout`.
    nO: the number of categories, usually null: the labels tell.
    precision: "auto", "bf16" or "fp32".
    """
    check_at_least("len(pooling)", len(pooling), 1)
    for kind in pooling:
        check_choice("pooling", kind, POOLINGS)
    if len(set(pooling)) != len(pooling):
        raise ValueError(Errors.R005.format(name="pooling", value=pooling, expected="each kind once at most"))
    check_at_least("heads", heads, 1)
    if hierarchy is not None:
        check_choice("hierarchy", hierarchy, HIERARCHIES)
    check_at_least("segment", segment, 1)
    direction_width(segment_width, bidirectional=True)
    check_choice("segment_cell", segment_cell, CELLS)
    if hidden is not None:
        check_at_least("hidden", hidden, 1)
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
    dims = {"nO": None, "nI": tok2vec.maybe_get_dim("nO")}
    attrs = {"dropout_rate": 0.0, "own_dropout": dropout}
    pool: Model = Model(
        "text_pool", pool_forward, dims=dims, attrs=dict(attrs), shims=[TorchShim(build, precision=precision)]
    )
    head: Model = Model(
        "text_head",
        head_forward,
        dims={"nO": nO, "nI": None},
        attrs={**attrs, "exclusive": exclusive_classes},
        shims=[TorchShim(ClassifierHead, precision=precision)],
    )
    model: Model[List[Doc], Floats2d] = Model(
        "rnn_textcat",
        forward,
        init=init,
        layers=[tok2vec, pool, head],
        dims={"nO": nO},
        refs={"tok2vec": tok2vec, "pool": pool, "output_layer": head},
        attrs={
            "multi_label": not exclusive_classes,
            "hierarchy": hierarchy,
            "segment": segment,
            "resize_output": resize_output,
            "attend": attend if "attention" in pooling else None,
        },
    )
    return model


def init(model: Model, X: Any = None, Y: Any = None) -> None:
    """X: a sample of documents. Y: (n_docs, n_labels), of which the width counts."""
    tok2vec, pool, head = model.layers
    tok2vec.initialize(X=X)
    pool.set_dim("nI", tok2vec.get_dim("nO"), force=True)
    shim = shim_of(pool)
    shim.resize({"width": pool.get_dim("nI")})
    shim.initialize()
    width: Any = shim.module.output_size
    pool.set_dim("nO", width, force=True)
    head.set_dim("nI", width, force=True)
    if Y is not None:
        for node in (model, head):
            node.set_dim("nO", Y.shape[1], force=True)
    shim = shim_of(head)
    shim.resize({"input_size": head.get_dim("nI"), "output_size": head.get_dim("nO")})
    shim.initialize()


def resize_output(model: Model, n_labels: int) -> Model:
    """Make room for more labels, in place; the new ones begin with weights of zero. A model that is not initialized
    learns the number of labels later."""
    head = model.get_ref("output_layer")
    old = shim_of(head)
    if old.sizes is None:
        return model
    # A new identity, since the optimizer remembers the shapes of the old weights.
    new = TorchShim(ClassifierHead, precision=old.precision)
    new.resize({**old.sizes, "output_size": n_labels})
    for before, after in zip(old.module.parameters(), new.module.parameters()):
        after.data[: len(before)] = before.data
    new.touch()
    head.shims[0] = new
    for node in (model, head):
        node.set_dim("nO", n_labels, force=True)
    return model


def forward(model: Model, docs: List[Doc], is_train: bool) -> Tuple[Floats2d, Callable]:
    docs = list(docs)
    tok2vec, pool, head = model.layers
    if not is_train:
        return head.predict(pool.predict((read_runs(model, docs), cut(model, docs), None))), _no_backprop
    vectors, to_docs = tok2vec(docs, is_train)
    pooled, to_vectors = pool((vectors, cut(model, docs), None), is_train)
    probabilities, to_pooled = head(pooled, is_train)

    def backprop(d_scores: Floats2d) -> Any:
        """d_scores: the gradient of the scores before the activation, (n_docs, n_labels)."""
        return to_docs(to_vectors(to_pooled(d_scores)))

    return probabilities, backprop


def attend(model: Model, docs: List[Doc]) -> Tuple[Floats2d, List[FloatArray]]:
    """The probabilities, and for each document the attention weights of its tokens, (n_tokens,), which sum to 1."""
    tok2vec, pool, head = model.layers
    pieces = cut(model, docs)
    weights = np.zeros(int(pieces.lengths.sum()), dtype=np.float32)
    probabilities = head.predict(pool.predict((read_runs(model, docs), pieces, weights)))
    unit = reading_unit(tok2vec)
    attended = []
    for doc, own in zip(docs, np.split(weights, np.cumsum(pieces.lengths)[:-1])):
        if unit is not None and len(doc):
            starts = np.cumsum(sizes := token_sizes(doc, unit)) - sizes
            own = np.add.reduceat(own, starts)
        attended.append(own.copy())
    return probabilities, attended


def reading_unit(tok2vec: Model) -> Optional[str]:
    """What the encoder reads instead of tokens, "char" or "byte"; None for tokens."""
    return next((node.attrs["unit"] for node in tok2vec.walk() if "unit" in node.attrs), None)


def read_runs(model: Model, docs: List[Doc]) -> Union[Tensor, Iterator[Tensor]]:
    """The encoder's vectors of all documents, (n, nO), for prediction; in several tensors, which are computed one after
    the other, where the model has two levels."""
    tok2vec, pool, _ = model.layers
    device = shim_of(pool).device
    if model.attrs["hierarchy"] is None:
        return predict_tokens(tok2vec, docs, device).float()
    return (run.float() for run in predict_runs(tok2vec, docs, device, most=RUN))


def cut(model: Model, docs: List[Doc]) -> Pieces:
    """How the encoder's vectors belong to documents, and to segments where the model has two levels."""
    unit = reading_unit(model.layers[0])
    sizes = map(len, docs) if unit is None else (text_length(doc.text, unit) for doc in docs)
    lengths = np.fromiter(sizes, dtype=np.int64, count=len(docs))
    hierarchy, segment = model.attrs["hierarchy"], model.attrs["segment"]
    if hierarchy is None:
        return Pieces(lengths)
    parts, counts = lengths, (lengths > 0).astype(np.int64)
    if hierarchy == "sentences":
        sentences = [sentence_sizes(doc, unit) for doc in docs]
        counts = np.fromiter(map(len, sentences), dtype=np.int64, count=len(sentences))
        parts = np.concatenate(sentences)
    parts = parts[parts > 0]
    # Even pieces rather than full ones and a short rest.
    pieces = -(-parts // segment)
    owner = np.repeat(np.arange(len(parts)), pieces)
    nth = np.arange(len(owner)) - np.repeat(np.cumsum(pieces) - pieces, pieces)
    sizes = parts[owner] // pieces[owner] + (nth < parts[owner] % pieces[owner])
    of_doc = np.repeat(np.arange(len(docs)), counts)
    return Pieces(lengths, sizes, np.bincount(of_doc, weights=pieces, minlength=len(docs)).astype(np.int64))


def sentence_sizes(doc: Doc, unit: Optional[str]) -> IntArray:
    """The number of tokens of each sentence, or of the units that the encoder reads, (n_sentences,)."""
    if not len(doc):
        return np.zeros(0, dtype=np.int64)
    if len(doc) > 1 and not doc.has_annotation("SENT_START"):
        raise ValueError(Errors.R101)
    starts = doc.to_array(SENT_START) == 1
    starts[0] = True
    sizes = np.ones(len(doc), dtype=np.int64) if unit is None else token_sizes(doc, unit)
    return np.add.reduceat(sizes, np.flatnonzero(starts))


def pool_forward(model: Model, X: Tuple[Any, Pieces, Any], is_train: bool) -> Tuple[Floats2d, Callable]:
    """X: the encoder's vectors (in prediction those of `read_runs`), how they belong together, and an array (n,) to
    write attention weights into."""
    vectors, pieces, weights = X
    shim, _ = _with_dropout(model)
    if not is_train:
        written = None if weights is None else to_tensor(weights, shim.device)
        pooled = shim.predict((vectors, pieces, written))
        if written is not None and shim.device.type != "cpu":
            weights[:] = written.cpu().numpy()
        return to_array(pooled), _no_backprop
    x = to_tensor(DocVectors.join(model.ops, vectors), shim.device, requires_grad=True)
    output, backward = shim.begin_update((x, pieces))

    def backprop(d_pooled: Floats2d) -> List[Floats2d]:
        backward(d_pooled)
        return DocVectors(gradient_of(x), pieces.lengths)

    return to_array(output), backprop


def head_forward(model: Model, X: Floats2d, is_train: bool) -> Tuple[Floats2d, Callable]:
    """(n_docs, nI) to probabilities (n_docs, nO). The callback takes the gradient of the scores before the activation,
    as those of Thinc's softmax layer do."""
    _with_dropout(model)
    scores, backprop = run_torch_layer(model, X, is_train)
    return activate(scores, model.attrs["exclusive"], model.ops.xp), backprop


def activate(scores: Any, exclusive: bool, xp: Any = np) -> Any:
    """Softmax or logistic function. Shape (n, n_labels) to the same."""
    if exclusive:
        odds = xp.exp(scores - scores.max(axis=1, keepdims=True))
        return odds / odds.sum(axis=1, keepdims=True)
    return 1.0 / (1.0 + xp.exp(-scores.clip(-80.0, 80.0)))


def _with_dropout(model: Model) -> Tuple[TorchShim, Any]:
    if model.attrs["own_dropout"] is not None:
        model.attrs["dropout_rate"] = model.attrs["own_dropout"]
    return torch_layer(model)


def _no_backprop(d_pooled: Any) -> List[Floats2d]:
    return []
