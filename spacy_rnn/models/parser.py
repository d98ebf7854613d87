"""The parser's model: any encoder, and deep biaffine attention between the tokens of each sentence."""

from functools import partial
from typing import Any, Callable, Dict, List, Optional, Tuple

from spacy.tokens import Doc
from thinc.api import Model

from ..base.checks import check_at_least, check_share
from ..base.parsing import ParseTask, Sentences, TreeTargets
from ..nn.parsing.biaffine import BiaffineParser
from ..shim import Precision, TorchShim, in_plain_torch, shim_of, to_array
from .encoder import learn_tokens, predict_tokens
from .types import ParserInput, ParserModel, Tok2Vec


def build_parser_v1(
    tok2vec: Tok2Vec,
    arc_width: int = 256,
    label_width: int = 64,
    dropout: Optional[float] = None,
    precision: Precision = "auto",
) -> ParserModel:
    """The model of `rnn_parser`: deep biaffine attention (Dozat & Manning 2017) over the vectors of tokens.

    tok2vec: any encoder, ours, spaCy's, or a listener.
    arc_width: of the vectors that decide which token is the head of another one.
    label_width: of the vectors that decide about the label of an arc.
    dropout: rate of these vectors; null for the rate of `training.dropout`.
    precision: "auto", "bf16" or "fp32". Scores of arcs are always summed in float32.

    Raises SettingError for a value out of range.
    """
    check_at_least("arc_width", arc_width, 1)
    check_at_least("label_width", label_width, 1)
    if dropout is not None:
        check_share("dropout", dropout)
    return Model(
        "rnn_parser",
        forward,
        init=init,
        layers=[tok2vec],
        dims={"nO": None},
        attrs={"dropout_rate": 0.0, "own_dropout": dropout},
        refs={"tok2vec": tok2vec},
        shims=[TorchShim(partial(BiaffineParser, arc_size=arc_width, label_size=label_width), precision=precision)],
    )


def set_labels(model: ParserModel, labels: int, root_labels: int) -> None:
    """Build the network for so many labels, those of roots included, see `BiaffineParser`. To be called before
    `initialize`."""
    model.set_dim("nO", labels, force=True)
    shim = shim_of(model)
    shim.resize({**(shim.sizes or {"input_size": 1}), "labels": labels, "root_labels": root_labels})


def init(model: ParserModel, X: Any = None, Y: Any = None) -> None:
    """X: a sample of documents."""
    tok2vec = model.layers[0]
    tok2vec.initialize(X=X)
    shim = shim_of(model)
    sizes: Dict[str, Any] = {**(shim.sizes or {}), "input_size": tok2vec.get_dim("nO")}
    shim.resize(sizes)
    shim.initialize()


@in_plain_torch
def forward(model: ParserModel, X: ParserInput, is_train: bool) -> Tuple[Any, Callable]:
    if not is_train or not isinstance(X.task, TreeTargets):
        found = read_docs(model, X.docs)(X.sentences, X.task)
        return found, lambda d_output: []
    return learn_tokens(model, X.docs, X.sentences, X.task)


@in_plain_torch
def read_docs(model: ParserModel, docs: List[Doc]) -> Callable[[Sentences, ParseTask], Any]:
    """Encode documents once. Returns a function that takes sentences of their joined tokens and a task, and gives what
    `BiaffineParser` gives: `Parses`, or an array of scores."""
    shim = shim_of(model)
    vectors = predict_tokens(model.layers[0], docs, shim.device)

    def run(sentences: Sentences, task: ParseTask) -> Any:
        found: Any = shim.predict((vectors, sentences, task))
        return found if isinstance(found, tuple) else model.ops.to_numpy(to_array(found))

    return run
