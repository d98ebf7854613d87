"""Encoder-decoders as Thinc models: from words to lemmas, and from texts to texts."""

from functools import partial
from pathlib import Path
from typing import Any, Callable, Dict, List, Literal, Optional, Tuple, Type, Union, get_args

import torch
from thinc.api import Model
from thinc.types import Floats2d

from ..base.arrays import lengths_of
from ..base.checks import check_at_least, check_choice, check_share, direction_width
from ..base.lexicon import Lexicon
from ..base.sequences import Decision, Decoded, Search
from ..errors import Errors, SettingError
from ..nn.attention import ATTENTIONS, AttentionKind
from ..nn.embed.lexicon import WithLexicon
from ..nn.rnn import CELLS, Cell
from ..nn.seq2seq.net import Seq2Seq
from ..shim import Precision, TorchShim, gradient_of, in_plain_torch, shim_of, to_array, to_tensor, torch_layer
from .lexicon_file import load_lexicon
from .types import DocVectors, SequenceInput, SequenceModel, Tok2Vec, TokenPositions

Unit = Literal["char", "word"]
UNITS: Tuple[str, ...] = get_args(Unit)


def build_lemmatizer_v1(
    width: int = 64,
    hidden: int = 192,
    cell: Cell = "lstm",
    depth: int = 1,
    attention: AttentionKind = "dot",
    copying: bool = True,
    scheduled_sampling: float = 0.0,
    dropout: Optional[float] = None,
    precision: Precision = "auto",
    tok2vec: Optional[Tok2Vec] = None,
    lexicon: Optional[str] = None,
) -> SequenceModel:
    """The network of `rnn_lemmatizer`. It reads the characters of a word and its tags, decides whether the lemma has to
    be spelled, and spells it.

    width: of a character's vector.
    hidden: the width of the decoder, and of both directions of the encoder together.
    cell: "lstm", "gru", "rnn_tanh", "rnn_relu" or "rnn_sigmoid".
    depth: the number of recurrent layers of the encoder, and of the decoder.
    attention: "dot" (Luong et al. 2015), "additive" (Bahdanau et al. 2015) or "none".
    copying: let the decoder copy characters, also those that training never showed (See et al. 2017); needs attention.
    scheduled_sampling: the share of characters for which the decoder reads in training what it would have written
        itself (Bengio et al. 2015).
    dropout: the dropout rate; null takes that of `training.dropout`.
    precision: "auto", "bf16" or "fp32".
    tok2vec: any encoder of documents, or a listener; its vector of a word in context is added to each character. null
        reads nothing but the word and its tags.
    lexicon: a file that `spacy-rnn lexicon` wrote. It is read when the pipeline is initialized and saved with it. Of
        the lemmas that it gives for a form the network chooses the likeliest, instead of spelling one.
    Raises SettingError for a value out of range, or for copying without attention; initializing raises ModelFileError
    for a dictionary that cannot be used.
    """
    model = _build(
        "lemmatizer", dropout, precision, width=width, hidden_size=hidden, cell=cell, depth=depth, attention=attention,
        copy=copying, sampling=scheduled_sampling, case_flags=2, decisions=len(Decision),
        kind=Seq2Seq if lexicon is None else LexiconSeq2Seq,
    )  # fmt: skip
    model.attrs["lexicon"] = lexicon
    if tok2vec is not None:
        model.layers.append(tok2vec)
        model.set_ref("tok2vec", tok2vec)
    return model


def build_transducer_v1(
    unit: Unit = "char",
    width: int = 128,
    hidden: int = 256,
    cell: Cell = "lstm",
    depth: int = 1,
    attention: AttentionKind = "dot",
    copying: bool = True,
    scheduled_sampling: float = 0.0,
    dropout: Optional[float] = None,
    precision: Precision = "auto",
) -> SequenceModel:
    """The network of `rnn_transducer`.

    unit: whether it reads and writes characters ("char") or words ("word").
    The other settings are those of "spacy-rnn.Lemmatizer.v1", for units instead of characters.
    Raises SettingError for a value out of range, or for copying without attention.
    """
    check_choice("unit", unit, UNITS)
    model = _build(
        "transducer", dropout, precision, width=width, hidden_size=hidden, cell=cell, depth=depth, attention=attention,
        copy=copying, sampling=scheduled_sampling,
    )  # fmt: skip
    model.attrs["unit"] = unit
    return model


class LexiconSeq2Seq(WithLexicon, Seq2Seq):
    """A network with a dictionary, which is saved with it."""


def _build(
    name: str, dropout: Optional[float], precision: Precision, kind: Type[Seq2Seq] = Seq2Seq, **settings: Any
) -> SequenceModel:
    """settings: of `Seq2Seq`."""
    check_at_least("width", settings["width"], 1)
    direction_width(settings["hidden_size"], bidirectional=True)
    check_choice("cell", settings["cell"], CELLS)
    check_at_least("depth", settings["depth"], 1)
    check_choice("attention", settings["attention"], ATTENTIONS)
    if settings["copy"] and settings["attention"] == "none":
        raise SettingError(Errors.R170)
    check_share("scheduled_sampling", settings["sampling"])
    if dropout is not None:
        check_share("dropout", dropout)
    return Model(
        name,
        forward,
        init=init,
        attrs={"dropout_rate": 0.0, "own_dropout": dropout},
        shims=[TorchShim(partial(kind, **settings), precision=precision)],
    )


def set_sizes(model: SequenceModel, sizes: Dict[str, int]) -> None:
    """Build the network for these numbers of "sources", "targets" and "features", see `Seq2Seq`. To be called before
    `initialize`."""
    shim_of(model).resize(sizes)


def init(model: SequenceModel, X: Optional[SequenceInput] = None, Y: Any = None) -> None:
    """X: a sample. Only its documents matter, and only to a network that reads the context of words."""
    shim = shim_of(model)
    if reads_context(model):
        tok2vec = model.layers[0]
        tok2vec.initialize(X=None if X is None or X.positions is None else X.positions.docs)
        shim.resize({**(shim.sizes or {}), "context": tok2vec.get_dim("nO")})
    if isinstance(shim.module, WithLexicon):
        shim.module.use(load_lexicon(Path(model.attrs["lexicon"])))
    shim.initialize()


def lexicon_of(model: SequenceModel) -> Optional[Lexicon]:
    """The dictionary of the network, if it has one."""
    module = shim_of(model).module
    return module.lexicon if isinstance(module, WithLexicon) else None


def reads_context(model: SequenceModel) -> bool:
    """Whether the network reads what surrounds a word."""
    return bool(model.layers)  # a copy that Thinc makes has no references


def weights_version(model: SequenceModel) -> Tuple[int, int, str, str]:
    """A value that changes whenever the weights may have changed."""
    return shim_of(model).version


@in_plain_torch
def forward(model: SequenceModel, X: SequenceInput, is_train: bool) -> Tuple[Union[Floats2d, Decoded], Callable]:
    if model.attrs["own_dropout"] is not None:
        model.attrs["dropout_rate"] = model.attrs["own_dropout"]
    shim, _ = torch_layer(model)
    context, backprop_context = _context(model, X.positions, is_train)
    inputs = (X.sources, X.task, context)
    if not is_train or isinstance(X.task, Search):
        found: Any = shim.predict(inputs)
        return found if isinstance(found, Decoded) else to_array(found), lambda d_output: []
    output, backward = shim.begin_update(inputs)

    def backprop(d_output: Any) -> List:
        backward(d_output)
        backprop_context()
        return []

    return to_array(output), backprop


def _context(
    model: SequenceModel, positions: Optional[TokenPositions], is_train: bool
) -> Tuple[Optional[torch.Tensor], Callable[[], None]]:
    """The vectors of tokens in their documents, (n, context), and a callback that passes their gradient on."""
    if not reads_context(model) or positions is None:
        return None, lambda: None
    docs, tokens = positions
    vectors, backprop = model.layers[0](docs, is_train)
    device = shim_of(model).device
    joined = to_tensor(DocVectors.join(model.ops, vectors), device, requires_grad=is_train)

    def finish() -> None:
        backprop(DocVectors(gradient_of(joined), lengths_of(docs)))

    return joined[torch.from_numpy(tokens).to(device)], finish
