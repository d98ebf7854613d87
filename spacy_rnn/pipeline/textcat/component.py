"""The components `rnn_textcat` (exactly one category) and `rnn_textcat_multilabel` (any number of them)."""

from typing import Any, Callable, Dict, Iterable, List, Literal, Optional, Tuple, Union

import numpy as np
import spacy.util
from spacy.language import Language
from spacy.pipeline.textcat import TextCategorizer
from spacy.pipeline.textcat_multilabel import MultiLabel_TextCategorizer
from spacy.tokens import Doc
from spacy.training import Example, validate_examples
from spacy.vocab import Vocab
from thinc.api import Model
from thinc.types import Floats2d

from ...base.checks import check_at_least, check_share
from ...base.distributed import all_reduce
from ...errors import Errors, NotInitializedError, SettingError, TrainingError
from ...types import FloatArray
from ..base import RehearsalMixin
from .calibration import at_temperature, to_logits
from .cats import balanced_weights, count_cats, exclusive_loss, listed_weights, multilabel_loss, truth_arrays
from .defaults import DEFAULT_MULTILABEL_CONFIG, DEFAULT_SCORE_WEIGHTS, DEFAULT_TEXTCAT_CONFIG
from .scoring import make_textcat_multilabel_scorer, make_textcat_scorer

ATTENTION = "rnn_attention"
ClassWeights = Union[Literal["balanced", "sqrt"], Dict[str, float], None]
# How far the weights by name make up for the sizes of the categories.
POWER_OF_WEIGHTS = {"balanced": 1.0, "sqrt": 0.5}

# Probabilities of a batch, (n_docs, n_labels), and with `save_attention` also the attention weights of each document's
# tokens, (n_tokens,).
Prediction = Union[Floats2d, Tuple[Floats2d, List[FloatArray]]]


@Language.factory(
    "rnn_textcat",
    assigns=["doc.cats"],
    default_config=DEFAULT_TEXTCAT_CONFIG,
    default_score_weights=DEFAULT_SCORE_WEIGHTS,
)
def make_rnn_textcat(
    nlp: Language,
    name: str,
    model: Model[List[Doc], Floats2d],
    threshold: float,
    class_weights: ClassWeights,
    label_smoothing: float,
    save_attention: bool,
    scorer: Optional[Callable],
) -> "RNNTextCategorizer":
    """Construct the component; see `CategorizerMixin` for the settings."""
    settings = {"class_weights": class_weights, "label_smoothing": label_smoothing, "save_attention": save_attention}
    return RNNTextCategorizer(nlp.vocab, model, name, threshold=threshold, scorer=scorer, **settings)


@Language.factory(
    "rnn_textcat_multilabel",
    assigns=["doc.cats"],
    default_config=DEFAULT_MULTILABEL_CONFIG,
    default_score_weights=DEFAULT_SCORE_WEIGHTS,
)
def make_rnn_textcat_multilabel(
    nlp: Language,
    name: str,
    model: Model[List[Doc], Floats2d],
    threshold: float,
    class_weights: ClassWeights,
    label_smoothing: float,
    save_attention: bool,
    scorer: Optional[Callable],
) -> "RNNMultiLabelTextCategorizer":
    """Construct the component; see `CategorizerMixin` for the settings."""
    settings = {"class_weights": class_weights, "label_smoothing": label_smoothing, "save_attention": save_attention}
    return RNNMultiLabelTextCategorizer(nlp.vocab, model, name, threshold=threshold, scorer=scorer, **settings)


class CategorizerMixin(RehearsalMixin, TextCategorizer):
    """What both components add to spaCy's own: unknown categories, class weights, label smoothing, a temperature,
    attention weights and rehearsal.

    class_weights: how much each category counts in training: None for the same, "balanced" for weights that make up for
        categories of different sizes, "sqrt" for the square roots of these, or a dict from labels to weights, where
        labels left out count 1.
    label_smoothing: the share of probability that training gives to the wrong side.
    save_attention: keep the attention weights of the tokens in `doc._.rnn_attention`, a float32 array (n_tokens,) that
        sums to 1; the mean of all heads. Over several levels it is the product of a token's weight in its segment and
        the segment's in the document; of an encoder over characters, the sum over the token's characters and the blank
        behind it. `predict` then returns them beside the probabilities.
    """

    LEARNED = ("labels", "positive_label", "temperature", "category_counts")
    exclusive: bool

    def __init__(
        self,
        vocab: Vocab,
        model: Model[List[Doc], Floats2d],
        name: str,
        *,
        threshold: float = 0.5,
        class_weights: ClassWeights = None,
        label_smoothing: float = 0.0,
        save_attention: bool = False,
        scorer: Optional[Callable] = None,
    ):
        check_share("label_smoothing", label_smoothing)
        if not 0.0 <= threshold <= 1.0:
            raise SettingError(Errors.R005.format(name="threshold", value=threshold, expected="from 0 to 1"))
        for label, weight in class_weights.items() if isinstance(class_weights, dict) else ():
            check_at_least(f"class_weights[{label!r}]", weight, 0.0)
        if model.attrs.get("multi_label", not self.exclusive) == self.exclusive:
            raise SettingError(Errors.R102.format(name=name, value=str(self.exclusive).lower()))
        if save_attention and not model.attrs.get("attend"):
            raise SettingError(Errors.R103.format(name=name))
        super().__init__(vocab, model, name, threshold=threshold, scorer=scorer)
        self.cfg.update(
            class_weights=class_weights,
            label_smoothing=label_smoothing,
            save_attention=save_attention,
            temperature=1.0,
            category_counts=None,
        )
        if save_attention and not Doc.has_extension(ATTENTION):
            Doc.set_extension(ATTENTION, default=None)

    @property
    def support_missing_values(self) -> bool:
        """A category that an example does not mention is unknown."""
        return True

    # ---- prediction

    def predict(self, docs: Iterable[Doc]) -> Prediction:
        """RETURNS the probabilities of all categories, (n_docs, n_labels), those of an empty document included, and the
        attention weights with them if `save_attention` is set."""
        docs = list(docs)
        if docs and not self.labels:
            raise NotInitializedError(Errors.R016.format(name=self.name))
        if not docs:
            nothing = self.model.ops.alloc2f(0, len(self.labels))
            return (nothing, []) if self.cfg["save_attention"] else nothing
        attrs, temperature = self.model.attrs, float(self.cfg["temperature"])
        if self.cfg["save_attention"]:
            logits, attention = attrs["attend"](self.model, docs)
            return at_temperature(logits, temperature, self.exclusive), attention
        if "logits" in attrs:
            return at_temperature(attrs["logits"](self.model, docs), temperature, self.exclusive)
        probabilities = self.model.predict(docs)
        if temperature == 1.0:
            return probabilities
        return at_temperature(to_logits(probabilities, self.exclusive), temperature, self.exclusive)

    def set_annotations(self, docs: Iterable[Doc], prediction: Prediction) -> None:
        """Write predictions to `doc.cats`, and attention weights to `doc._.rnn_attention`."""
        docs = list(docs)
        scores, attention = prediction if isinstance(prediction, tuple) else (prediction, None)
        labels = self.labels
        for doc, row in zip(docs, scores.tolist()):
            doc.cats.update(zip(labels, row))
        for doc, weights in zip(docs, attention or []):
            doc._.set(ATTENTION, weights)

    # ---- training

    def _prepare(self, get_examples: Callable[[], Iterable[Example]]) -> None:
        """What both `initialize` methods do beside spaCy's own."""
        spacy.util.check_lexeme_norms(self.vocab, self.name)
        self.cfg["temperature"] = 1.0
        self.cfg["category_counts"] = None
        wanted: Any = self.cfg["class_weights"]
        if isinstance(wanted, str):
            self.cfg["category_counts"] = count_cats(get_examples(), self.labels)
        self._weights()

    def _weights(self) -> List[float]:
        """How much each category counts, (n_labels,)."""
        wanted: Any = self.cfg["class_weights"]
        if isinstance(wanted, str):
            counts: Any = self.cfg["category_counts"]
            if counts is None:
                raise SettingError(Errors.R107.format(name=self.name, value=wanted))
            inside, outside = zip(*counts.values())
            wanted = dict(zip(counts, balanced_weights(inside, outside, self.exclusive, POWER_OF_WEIGHTS[wanted])))
        for label in wanted or ():
            if label not in self.labels:
                raise SettingError(Errors.R104.format(name=self.name, label=label, labels=", ".join(self.labels)))
        return listed_weights(wanted or {}, self.labels)

    def get_loss(self, examples: Iterable[Example], scores: Floats2d) -> Tuple[float, Floats2d]:  # type: ignore[override]
        """The loss, summed over documents, and the gradient of its mean over them."""
        examples = list(examples)
        validate_examples(examples, f"{type(self).__name__}.get_loss")
        self._validate_categories(examples)
        xp = self.model.ops.xp
        truths, known = truth_arrays(examples, self.labels, xp)
        weights = xp.asarray(self._weights(), dtype="f")
        loss_of = exclusive_loss if self.exclusive else multilabel_loss
        loss, gradient = loss_of(scores, truths, known, weights, self.cfg["label_smoothing"], xp)
        if not np.isfinite(loss):
            raise TrainingError(Errors.R013.format(name=self.name))
        return loss, gradient / max(1, all_reduce(len(examples)))

    def _distance(self, scores: Any, expected: Any) -> Any:
        """For the categories that the teacher had."""
        difference = self.model.ops.xp.zeros_like(scores)
        difference[:, : expected.shape[1]] = scores[:, : expected.shape[1]] - expected
        return difference

    def _check(self, examples: List[Example]) -> None:
        self._validate_categories(examples)


class RNNTextCategorizer(CategorizerMixin):
    """Predicts exactly one category; see `CategorizerMixin` for the settings. `threshold` is not used, as in spaCy."""

    exclusive = True

    def __init__(self, vocab: Vocab, model: Model, name: str = "rnn_textcat", *, threshold: float = 0.0, **kwargs: Any):
        kwargs["scorer"] = kwargs.get("scorer") or make_textcat_scorer()
        super().__init__(vocab, model, name, threshold=threshold, **kwargs)

    def initialize(  # type: ignore[override]
        self,
        get_examples: Callable[[], Iterable[Example]],
        *,
        nlp: Optional[Language] = None,
        labels: Optional[List[str]] = None,
        positive_label: Optional[str] = None,
    ) -> None:
        """Prepare for training.

        get_examples: returns a representative sample of the training data.
        labels: as `spacy init labels` writes them; None collects them.
        positive_label: of two labels, the one whose F-score is the score.
        """
        super().initialize(get_examples, nlp=nlp, labels=labels, positive_label=positive_label)
        self._prepare(get_examples)


class RNNMultiLabelTextCategorizer(CategorizerMixin, MultiLabel_TextCategorizer):
    """Predicts any number of categories; see `CategorizerMixin` for the settings.

    threshold: from which probability on a category counts as predicted, in the scores.
    """

    exclusive = False

    def __init__(
        self, vocab: Vocab, model: Model, name: str = "rnn_textcat_multilabel", *, threshold: float = 0.5, **kwargs: Any
    ):
        kwargs["scorer"] = kwargs.get("scorer") or make_textcat_multilabel_scorer()
        super().__init__(vocab, model, name, threshold=threshold, **kwargs)

    def initialize(  # type: ignore[override]
        self,
        get_examples: Callable[[], Iterable[Example]],
        *,
        nlp: Optional[Language] = None,
        labels: Optional[List[str]] = None,
    ) -> None:
        """Prepare for training.

        get_examples: returns a representative sample of the training data.
        labels: as `spacy init labels` writes them; None collects them.
        """
        MultiLabel_TextCategorizer.initialize(self, get_examples, nlp=nlp, labels=labels)
        self._prepare(get_examples)
