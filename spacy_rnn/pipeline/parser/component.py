"""The component `rnn_parser`: dependency trees."""

from itertools import islice
from typing import Any, Callable, Dict, Iterable, List, Literal, Optional, Tuple, get_args

import numpy as np
import spacy.util
from spacy.language import Language
from spacy.pipeline.dep_parser import parser_score
from spacy.tokens import Doc
from spacy.training import Example, validate_get_examples
from spacy.vocab import Vocab
from thinc.api import Config, Model
from thinc.types import Floats2d

from ...base.checks import check_at_least, check_choice
from ...base.distributed import all_reduce
from ...base.parsing import UNKNOWN, StartSearch, TreeSearch, TreeTargets
from ...errors import AnnotationError, Errors, NotInitializedError, TrainingError
from ...models.types import ParserInput, ParserModel
from ..base import GetLoss, Prepare, RehearsalMixin
from ..defaults import DEFAULT_EMBED
from ..extensions import ARC_PROBS, register
from ..strings import Strings
from .annotate import Prediction, write_trees
from .gold import GoldTrees, gold_layout, read_gold, to_targets
from .labels import DEP_LABEL, LabelData, check_labels, collect_labels, columns_of, merge_labels, no_labels
from .labels import ROOT as ROOT_LABEL
from .sentences import SentenceLayout, Tokens

Decoder = Literal["mst", "projective"]
SentenceSource = Literal["doc", "predict"]

DEFAULT_MODEL = f"""
[model]
@architectures = "spacy-rnn.Parser.v1"

[model.tok2vec]
@architectures = "spacy-rnn.RNNEncoder.v1"

{DEFAULT_EMBED}
[model.tok2vec.encode]
@architectures = "spacy-rnn.RNN.v1"
depth = 2
"""


@Language.factory(
    "rnn_parser",
    assigns=["token.dep", "token.head", "token.is_sent_start", "doc.sents", "token._.arc_prob"],
    default_config={
        "model": Config().from_str(DEFAULT_MODEL)["model"],
        "decoder": "mst",
        "sentences": "doc",
        "max_length": 1000,
        "overwrite": True,
        "save_probs": False,
        "scorer": {"@scorers": "spacy.parser_scorer.v1"},
    },
    default_score_weights={
        "dep_uas": 0.5,
        "dep_las": 0.5,
        "dep_las_per_type": None,
        "sents_p": None,
        "sents_r": None,
        "sents_f": 0.0,
    },
)
def make_rnn_parser(
    nlp: Language,
    name: str,
    model: Model,
    decoder: Decoder,
    sentences: SentenceSource,
    max_length: int,
    overwrite: bool,
    save_probs: bool,
    scorer: Optional[Callable],
) -> "RNNParser":
    """Construct the component; see `RNNParser` for the settings."""
    return RNNParser(
        nlp.vocab,
        model,
        name,
        decoder=decoder,
        sentences=sentences,
        max_length=max_length,
        overwrite=overwrite,
        save_probs=save_probs,
        scorer=scorer,
    )


class RNNParser(RehearsalMixin):
    """Predicts `token.head` and `token.dep`: for each sentence the best tree with exactly one root.

    Whitespace hangs on the word before it, with the label "dep".

    decoder: "mst", any tree, or "projective", trees without crossing arcs.
    sentences: "doc" for the sentences that the document has, from another component or otherwise; a document without
        any is one sentence. "predict" to find sentence starts where the document has none of its own.
    max_length: a longer sentence is cut into pieces of so many words. Memory grows with the square of it, and with
        "projective" time with its cube.
    overwrite: replace the trees of documents that are parsed already.
    save_probs: keep the marginal probability of each arc in `token._.arc_prob`. That of whitespace is 1.

    Raises SettingError for settings out of range.
    """

    LEARNED = ("labels", "learned_starts")
    KEPT = (("save_probs", "token._.arc_prob"),)

    model: ParserModel

    def __init__(
        self,
        vocab: Vocab,
        model: ParserModel,
        name: str = "rnn_parser",
        *,
        decoder: Decoder = "mst",
        sentences: SentenceSource = "doc",
        max_length: int = 1000,
        overwrite: bool = True,
        save_probs: bool = False,
        scorer: Optional[Callable] = parser_score,
    ):
        check_choice("decoder", decoder, get_args(Decoder))
        check_choice("sentences", sentences, get_args(SentenceSource))
        check_at_least("max_length", max_length, 1)
        self.vocab = vocab
        self.model = model
        self.name = name
        self.scorer = scorer
        self._rehearsal_model: Optional[Model] = None
        self.cfg: Dict[str, Any] = {
            "labels": no_labels(),
            "learned_starts": False,
            "decoder": decoder,
            "sentences": sentences,
            "max_length": max_length,
            "overwrite": overwrite,
            "save_probs": save_probs,
        }
        self._remember_settings()
        if save_probs:
            register(ARC_PROBS, "arc_prob")

    # ---- labels

    @property
    def labels(self) -> Tuple[str, ...]:
        """All labels, sorted."""
        return tuple(sorted(set(columns_of(self.cfg["labels"]))))

    @property
    def label_data(self) -> LabelData:
        """The labels of "arcs" and of "roots", as `spacy init labels` stores them."""
        return {kind: list(own) for kind, own in self.cfg["labels"].items()}

    def add_label(self, label: str) -> int:
        """Add a label of arcs; "ROOT" is one of roots. RETURNS 0 if it exists already, else 1. Raises AnnotationError
        after `initialize`, and for a label that is no text."""
        if not isinstance(label, str) or not label:
            raise AnnotationError(Errors.R158.format(name=self.name, label=label))
        if label in self.labels:
            return 0
        if self.model.has_dim("nO"):
            raise AnnotationError(Errors.R019.format(name=self.name, label=label))
        labels = self.label_data
        labels["roots" if label == ROOT_LABEL else "arcs"].append(label)
        self.cfg["labels"] = labels
        self._add_strings()
        return 1

    def _label_strings(self) -> Tuple[str, ...]:
        return self.labels

    # ---- prediction

    def predict(self, docs: Iterable[Doc]) -> Prediction:
        """RETURNS the best trees. Raises NotInitializedError without labels, and for sentences = "predict" if the model
        did not learn to find them."""
        docs = list(docs)
        tokens = Tokens.read(docs)
        if not len(tokens.spaces):
            nothing = np.zeros(0, dtype=np.int64)
            return Prediction(nothing, nothing, nothing > 0, [])
        if not self.cfg["labels"]["roots"]:
            raise NotInitializedError(Errors.R016.format(name=self.name))
        predicts = self.cfg["sentences"] == "predict"
        if predicts and not self.cfg["learned_starts"]:
            raise NotInitializedError(Errors.R122.format(name=self.name))
        from ...models.parser import read_docs  # on use: it brings torch

        run = read_docs(self.model, docs)
        scores = run(tokens.words, StartSearch()) if predicts else None
        layout = self._layout(tokens, scores)
        found = run(layout.sentences, TreeSearch(self.cfg["decoder"] == "projective", self.cfg["save_probs"]))
        return self._as_prediction(layout, found)

    def _layout(self, tokens: Tokens, scores: Any = None) -> SentenceLayout:
        return SentenceLayout.build(tokens, tokens.marks, self.cfg["max_length"], self.name, scores=scores)

    def _as_prediction(self, layout: SentenceLayout, found: Any) -> Prediction:
        """Trees of words as trees of all tokens."""
        labels = [*columns_of(self.cfg["labels"]), DEP_LABEL]
        heads = layout.to_rows(found.heads)
        # Of whitespace: "dep", and the first label of roots where it is one.
        whitespace = np.where(heads == np.arange(len(heads)), len(self.cfg["labels"]["arcs"]), len(labels) - 1)
        columns = whitespace
        columns[layout.sentences.rows] = found.labels
        probabilities = None
        if found.marginals is not None:
            probabilities = np.ones(len(heads), dtype=np.float32)
            probabilities[layout.sentences.rows] = found.marginals
        return Prediction(heads, columns, layout.starts, labels, probabilities)

    def set_annotations(self, docs: Iterable[Doc], prediction: Prediction) -> None:
        """Write trees to the documents."""
        write_trees(list(docs), prediction, overwrite=self.cfg["overwrite"])

    # ---- training

    def initialize(
        self,
        get_examples: Callable[[], Iterable[Example]],
        *,
        nlp: Optional[Language] = None,
        labels: Optional[LabelData] = None,
    ) -> None:
        """Prepare for training.

        get_examples: returns a representative sample of the training data.
        labels: as `spacy init labels` writes them, see `label_data`; None to collect them from the sample.

        Raises AnnotationError if there are no labels.
        """
        validate_get_examples(get_examples, "RNNParser.initialize")
        spacy.util.check_lexeme_norms(self.vocab, "rnn_parser")
        found = collect_labels(get_examples()) if labels is None else check_labels(labels, self.name)
        if not any(found.values()) and not self.labels:
            raise AnnotationError(Errors.R120.format(name=self.name))
        self.cfg["labels"] = merge_labels(self.label_data, found)
        self.cfg["learned_starts"] = self.cfg["sentences"] == "predict"
        from ...models.parser import set_labels  # on use: it brings torch

        set_labels(self.model, len(columns_of(self.cfg["labels"])), len(self.cfg["labels"]["roots"]))
        sample: Any = [example.x for example in islice(get_examples(), 10)]
        self.model.initialize(X=sample)

    def _inputs(self, examples: List[Example]) -> Optional[ParserInput]:
        gold = read_gold(examples)
        layout = self._gold_layout(examples, gold)
        strings = Strings(example.reference for example in examples)
        targets = to_targets(gold, layout, self.cfg["labels"], strings, learn_starts=self.cfg["learned_starts"])
        return _input(examples, layout, targets)

    def _gold_layout(self, examples: List[Example], gold: GoldTrees) -> SentenceLayout:
        tokens = Tokens.read([example.predicted for example in examples])
        return gold_layout(gold, tokens, self.cfg["max_length"], self.name)

    def get_loss(self, examples: Iterable[Example], scores: Floats2d) -> Tuple[float, Floats2d]:
        """The loss, summed over tokens, and the gradient of its mean. Raises TrainingError if it is not finite.

        scores: (n, 3), the log-probabilities of heads, labels and sentence starts, 0 where there is no annotation.
        """
        array: Any = scores
        loss = -float(array.sum())
        if not np.isfinite(loss):
            raise TrainingError(Errors.R013.format(name=self.name))
        gradient: Any = self.model.ops.xp.full_like(scores, -1.0 / max(1, all_reduce(len(scores))))
        return loss, gradient

    def _rehearsal(self, teacher: Model) -> Tuple[GetLoss, Prepare]:
        """The trees of the teacher are the targets (Kim & Rush 2016, sect. 3.2)."""

        def prepare(examples: List[Example]) -> Optional[ParserInput]:
            layout = self._gold_layout(examples, read_gold(examples))
            found: Any = teacher.predict(ParserInput([e.predicted for e in examples], layout.sentences, TreeSearch()))
            starts = layout.starts[layout.sentences.rows].astype(np.int64) if self.cfg["learned_starts"] else None
            return _input(examples, layout, TreeTargets(found.heads, found.labels, starts))

        return self.get_loss, prepare

    # ---- scoring

    def score(self, examples: Iterable[Example], **kwargs: Any) -> Dict[str, Any]:
        """spaCy's scores of trees and sentences: `dep_uas`, `dep_las`, `dep_las_per_type`, `sents_f` and so on."""
        return {} if self.scorer is None else dict(self.scorer(list(examples), **kwargs))


def _input(examples: List[Example], layout: SentenceLayout, targets: TreeTargets) -> Optional[ParserInput]:
    """None if there is nothing to learn."""
    parts = [part for part in (targets.heads, targets.starts) if part is not None]
    if all((part == UNKNOWN).all() for part in parts):
        return None
    return ParserInput([example.predicted for example in examples], layout.sentences, targets)
