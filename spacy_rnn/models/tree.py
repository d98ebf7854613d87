"""Recursive networks over dependency parses: an encoder for any component, and the model of `tree_rnn`."""

from functools import partial
from typing import Any, Callable, Iterator, List, Optional, Tuple

import numpy as np
import torch
from spacy.tokens import Doc
from thinc.api import Model
from thinc.types import Floats2d

from ..base.checks import check_at_least, check_choice, direction_width
from ..base.parses import ParsedDocs, read_trees
from ..base.trees import Trees
from ..errors import Errors, SettingError
from ..nn.tree.cells import TREE_CELLS, TreeCell
from ..nn.tree.net import TreeNet, build_batch
from ..nn.tree.output import TREE_POOLINGS, TreeOutput, TreePooling
from ..shim import Precision, TorchShim, gradient_of, in_plain_torch, shim_of, to_array, to_tensor, torch_layer
from ..types import IntArray
from .types import DocVectors, Tok2Vec, TreeScores, WordVectors


def build_tree_encoder_v1(
    embed: Model[List[Doc], Any],
    width: int = 150,
    cell: TreeCell = "lstm",
    attention: bool = False,
    top_down: bool = False,
    dep_width: int = 0,
    dep_matrices: bool = False,
    dep_rows: int = 64,
    dep_min_count: int = 100,
    max_tokens: int = 8192,
    precision: Precision = "fp32",
) -> Tok2Vec:
    """A recursive network along the dependency trees of parsed documents. It is a tok2vec architecture for any
    component that runs after the parser.

    embed: "spacy-rnn.WordFeatures.v1", or any encoder, such as "spacy-rnn.RNNEncoder.v1".
    width: of the output. With `top_down` each pass gives half of it.
    cell: "lstm" (Child-Sum Tree-LSTM), "gru", "rnn_tanh" or "rnn_relu".
    attention: average the states of children by learned weights instead of summing them.
    top_down: add a pass from the roots down, so that a word's vector depends on the whole sentence instead of its own
        subtree only.
    dep_width: of a learned vector of the dependency label, a second input of each word; 0 for none.
    dep_matrices: use a matrix for each dependency label. Only with the cells "rnn_tanh" and "rnn_relu".
    dep_rows: the number of labels with a vector and a matrix of their own, in the order in which training meets them.
    dep_min_count: labels that training meets less often share a matrix.
    max_tokens: predict documents in groups of about so many tokens, so that memory does not grow with the batch.
    precision: "auto", "bf16" or "fp32". Levels are small and of many sizes, for which bf16 is slower.

    Raises SettingError for a setting out of range. The model raises AnnotationError for documents without a parse.
    """
    check_choice("cell", cell, TREE_CELLS)
    check_at_least("dep_width", dep_width, 0)
    check_at_least("dep_rows", dep_rows, 2)
    check_at_least("dep_min_count", dep_min_count, 1)
    check_at_least("max_tokens", max_tokens, 1)
    if dep_matrices and not cell.startswith("rnn_"):
        raise SettingError(Errors.R151.format(cell=cell))
    build = partial(
        TreeNet,
        hidden_size=direction_width(width, top_down),
        cell=cell,
        attention=attention,
        top_down=top_down,
        label_size=dep_width,
        n_labels=dep_rows,
        by_relation=dep_matrices,
        min_count=dep_min_count,
    )
    return Model(
        "tree_encoder",
        encoder_forward,
        init=encoder_init,
        layers=[embed],
        dims={"nO": width, "nI": None},
        attrs={"dropout_rate": 0.0, "max_tokens": max_tokens, "sample": Sample()},
        refs={"embed": embed},
        shims=[TorchShim(build, precision=precision)],
    )


class Sample:
    """Holds the documents that a model was initialized with. A layer above may predict them during `initialize`, before
    a parser has seen them. A copy of a model holds none."""

    docs: Any = None

    def __reduce__(self) -> Tuple[Any, ...]:
        return Sample, ()


def encoder_init(model: Model, X: Any = None, Y: Any = None) -> None:
    embed = model.layers[0]
    embed.initialize(X=X)
    width = embed.maybe_get_dim("nO")
    if width is None and X is not None:
        width = _flat(model, embed.predict(X))[0].shape[1]
    if width is not None:
        model.set_dim("nI", width, force=True)
    shim = shim_of(model)
    shim.resize({"input_size": model.get_dim("nI")})
    shim.initialize()
    model.attrs["sample"].docs = X


@in_plain_torch
def encoder_forward(model: Model, docs: List[Doc], is_train: bool) -> Tuple[List[Floats2d], Callable]:
    sample = model.attrs["sample"]
    if docs is sample.docs and not is_train:
        trees = read_trees(docs)
    else:
        sample.docs = None
        docs = ParsedDocs.read(docs, model.name)
        trees = docs.trees
    if not trees.lengths.any():
        return DocVectors(model.ops.alloc2f(0, model.get_dim("nO")), trees.lengths), lambda d_outputs: []
    if is_train:
        return _update(model, docs, trees)
    groups = _groups(trees.lengths, model.attrs["max_tokens"])
    parts = [_predict(model, docs[group], trees.part(group)) for group in groups]
    joined = parts[0] if len(parts) == 1 else model.ops.xp.concatenate(parts)
    return DocVectors(joined, trees.lengths), lambda d_outputs: []


def _groups(lengths: IntArray, max_tokens: int) -> Iterator[slice]:
    """Documents in groups of about `max_tokens` tokens. No group is without tokens."""
    group = np.maximum(np.cumsum(lengths) - 1, 0) // max_tokens
    bounds = [0, *(np.flatnonzero(np.diff(group)) + 1).tolist(), len(lengths)]
    return (slice(start, end) for start, end in zip(bounds, bounds[1:]))


def _predict(model: Model, docs: List[Doc], trees: Trees) -> Floats2d:
    inputs = _net_inputs(model, model.layers[0].predict(docs), trees, is_train=False)
    return to_array(shim_of(model).predict(inputs))


def _update(model: Model, docs: List[Doc], trees: Trees) -> Tuple[List[Floats2d], Callable]:
    embedded, backprop_embed = model.layers[0](docs, True)
    inputs = _net_inputs(model, embedded, trees, is_train=True)
    output, backward = shim_of(model).begin_update(inputs)

    def backprop(d_outputs: List[Floats2d]) -> Any:
        backward(DocVectors.join(model.ops, d_outputs))
        d_vectors = gradient_of(inputs[0])
        return backprop_embed(d_vectors if isinstance(embedded, WordVectors) else DocVectors(d_vectors, trees.lengths))

    return DocVectors(to_array(output), trees.lengths), backprop


def _net_inputs(model: Model, embedded: Any, trees: Trees, *, is_train: bool) -> Tuple[Any, ...]:
    """The input of `TreeNet`, the trees that read it, and the rows of their dependency labels."""
    shim, net = torch_layer(model)
    assert isinstance(net, TreeNet)
    vectors, index = _flat(model, embedded)
    if index is not None and not is_train:
        # The table may hold all words seen so far, of which a batch has few.
        used, index = np.unique(index, return_inverse=True)
        vectors = vectors[model.ops.xp.asarray(used)]
    x = to_tensor(vectors, shim.device, requires_grad=is_train)
    batch = build_batch(trees, index, len(vectors), top_down=net.down is not None, device=shim.device)
    if net.labels is None:
        return x, batch, None
    distinct, inverse, counts = np.unique(trees.labels, return_inverse=True, return_counts=True)
    if is_train:
        net.labels.learn(distinct, counts)
    return x, batch, net.labels.find(distinct)[inverse]


def _flat(model: Model, embedded: Any) -> Tuple[Any, Optional[IntArray]]:
    """The rows of the input, and the row that each token reads; None if token i reads row i."""
    if isinstance(embedded, WordVectors):
        return embedded.vectors, embedded.index
    return DocVectors.join(model.ops, embedded), None


def build_tree_rnn_v1(
    tok2vec: Tok2Vec, pooling: TreePooling = "mean", precision: Precision = "auto"
) -> Model[List[Doc], TreeScores]:
    """The model of `tree_rnn`: parsed documents to the scores of all labels for every node and every document.

    tok2vec: "spacy-rnn.TreeEncoder.v1", or a listener to one.
    pooling: how the roots of a document's trees, one a sentence, become its vector: "mean", or "attention" for an
        average by learned weights.
    precision: "auto", "bf16" or "fp32".
    """
    check_choice("pooling", pooling, TREE_POOLINGS)
    build = partial(TreeOutput, pooling=pooling)
    return Model(
        "tree_rnn",
        rnn_forward,
        init=rnn_init,
        layers=[tok2vec],
        dims={"nO": None},
        refs={"tok2vec": tok2vec},
        shims=[TorchShim(build, precision=precision)],
    )


def rnn_init(model: Model, X: Any = None, Y: Any = None) -> None:
    """X: parsed documents. Y: (n, n_scores), of which only the width is used."""
    tok2vec = model.layers[0]
    tok2vec.initialize(X=X)
    if Y is not None:
        model.set_dim("nO", Y.shape[1], force=True)
    shim = shim_of(model)
    shim.resize({"input_size": tok2vec.get_dim("nO"), "output_size": model.get_dim("nO")})
    shim.initialize()


@in_plain_torch
def rnn_forward(model: Model, docs: List[Doc], is_train: bool) -> Tuple[TreeScores, Callable]:
    shim, _ = torch_layer(model)
    docs = ParsedDocs.read(docs, model.name)
    trees = docs.trees
    tok2vec = model.layers[0]
    if trees.lengths.any():
        vectors, backprop_vectors = tok2vec(docs, is_train)
        joined = DocVectors.join(model.ops, vectors)
    else:  # which some encoders of spaCy's do not take
        joined, backprop_vectors = model.ops.alloc2f(0, tok2vec.get_dim("nO")), lambda d_vectors: []
    roots = trees.roots
    owner = np.repeat(np.arange(len(docs)), trees.lengths)[roots]
    x = to_tensor(joined, shim.device, requires_grad=is_train)
    inputs = (x, torch.from_numpy(roots).to(shim.device), torch.from_numpy(owner).to(shim.device), len(docs))
    output, backward = shim.begin_update(inputs) if is_train else (shim.predict(inputs), None)
    scores = to_array(output)

    def backprop(d_scores: TreeScores) -> List[Doc]:
        assert backward is not None
        backward(model.ops.xp.concatenate([d_scores.nodes, d_scores.docs]))
        return backprop_vectors(DocVectors(gradient_of(x), trees.lengths))

    return TreeScores(scores[: len(joined)], scores[len(joined) :], joined, trees), backprop
