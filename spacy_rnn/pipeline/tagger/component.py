"""The component `rnn_tagger`: parts of speech, fine-grained tags and morphology."""

from itertools import islice
from typing import Any, Callable, Dict, Iterable, List, Optional, Tuple

import numpy as np
import spacy.util
from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example, validate_get_examples
from spacy.vocab import Vocab
from thinc.api import Config, Model
from thinc.types import Floats2d
from typing_extensions import Self

from ...base.checks import check_choice, check_share
from ...base.distributed import all_reduce
from ...errors import AnnotationError, Errors, NotInitializedError, SettingError, TrainingError
from ...types import FloatArray, KeyArray
from ..annotate import ATTRS, write_annotations, write_probabilities
from ..base import RehearsalMixin
from ..defaults import DEFAULT_EMBED
from ..extensions import SCORES, register
from ..gold import aligned_keys, collect_annotations
from ..losses import grouped_cross_entropy, softmax_groups
from ..strings import Strings, distinct_vocabs
from .labels import LabelData, TagCodec, TagLabels, check_wanted
from .names import read_name
from .scoring import make_tagger_scorer
from .soft import soft_loss

Prediction = Tuple[Dict[str, KeyArray], Optional[FloatArray]]
"""The annotations of a batch, one (n_tokens,) array for each attribute, and with `save_scores` the probabilities of all
labels, (n_tokens, n_labels)."""

DEFAULT_MODEL = f"""
[model]
@architectures = "spacy-rnn.Tagger.v1"

[model.tok2vec]
@architectures = "spacy-rnn.RNNEncoder.v1"

{DEFAULT_EMBED}
[model.tok2vec.encode]
@architectures = "spacy-rnn.RNN.v1"
"""


@Language.factory(
    "rnn_tagger",
    assigns=["token.pos", "token.tag", "token.morph"],
    default_config={
        "model": Config().from_str(DEFAULT_MODEL)["model"],
        "attrs": None,
        "overwrite": True,
        "extend": False,
        "neg_prefix": "!",
        "label_smoothing": 0.0,
        "save_scores": False,
        "scorer": {"@scorers": "spacy-rnn.tagger_scorer.v1"},
    },
    default_score_weights={"pos_acc": 0.34, "tag_acc": 0.33, "morph_acc": 0.33, "morph_per_feat": None},
)
def make_rnn_tagger(
    nlp: Language,
    name: str,
    model: Model[List[Doc], Floats2d],
    attrs: Optional[List[str]],
    overwrite: bool,
    extend: bool,
    neg_prefix: str,
    label_smoothing: float,
    save_scores: bool,
    scorer: Optional[Callable],
) -> "RNNTagger":
    """Construct the component; see `RNNTagger` for the settings."""
    return RNNTagger(
        nlp.vocab,
        model,
        name,
        attrs=attrs,
        overwrite=overwrite,
        extend=extend,
        neg_prefix=neg_prefix,
        label_smoothing=label_smoothing,
        save_scores=save_scores,
        scorer=scorer,
    )


class RNNTagger(RehearsalMixin):
    """Predicts any subset of `token.pos`, `token.tag` and `token.morph` with one encoder.

    attrs: any of "pos", "tag" and "morph"; None for those that the training data has. A trained pipeline can be loaded
        with fewer, of which it then predicts no others.
    overwrite: replace existing annotations.
    extend: keep existing morphological features and add the predicted ones; with `overwrite`, the predicted value wins
        for a feature that both have.
    neg_prefix: a gold tag with this prefix is a tag that the token does *not* have.
    label_smoothing: the share of probability that the truth gives to the wrong labels.
    save_scores: keep the probabilities of all labels in `doc._.rnn_scores`, a dict of float32 arrays. "pos" and "tag":
        (n_tokens, n_labels), with the columns of `label_data`. "morph": (n_tokens, 1 + n_sets), first the probability
        that the set of features is composed. "morph=FEATURE": (n_tokens, 1 + n_values), first the probability that the
        token lacks the feature.

    Raises SettingError for settings out of range.
    """

    LEARNED = ("attrs", "labels")
    KEPT = tuple(("save_scores", name) for name in (f"doc._.{SCORES}", *(f"token._.{attr}_prob" for attr in ATTRS)))

    def __init__(
        self,
        vocab: Vocab,
        model: Model[List[Doc], Floats2d],
        name: str = "rnn_tagger",
        *,
        attrs: Optional[List[str]] = None,
        overwrite: bool = True,
        extend: bool = False,
        neg_prefix: str = "!",
        label_smoothing: float = 0.0,
        save_scores: bool = False,
        scorer: Optional[Callable] = None,
    ):
        for attr in attrs or []:
            check_choice("attrs", attr, ATTRS)
        if attrs is not None and not attrs:
            raise SettingError(Errors.R001.format(name="attrs", value=attrs, allowed=", ".join(ATTRS) + " or null"))
        check_share("label_smoothing", label_smoothing)
        self.vocab = vocab
        self.model = model
        self.name = name
        self.scorer = scorer if scorer is not None else make_tagger_scorer()
        self._rehearsal_model: Optional[Model] = None
        self._codec: Optional[TagCodec] = None
        self._wanted: Optional[List[str]] = None  # of a trained pipeline, by the config that it was loaded with
        self.cfg: Dict[str, Any] = {
            "attrs": attrs,
            "labels": TagLabels({}).data,
            "overwrite": overwrite,
            "extend": extend,
            "neg_prefix": neg_prefix,
            "label_smoothing": label_smoothing,
            "save_scores": save_scores,
        }
        self._remember_settings()
        if save_scores:
            register(SCORES)

    @property
    def _labels(self) -> TagLabels:
        return TagLabels(self.cfg["labels"])

    @property
    def attrs(self) -> List[str]:
        """The attributes that the component predicts."""
        return self._trained if self._wanted is None else [attr for attr in self._trained if attr in self._wanted]

    @property
    def _trained(self) -> List[str]:
        """The attributes that the model has labels for."""
        active = [attr for attr in ATTRS if self.cfg["labels"].get(attr)]
        return active if self.cfg["attrs"] is None else [attr for attr in active if attr in self.cfg["attrs"]]

    @property
    def labels(self) -> Tuple[str, ...]:
        """One name for each label: pos=NOUN, tag=NN, morph=Case=Nom."""
        return self._labels.names

    @property
    def label_data(self) -> LabelData:
        """The labels as `spacy init labels` stores them: lists for "pos" and "tag", a dict from features to values for
        "morph"."""
        return self._labels.data

    def add_label(self, label: str) -> int:
        """Add a label, see `read_name` for its name. RETURNS 0 if it exists already, else 1.

        Raises AnnotationError for names of another form, and once the model is initialized."""
        labels = self._labels
        added = [labels.add(attr, value, self.name) for attr, value in read_name(label, self.cfg["attrs"], self.name)]
        if not any(added):
            return 0
        # Not `_allow_extra_label`, which expects one output column for each label.
        if self.model.has_dim("nO"):
            raise AnnotationError(Errors.R019.format(name=self.name, label=label))
        self._set_labels(labels)
        self._add_strings()
        return 1

    def _label_strings(self) -> List[str]:
        return self._labels.tag

    def _set_labels(self, labels: TagLabels) -> None:
        self.cfg["labels"] = labels.data
        self._codec = None

    @property
    def codec(self) -> TagCodec:
        """Translates between annotations and output columns."""
        codec, attrs, neg_prefix = self._codec, self._trained, self.cfg["neg_prefix"]
        if codec is None or (codec.vocab, codec.attrs, codec.neg_prefix) != (self.vocab, attrs, neg_prefix):
            codec = self._codec = TagCodec(self._labels, attrs, self.vocab, neg_prefix)
        return codec

    def predict(self, docs: Iterable[Doc]) -> Prediction:
        """RETURNS the best annotations, and with `save_scores` all probabilities. Raises NotInitializedError."""
        docs = list(docs)
        if not any(map(len, docs)):
            return {}, None
        if not self.attrs:
            raise NotInitializedError(Errors.R016.format(name=self.name))
        from ...models.tagger import predict_columns  # on use: it brings torch

        score = predict_columns(self.model, docs)
        probabilities = None
        if self.cfg["save_scores"]:
            probabilities = softmax_groups(score(slice(None)), self.codec.groups.values())
        found = self.codec.decode(score)
        return {attr: found[attr] for attr in self.attrs}, probabilities

    def set_annotations(self, docs: Iterable[Doc], prediction: Prediction) -> None:
        """Write predictions to the documents. Whitespace tokens are SPACE, without features."""
        columns, probabilities = prediction
        docs = [doc for doc in docs if len(doc)]
        if not docs:
            return
        for vocab in distinct_vocabs(docs):
            self.codec.write_strings(vocab, columns)
        write_annotations(docs, columns, overwrite=self.cfg["overwrite"], extend=self.cfg["extend"])
        if probabilities is not None:
            groups = self.codec.groups
            write_probabilities(
                docs, probabilities, {n: groups[n] for n in groups if n.partition("=")[0] in self.attrs}
            )

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

        Raises AnnotationError if there are no labels, or none for an attribute in `attrs`.
        """
        validate_get_examples(get_examples, "RNNTagger.initialize")
        spacy.util.check_lexeme_norms(self.vocab, "rnn_tagger")
        if labels is None:
            found = TagLabels.from_annotations(collect_annotations(get_examples()), self.cfg["neg_prefix"])
        else:
            found = TagLabels.from_data(labels, self.name)
        found.merge(self._labels)
        self._set_labels(found)
        absent = check_wanted(found, self.cfg["attrs"], self.name)
        if absent:
            message = "%s: the training data has no %s, so only %s will be trained"
            spacy.util.logger.warning(message, self.name, " and no ".join(absent), " and ".join(self.attrs))
        sample = [example.x for example in islice(get_examples(), 10)]
        if not sample:
            raise AnnotationError(Errors.R012.format(name=self.name, attrs=", ".join(ATTRS)))
        if self.model.has_ref("output_layer"):
            # Thinc passes Y only to layers of unknown width, but the labels may have changed since the last time.
            for node in (self.model, self.model.get_ref("output_layer")):
                node.set_dim("nO", self.codec.width, force=True)
        self.model.initialize(X=sample, Y=self.model.ops.alloc2f(1, self.codec.width))

    def get_loss(self, examples: Iterable[Example], scores: Floats2d) -> Tuple[float, Floats2d]:
        """The loss, summed over tokens and groups of labels, and the gradient of its mean over tokens. Tokens without
        an annotation, tokens that are not aligned with exactly one gold token, and unknown labels do not count. Soft
        labels of a document add the cross-entropy with what its teachers hold likely, see `Taught`.

        Raises TrainingError if the loss is not finite, and AnnotationError for soft labels that cannot be used."""
        examples = list(examples)
        codec = self.codec
        strings = Strings(example.reference for example in examples)
        truths = codec.encode(aligned_keys(examples, codec.attrs), strings)
        loss, gradient = grouped_cross_entropy(
            self.model.ops.to_numpy(scores),
            truths,
            codec.groups.values(),
            weights=codec.weights,
            label_smoothing=self.cfg["label_smoothing"],
        )
        taught, soft_gradient = soft_loss(codec, examples, self.model.ops.to_numpy(scores), self.name)
        loss += taught
        gradient += soft_gradient
        if not np.isfinite(loss):
            raise TrainingError(Errors.R013.format(name=self.name))
        mean: Any = gradient / max(1, all_reduce(len(scores)))
        return loss, self.model.ops.asarray2f(mean)

    def _distance(self, scores: Any, expected: Any) -> Any:
        ops, groups = self.model.ops, self.codec.groups.values()
        found, target = (softmax_groups(ops.to_numpy(array), groups) for array in (scores, expected))
        return found - target

    def score(self, examples: Iterable[Example], **kwargs: Any) -> Dict[str, Any]:
        """spaCy's scores for the attributes that the component predicts."""
        return dict(self.scorer(examples, **{**self.cfg, "labels": self.labels, "attrs": self.attrs, **kwargs}))

    def _keep_settings(self, settings: Dict[str, Any]) -> Self:
        """Raises SettingError if the config asks for attributes that the model was not trained for."""
        self._codec, self._wanted = None, None
        wanted = settings["attrs"]
        if wanted is not None and self._trained:
            absent = [attr for attr in wanted if attr not in self._trained]
            if absent:
                raise SettingError(Errors.R033.format(name=self.name, absent=", ".join(absent), attrs=self._trained))
            self._wanted = list(wanted)
        return super()._keep_settings(settings)
