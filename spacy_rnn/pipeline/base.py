"""The methods that all trainable components share: training, rehearsal, saving and loading."""

from pathlib import Path
from typing import Any, Callable, Dict, Iterable, Iterator, List, Optional, Tuple

import numpy as np
import srsly
from spacy.pipeline import TrainablePipe
from spacy.tokens import Doc
from spacy.training import Example, validate_examples
from spacy.util import minibatch
from thinc.api import Model, Optimizer, set_dropout_rate
from thinc.types import Floats2d
from typing_extensions import Self

from ..base.files import replaced_folder
from ..errors import AnnotationError, Errors, TrainingError
from ..models.types import SequenceInput
from .saving import NEEDED, check_files, loading, write_checksums
from .shared import SharedGradient
from .strings import permanent

GetLoss = Callable[[List[Example], Any], Tuple[float, Any]]
"""Examples and the output of the model to the loss and its gradient."""

Losses = Optional[Dict[str, float]]

Prepare = Callable[[List[Example]], Any]
"""Examples to the input of the model, None if they contain nothing to learn from."""


CONFIGURED = "configured"
"""The entry of `cfg` with the settings as the config gave them."""
_ABSENT = object()


class LearningMixin(TrainablePipe):
    """A component with one step of training, whose folder is replaced in one step and loaded completely or not at
    all. Among the bases of a component, it stands before other subclasses of `TrainablePipe`."""

    LEARNED: Tuple[str, ...] = ()
    """The entries of `cfg` that belong to the weights. The others are settings. They come from the config, so that
    `spacy.load(path, config=...)` can change them, unless they were changed in `cfg` after that and then saved."""

    KEPT: Tuple[Tuple[str, str], ...] = ()
    """What is assigned only if a setting asks for it: the setting and the annotation."""

    name: str
    model: Model
    cfg: Dict[str, Any]

    def pipe(self, stream: Iterable[Doc], *, batch_size: int = 128) -> Iterator[Doc]:
        """Annotate a stream of documents. If a document cannot be annotated, only this document goes to the error
        handler, and the rest of its batch is annotated."""
        for docs in minibatch(stream, size=batch_size):
            yield from self._annotate(docs)

    def _annotate(self, docs: List[Doc]) -> List[Doc]:
        """The documents that could be annotated."""
        try:
            self.set_annotations(docs, self.predict(docs))
            return docs
        except Exception as error:
            if len(docs) == 1:
                self.get_error_handler()(self.name, self, docs, error)
                return []
        middle = len(docs) // 2
        return self._annotate(docs[:middle]) + self._annotate(docs[middle:])

    def update(
        self, examples: Iterable[Example], *, drop: float = 0.0, sgd: Optional[Optimizer] = None, losses: Losses = None
    ) -> Dict[str, float]:
        """Learn from a batch, by the loss that `get_loss` gives."""
        return self._learn(examples, self.get_loss, "update", drop, sgd, losses, self._inputs)

    def _inputs(self, examples: List[Example]) -> Any:
        """The input of the model in training, None if the examples contain nothing to learn from."""
        return [example.predicted for example in examples]

    def _learn(
        self,
        examples: Iterable[Example],
        get_loss: GetLoss,
        method: str,
        drop: float,
        sgd: Optional[Optimizer],
        losses: Losses,
        prepare: Prepare,
    ) -> Dict[str, float]:
        """One step of training. method: the name of the caller, for messages. prepare: makes the input of the model.
        Raises AnnotationError for examples that the component cannot learn from."""
        losses = {} if losses is None else losses
        losses.setdefault(self.name, 0.0)
        examples = list(examples)
        validate_examples(examples, f"{type(self).__name__}.{method}")
        self._check(examples)
        if not any(len(example.predicted) for example in examples):
            return losses
        inputs = prepare(examples)
        if inputs is None:
            return losses
        set_dropout_rate(self.model, drop)
        shared = SharedGradient(self.model)
        with shared.sent():
            scores, backprop = self.model.begin_update(inputs)
            loss, gradient = get_loss(examples, scores)
            shared.undo_mean(self._n_losses(examples, scores))
            backprop(gradient)
        if sgd not in (None, False):
            self.finish_update(sgd)
        losses[self.name] += loss
        return losses

    def _n_losses(self, examples: List[Example], scores: Any) -> int:
        """How many losses `get_loss` takes the mean of: one for each row of the output of the model."""
        return len(scores)

    def _check(self, examples: List[Example]) -> None:
        """Raises AnnotationError for examples that the component cannot learn from."""

    def to_disk(self, path: Any, *, exclude: Iterable[str] = ()) -> None:
        """Save the component to a folder, which is replaced in one step, with the checksums of its files."""
        with replaced_folder(Path(path)) as folder:
            super().to_disk(folder, exclude=exclude)
            write_checksums(folder, before=Path(path))

    def from_bytes(self, bytes_data: bytes, *, exclude: Iterable[str] = ()) -> Self:
        """Load the component. Raises ModelFileError if that is impossible; the component is then unchanged."""
        settings = dict(self.cfg)
        with loading(self, "bytes"):
            self.cfg.pop(CONFIGURED, None)
            super().from_bytes(bytes_data, exclude=exclude)
        return self._keep_settings(settings)

    def from_disk(self, path: Any, *, exclude: Iterable[str] = ()) -> Self:
        """Load the component. Raises ModelFileError if that is impossible; the component is then unchanged."""
        settings = dict(self.cfg)
        with loading(self, str(path)):
            self.cfg.pop(CONFIGURED, None)
            check_files(Path(path), [name for name in NEEDED if name not in exclude])
            super().from_disk(path, exclude=exclude)
        return self._keep_settings(settings)

    def _remember_settings(self) -> None:
        """Remember the settings as those of the config. Called once `cfg` is there."""
        self.cfg[CONFIGURED] = {name: value for name, value in self.cfg.items() if name not in self.LEARNED}

    def _keep_settings(self, settings: Dict[str, Any]) -> Self:
        """Restore the settings of the config, except for those that were changed before saving and are in the config
        what they were then. settings: `cfg` before loading."""
        then = self.cfg.get(CONFIGURED) or {}
        now = settings.get(CONFIGURED) or {}
        written = srsly.json_loads(srsly.json_dumps(now))  # which changes the last digit of some numbers
        for name, value in settings.items():
            changed = name in written and then.get(name, _ABSENT) == written[name]
            if name not in self.LEARNED and name != CONFIGURED and not changed:
                self.cfg[name] = value
        self.cfg[CONFIGURED] = now
        self._add_strings()
        return self

    def _label_strings(self) -> Iterable[str]:
        """The labels that documents hold as keys of the string store."""
        return ()

    def _add_strings(self) -> None:
        """Make the labels strings of the vocabulary, whether or not a document has them."""
        for label in self._label_strings():
            permanent(self.vocab, label)


class RehearsalMixin(LearningMixin):
    """A component that can rehearse."""

    _rehearsal_model: Any  # a Model, or None if training was not resumed

    def rehearse(
        self, examples: Iterable[Example], *, drop: float = 0.0, sgd: Optional[Optimizer] = None, losses: Losses = None
    ) -> Dict[str, float]:
        """Make predictions more like those of the model from which training was resumed, if it was."""
        teacher = self._rehearsal_model
        get_loss, prepare = self._rehearsal(teacher)
        return self._learn([] if teacher is None else examples, get_loss, "rehearse", drop, sgd, losses, prepare)

    def _rehearsal(self, teacher: Model) -> Tuple[GetLoss, Prepare]:
        """The loss of rehearsal and the input of the model: by default the squared distance between the outputs of the
        model and of its teacher."""

        def get_loss(examples: List[Example], scores: Any) -> Tuple[float, Any]:
            difference = self._distance(scores, teacher.predict([example.predicted for example in examples]))
            return float((difference**2).sum()), self.model.ops.asarray2f(difference / len(scores))

        return get_loss, self._inputs

    def _distance(self, scores: Any, expected: Any) -> Any:
        """The output of the model minus that of its teacher, (n, n_labels)."""
        return scores - expected


class SequenceLearning(RehearsalMixin):
    """A component with an encoder and a decoder."""

    LEARNED = ("labels",)
    LABELS: Tuple[str, ...]
    """The parts of `label_data`."""

    _read_labels: Callable[[], None]
    """Rebuilds the objects that depend on the labels."""
    _taught_batch: Callable[[List[Example], Model], Optional[SequenceInput]]
    """The sequences of the examples, with the outputs of another model as targets."""

    @property
    def labels(self) -> Tuple[str, ...]:
        """The symbols that are written."""
        return tuple(self.cfg["labels"]["written"])

    @property
    def label_data(self) -> Dict[str, Any]:
        """The labels that `spacy init labels` stores, by the names in `LABELS`."""
        return dict(self.cfg["labels"])

    def _set_labels(self, labels: Any, needed: str, otherwise: str) -> None:
        """Check and set the labels. Raises AnnotationError if their names are not those of `LABELS` or, with the
        message `otherwise`, if `needed` is empty."""
        if not isinstance(labels, dict) or set(labels) != set(self.LABELS):
            raise AnnotationError(Errors.R173.format(name=self.name, expected=", ".join(self.LABELS), found=labels))
        if not labels[needed]:
            raise AnnotationError(otherwise)
        self.cfg["labels"] = {name: list(labels[name]) for name in self.LABELS}
        self._read_labels()

    def _keep_settings(self, settings: Dict[str, Any]) -> Self:
        super()._keep_settings(settings)
        self._read_labels()
        return self

    def _rehearsal(self, teacher: Model) -> Tuple[GetLoss, Prepare]:
        """The outputs of the teacher are the targets (Kim & Rush 2016, sect. 3.2)."""

        def prepare(examples: List[Example]) -> Optional[SequenceInput]:
            return self._taught_batch([example for example in examples if len(example.predicted)], teacher)

        return self.get_loss, prepare

    def get_loss(self, examples: Iterable[Example], scores: Floats2d) -> Tuple[float, Floats2d]:
        """The loss, summed over sequences, and the gradient of its mean. Raises TrainingError if it is not finite.

        scores: (n, 2), the log probabilities of targets and of decisions.
        """
        array: Any = scores
        loss = -float(array.sum())
        if not np.isfinite(loss):
            raise TrainingError(Errors.R013.format(name=self.name))
        gradient: Any = self.model.ops.xp.full_like(scores, -1.0 / max(1, len(scores)))
        return loss, gradient
