"""The components `rnn_textcat` (exactly one category) and `rnn_textcat_multilabel` (any number of them)."""

from typing import Any, Callable, Dict, Iterable, List, Literal, Optional, Tuple, Type, Union

import numpy as np
import spacy.util
from spacy.language import Language
from spacy.pipeline.textcat import TextCategorizer
from spacy.pipeline.textcat_multilabel import MultiLabel_TextCategorizer
from spacy.tokens import Doc
from spacy.training import Example, validate_examples, validate_get_examples
from spacy.vocab import Vocab
from thinc.api import Config, Model
from thinc.types import Floats2d

from ...base.checks import check_at_least, check_share
from ...base.distributed import all_reduce
from ...errors import Errors, NotInitializedError, SettingError, TrainingError
from ...types import FloatArray
from ..base import RehearsalMixin
from ..extensions import ATTENTION, assign, register
from .calibration import at_temperature, to_logits
from .cats import balanced_weights, count_cats, exclusive_loss, listed_weights, multilabel_loss, truth_arrays
from .defaults import DEFAULT_MODEL, SCORE_WEIGHTS, SETTINGS
from .scoring import make_textcat_multilabel_scorer, make_textcat_scorer
from .soft import gold_examples, is_soft, soft_cats_loss, soft_rows

ClassWeights = Union[Literal["balanced", "sqrt"], Dict[str, float], None]
# The powers of the weights that balance the categories.
_POWERS = {"balanced": 1.0, "sqrt": 0.5}

Prediction = Union[Floats2d, Tuple[Floats2d, List[FloatArray]]]
"""The probabilities of a batch, (n_docs, n_labels), and with `save_attention` also the attention weights of each
document's tokens, (n_tokens,)."""


class CategorizerMixin(RehearsalMixin, TextCategorizer):
    """What both components add to spaCy's own: unknown categories, class weights, label smoothing, a temperature,
    attention weights and rehearsal.

    class_weights: how much each category counts in training. None: all the same. "balanced": weights that make up for
        different numbers of documents. "sqrt": the square roots of these. A dict from labels to weights: labels that it
        lacks count 1.
    label_smoothing: the share of probability that the truth gives to the other side.
    save_attention: keep the attention weights of the tokens in `doc._.rnn_attention`, a float32 array (n_tokens,) that
        sums to 1; the mean of all heads. With two levels, a token's weight in its segment is multiplied with the
        segment's in the document. Of an encoder over characters, a token's weight is the sum over its characters and
        the blank after it. `predict` returns the weights together with the probabilities.

    Raises SettingError for settings out of range and for a model that does not fit them.
    """

    LEARNED = ("labels", "positive_label", "temperature", "category_counts")
    KEPT = (("save_attention", f"doc._.{ATTENTION}"),)
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
        make_scorer = make_textcat_scorer if self.exclusive else make_textcat_multilabel_scorer
        super().__init__(vocab, model, name, threshold=threshold, scorer=scorer or make_scorer())
        self.cfg.update(class_weights=class_weights, label_smoothing=label_smoothing, save_attention=save_attention)
        self.cfg.update(temperature=1.0, category_counts=None)
        self._remember_settings()
        if save_attention:
            register(ATTENTION)

    @property
    def support_missing_values(self) -> bool:
        """A category that an example does not mention is unknown."""
        return True

    def predict(self, docs: Iterable[Doc]) -> Prediction:
        """RETURNS the probabilities of all categories, (n_docs, n_labels), and the attention weights with them if
        `save_attention` is set."""
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
        if not all(map(len, docs)):  # some models of spaCy's take no document without tokens
            found: Any = self.model.ops.alloc2f(len(docs), len(self.labels))
            full = [i for i, doc in enumerate(docs) if len(doc)]
            found[full] = self.predict([docs[i] for i in full])
            return found
        scores = self.model.predict(docs)  # probabilities
        if temperature == 1.0:
            return scores
        return at_temperature(to_logits(scores, self.exclusive), temperature, self.exclusive)

    def set_annotations(self, docs: Iterable[Doc], prediction: Prediction) -> None:
        """Write predictions to `doc.cats`, and attention weights to `doc._.rnn_attention`."""
        docs, labels = list(docs), self.labels
        scores, attention = prediction if isinstance(prediction, tuple) else (prediction, [])
        for doc, row in zip(docs, scores.tolist()):
            doc.cats.update(zip(labels, row))
        for doc, weights in zip(docs, attention):
            assign(doc, ATTENTION, weights)

    def _prepare(self, get_examples: Callable[[], Iterable[Example]]) -> None:
        """What both `initialize` methods do after spaCy's own."""
        spacy.util.check_lexeme_norms(self.vocab, self.name)
        by_name = isinstance(self.cfg["class_weights"], str)
        counts = count_cats(get_examples(), self.labels) if by_name else None
        self.cfg.update(temperature=1.0, category_counts=counts)
        self._weights()

    def _weights(self) -> List[float]:
        """How much each category counts, (n_labels,)."""
        wanted: Any = self.cfg["class_weights"]
        if isinstance(wanted, str):
            counts: Any = self.cfg["category_counts"]
            if counts is None:
                raise SettingError(Errors.R107.format(name=self.name, value=wanted))
            inside, outside = zip(*counts.values())
            wanted = dict(zip(counts, balanced_weights(inside, outside, self.exclusive, _POWERS[wanted])))
        for label in wanted or ():
            if label not in self.labels:
                raise SettingError(Errors.R104.format(name=self.name, label=label, labels=", ".join(self.labels)))
        return listed_weights(wanted or {}, self.labels)

    def get_loss(self, examples: Iterable[Example], scores: Floats2d) -> Tuple[float, Floats2d]:  # type: ignore[override]
        """The mean loss over documents, as in spaCy, and its gradient. Categories by teachers may have any value from 0
        to 1, see `Taught`."""
        examples = list(examples)
        validate_examples(examples, f"{type(self).__name__}.get_loss")
        self._validate_categories(examples)
        truths, known = truth_arrays(examples, self.labels, self.model.ops.xp)
        weights = self.model.ops.asarray1f(self._weights())
        loss_of = exclusive_loss if self.exclusive else multilabel_loss
        soft, taught, temperature = soft_rows(examples, self.model.ops.xp, self.name)
        loss, gradient = loss_of(scores, truths, known & ~soft, weights, self.cfg["label_smoothing"])
        if soft.any():
            losses, rows = soft_cats_loss(scores, truths, known, weights, self.exclusive, temperature)
            loss, gradient = loss + float((losses * taught * soft).sum()), gradient + rows * taught * soft
        if not np.isfinite(loss):
            raise TrainingError(Errors.R013.format(name=self.name))
        n = max(1, all_reduce(len(examples)))
        return loss / n, gradient / n

    def _learn(self, examples: Iterable[Example], *args: Any) -> Dict[str, float]:
        examples = list(examples)
        validate_examples(examples, type(self).__name__)
        if "logits" not in self.model.attrs:  # see `predict`
            examples = [example for example in examples if len(example.predicted)]
        return super()._learn(examples, *args)

    def _distance(self, scores: Any, expected: Any) -> Any:
        """Over the categories that the teacher knows."""
        difference = self.model.ops.xp.zeros_like(scores)
        difference[:, : expected.shape[1]] = scores[:, : expected.shape[1]] - expected
        return difference

    def _validate_categories(self, examples: Iterable[Example]) -> None:
        super()._validate_categories([example for example in examples if not is_soft(example)])

    def _check(self, examples: List[Example]) -> None:
        self._validate_categories(examples)


class RNNTextCategorizer(CategorizerMixin):
    """Predicts exactly one category; see `CategorizerMixin` for the settings. `threshold` is not used, as in spaCy."""

    exclusive = True

    def __init__(self, vocab: Vocab, model: Model, name: str = "rnn_textcat", *, threshold: float = 0.0, **kwargs: Any):
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
        labels: as `spacy init labels` writes them; None to collect them from the sample.
        positive_label: of two labels, the one whose F-score becomes "cats_score".
        """
        validate_get_examples(get_examples, "RNNTextCategorizer.initialize")
        get_gold = gold_examples(get_examples)
        super().initialize(get_gold, nlp=nlp, labels=labels, positive_label=positive_label)
        self._prepare(get_gold)


class RNNMultiLabelTextCategorizer(CategorizerMixin, MultiLabel_TextCategorizer):
    """Predicts any number of categories; see `CategorizerMixin` for the settings.

    threshold: the least probability with which a category counts as predicted in the scores.
    """

    exclusive = False

    def __init__(
        self, vocab: Vocab, model: Model, name: str = "rnn_textcat_multilabel", *, threshold: float = 0.5, **kwargs: Any
    ):
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
        labels: as `spacy init labels` writes them; None to collect them from the sample.
        """
        validate_get_examples(get_examples, "RNNMultiLabelTextCategorizer.initialize")
        get_gold = gold_examples(get_examples)
        MultiLabel_TextCategorizer.initialize(self, get_gold, nlp=nlp, labels=labels)
        self._prepare(get_gold)


def _factory(component: Type[CategorizerMixin], name: str, threshold: float) -> Callable[..., CategorizerMixin]:
    """Register a component. threshold: its default."""

    def make(
        nlp: Language,
        name: str,
        model: Model[List[Doc], Floats2d],
        threshold: float,
        class_weights: ClassWeights,
        label_smoothing: float,
        save_attention: bool,
        scorer: Optional[Callable],
    ) -> CategorizerMixin:
        """Construct the component; see `CategorizerMixin` for the settings."""
        return component(
            nlp.vocab,
            model,
            name,
            threshold=threshold,
            class_weights=class_weights,
            label_smoothing=label_smoothing,
            save_attention=save_attention,
            scorer=scorer,
        )

    model = Config().from_str(DEFAULT_MODEL, overrides={"model.exclusive_classes": component.exclusive})["model"]
    scorer = {"@scorers": f"spacy-rnn.{name.removeprefix('rnn_')}_scorer.v1"}
    return Language.factory(
        name,
        assigns=["doc.cats"],
        default_config={"model": model, "threshold": threshold, **SETTINGS, "scorer": scorer},
        default_score_weights=SCORE_WEIGHTS,
        func=make,
    )


make_rnn_textcat = _factory(RNNTextCategorizer, "rnn_textcat", 0.0)
make_rnn_textcat_multilabel = _factory(RNNMultiLabelTextCategorizer, "rnn_textcat_multilabel", 0.5)
