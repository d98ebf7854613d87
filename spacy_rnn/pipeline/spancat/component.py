"""The component `rnn_spancat`: spans that may overlap and contain each other."""

from typing import Any, Callable, Dict, Iterable, List, Optional, Set, Tuple

import numpy as np
from spacy.language import Language
from spacy.pipeline.spancat import DEFAULT_SPANS_KEY, spancat_score
from spacy.tokens import Doc
from spacy.training import Example
from spacy.util import logger
from spacy.vocab import Vocab
from thinc.api import Config, Model

from ...base.checks import check_at_least, check_between
from ...base.spans import FoundSpans, Spans, SpanSearch, SpanTargets
from ...errors import AnnotationError, Errors, NotInitializedError
from ...models.types import PieceInput, SpanModel
from ...types import IntArray
from ..base import GetLoss, Prepare
from ..defaults import DEFAULT_EMBED
from ..extensions import SPAN_PROBS, register
from ..spans import SpanLearning, Tokens
from .annotate import Prediction, write_spans
from .gold import GoldSpans, read_gold
from .scoring import span_calibration

DEFAULT_MODEL = f"""
[model]
@architectures = "spacy-rnn.SpanCat.v1"

[model.tok2vec]
@architectures = "spacy-rnn.RNNEncoder.v1"

{DEFAULT_EMBED}
[model.tok2vec.encode]
@architectures = "spacy-rnn.RNN.v1"
depth = 1
"""


@Language.factory(
    "rnn_spancat",
    assigns=["doc.spans", "doc._.rnn_span_probs"],
    default_config={
        "model": Config().from_str(DEFAULT_MODEL)["model"],
        "spans_key": DEFAULT_SPANS_KEY,
        "threshold": 0.5,
        "max_positive": None,
        "max_width": 30,
        "max_length": 1000,
        "allow_crossing": True,
        "unknown_key": None,
        "save_probs": False,
        "scorer": {"@scorers": "spacy.spancat_scorer.v1"},
    },
    default_score_weights={
        f"spans_{DEFAULT_SPANS_KEY}_f": 1.0,
        f"spans_{DEFAULT_SPANS_KEY}_p": 0.0,
        f"spans_{DEFAULT_SPANS_KEY}_r": 0.0,
    },
)
def make_rnn_spancat(
    nlp: Language,
    name: str,
    model: Model,
    spans_key: str,
    threshold: float,
    max_positive: Optional[int],
    max_width: Optional[int],
    max_length: int,
    allow_crossing: bool,
    unknown_key: Optional[str],
    save_probs: bool,
    scorer: Optional[Callable],
) -> "RNNSpanCategorizer":
    """Construct the component; see `RNNSpanCategorizer` for the settings."""
    return RNNSpanCategorizer(
        nlp.vocab,
        model,
        name,
        spans_key=spans_key,
        threshold=threshold,
        max_positive=max_positive,
        max_width=max_width,
        max_length=max_length,
        allow_crossing=allow_crossing,
        unknown_key=unknown_key,
        save_probs=save_probs,
        scorer=scorer,
    )


class RNNSpanCategorizer(SpanLearning):
    """Predicts `doc.spans[spans_key]`, which is replaced. The probability of each span stands in the attribute "scores"
    of the group, as spaCy's `spancat` has it.

    A span neither begins nor ends with whitespace, and does not cross the start of a sentence that the document knows
    of. It may have several labels, and is there once for each.

    threshold: the lowest probability of a span and its label that is predicted.
    max_positive: the most labels of a span; None for any number.
    max_width: the tokens of the longest span; None for any length. Memory grows with it.
    max_length: a sentence, or a document without sentences, is cut after so many tokens, with a warning, and no span
        crosses a cut.
    allow_crossing: predict spans that overlap without containing each other. If not, the set of spans is predicted that
        is best together.
    unknown_key: the key of stretches of text in `doc.spans` of gold documents, about which nothing but the spans there
        is known; None if everything is known.
    save_probs: keep the probabilities of all labels of each span in `span._.prob` and `span._.label_probs`, and score
        the calibration.

    Raises SettingError for settings out of range.
    """

    FACTORY = "rnn_spancat"
    LEFT_OUT = (
        "spans cannot be learned and are left out: no tokens stand for them, they begin or end with whitespace, they "
        "cross the start of a sentence, they are longer than max_width, or they have another label"
    )
    KEPT = (("save_probs", "doc._.rnn_span_probs"),)

    model: SpanModel

    def __init__(
        self,
        vocab: Vocab,
        model: SpanModel,
        name: str = "rnn_spancat",
        *,
        spans_key: str = DEFAULT_SPANS_KEY,
        threshold: float = 0.5,
        max_positive: Optional[int] = None,
        max_width: Optional[int] = 30,
        max_length: int = 1000,
        allow_crossing: bool = True,
        unknown_key: Optional[str] = None,
        save_probs: bool = False,
        scorer: Optional[Callable] = spancat_score,
    ):
        check_between("threshold", threshold, 0.0, 1.0)
        check_at_least("max_length", max_length, 1)
        for setting, value in (("max_positive", max_positive), ("max_width", max_width)):
            if value is not None:
                check_at_least(setting, value, 1)
        self.vocab = vocab
        self.model = model
        self.name = name
        self.scorer = scorer
        self._rehearsal_model: Optional[Model] = None
        self.cfg: Dict[str, Any] = {
            "labels": [],
            "spans_key": spans_key,
            "threshold": threshold,
            "max_positive": max_positive,
            "max_width": max_width,
            "max_length": max_length,
            "allow_crossing": allow_crossing,
            "unknown_key": unknown_key,
            "save_probs": save_probs,
        }
        self._remember_settings()
        if save_probs:
            register(SPAN_PROBS, "prob", "label_probs")

    @property
    def key(self) -> str:
        """The key of `doc.spans`."""
        return str(self.cfg["spans_key"])

    # ---- prediction

    def predict(self, docs: Iterable[Doc]) -> Prediction:
        """RETURNS the spans that are likely enough. Raises NotInitializedError without labels."""
        docs = list(docs)
        tokens = Tokens.read(docs)
        if not len(tokens.spaces):
            return Prediction(_nothing(len(self.labels), self.cfg["save_probs"]), self.labels)
        if not self.labels:
            raise NotInitializedError(Errors.R016.format(name=self.name))
        search = self._search(tokens, all_labels=self.cfg["save_probs"])
        found: Any = self.model.predict(PieceInput(docs, self._pieces(tokens), search))
        return Prediction(found, self.labels)

    def _search(self, tokens: Tokens, *, all_labels: bool = False) -> SpanSearch:
        settings = {name: self.cfg[name] for name in ("max_width", "threshold", "max_positive", "allow_crossing")}
        return SpanSearch(~tokens.spaces, **settings, all_labels=all_labels)

    def _pieces(self, tokens: Tokens) -> IntArray:
        """The lengths of the pieces that are read each by itself."""
        most, longest = self.cfg["max_length"], tokens.longest
        if longest > most:
            message = "%s: a sentence of %d tokens is cut into pieces of %d (max_length)"
            logger.warning(message, self.name, longest, most)
        return tokens.pieces(most)

    def set_annotations(self, docs: Iterable[Doc], prediction: Prediction) -> None:
        """Set the group of spans of each document."""
        write_spans(list(docs), prediction, self.key)

    # ---- training

    def _no_labels(self) -> AnnotationError:
        return AnnotationError(Errors.R132.format(name=self.name, key=self.key))

    def _labels_of(self, doc: Doc) -> Set[str]:
        return {span.label_ for span in doc.spans.get(self.key, ()) if span.label_}

    def _inputs(self, examples: List[Example]) -> Optional[PieceInput]:
        gold, pieces = self._read_gold(examples, self.label_data)
        self._report(gold.n_spans, gold.n_learned)
        return self._as_input(examples, pieces, gold.targets)

    def _as_input(self, examples: List[Example], pieces: IntArray, targets: SpanTargets) -> Optional[PieceInput]:
        """None if there is nothing to learn."""
        free = targets.edges if targets.unknown is None else targets.edges & ~targets.unknown
        if not free.any() and not len(targets.spans.starts):
            return None
        return PieceInput([example.predicted for example in examples], pieces, targets)

    def _read_gold(self, examples: List[Example], labels: List[str]) -> Tuple[GoldSpans, IntArray]:
        """The gold spans, and the lengths of the pieces."""
        tokens = Tokens.read([example.predicted for example in examples])
        pieces = self._pieces(tokens)
        settings = {name: self.cfg[name] for name in ("max_width", "unknown_key")}
        return read_gold(examples, tokens, pieces, labels, self.key, **settings), pieces

    def _rehearsal(self, teacher: Model) -> Tuple[GetLoss, Prepare]:
        """The spans of the teacher are the targets (Kim & Rush 2016, sect. 3.2)."""

        def prepare(examples: List[Example]) -> Optional[PieceInput]:
            docs = [example.predicted for example in examples]
            tokens = Tokens.read(docs)
            pieces, search = self._pieces(tokens), self._search(tokens)
            found: Any = teacher.predict(PieceInput(docs, pieces, search))
            return self._as_input(examples, pieces, SpanTargets(found.spans, search.edges, search.max_width))

        return self.get_loss, prepare

    # ---- scoring

    def score(self, examples: Iterable[Example], **kwargs: Any) -> Dict[str, Any]:
        """spaCy's scores of spans, `spans_KEY_p`, `spans_KEY_r`, `spans_KEY_f` and `spans_KEY_per_type`, and with
        `save_probs` also `spans_KEY_ece`, the expected calibration error of their probabilities."""
        if self.scorer is None:
            return {}
        examples = list(examples)
        scores = dict(self.scorer(examples, **{**self.cfg, **kwargs}))
        if self.cfg["save_probs"]:
            scores[f"spans_{self.key}_ece"] = span_calibration(examples, self.key)
        return scores


def _nothing(n_labels: int, all_labels: bool) -> FoundSpans:
    places, scores = np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.float32)
    of_labels = np.zeros((0, n_labels), dtype=np.float32) if all_labels else None
    return FoundSpans(Spans(places, places, places), scores, of_labels)
