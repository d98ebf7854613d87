"""What all trainable components do alike: one step of training, rehearsal, saving and loading."""

from pathlib import Path
from typing import Any, Callable, Dict, Iterable, Iterator, List, Optional, Tuple

import numpy as np
from spacy.tokens import Doc
from spacy.training import Example, validate_examples
from spacy.util import minibatch
from thinc.api import Model, Optimizer, set_dropout_rate
from thinc.types import Floats2d
from typing_extensions import Self

from ..base.files import replaced_folder
from ..errors import Errors, TrainingError
from ..models.types import SequenceBatch
from .saving import NEEDED, check_files, loading, write_checksums

GetLoss = Callable[[List[Example], Any], Tuple[float, Any]]
"""Examples and what the model says of them to the loss and its gradient."""

Prepare = Callable[[List[Example]], Any]
"""Examples to what the model is given, None if they have nothing to learn from."""


class LearningMixin:
    """Goes before `TrainablePipe`, or a subclass of it, among the bases of a component."""

    LEARNED: Tuple[str, ...] = ()
    """The entries of `cfg` that belong to the weights. The others are settings, which are the config's, so that
    `spacy.load(path, config=...)` can change them."""

    name: str
    model: Model
    cfg: Dict[str, Any]

    def pipe(self, stream: Iterable[Doc], *, batch_size: int = 128) -> Iterator[Doc]:
        """Annotate a stream of documents. A document that cannot be annotated goes to the error handler alone; the
        others of its batch are annotated all the same."""
        for docs in minibatch(stream, size=batch_size):
            yield from self._annotate(list(docs))

    def _annotate(self, docs: List[Doc]) -> List[Doc]:
        """The documents that could be annotated."""
        try:
            self.set_annotations(docs, self.predict(docs))  # type: ignore[attr-defined]
            return docs
        except Exception as error:
            if len(docs) == 1:
                self.get_error_handler()(self.name, self, docs, error)  # type: ignore[attr-defined]
                return []
        middle = len(docs) // 2
        return self._annotate(docs[:middle]) + self._annotate(docs[middle:])

    def update(
        self,
        examples: Iterable[Example],
        *,
        drop: float = 0.0,
        sgd: Optional[Optimizer] = None,
        losses: Optional[Dict[str, float]] = None,
    ) -> Dict[str, float]:
        """Learn from a batch; `get_loss` says what counts."""
        get_loss: GetLoss = self.get_loss  # type: ignore[attr-defined]
        return self._learn(examples, get_loss, "update", drop, sgd, losses, self._inputs)

    def _inputs(self, examples: List[Example]) -> Any:
        """What the model is given to learn from; None if examples teach nothing."""
        return [example.predicted for example in examples]

    def _learn(
        self,
        examples: Iterable[Example],
        get_loss: GetLoss,
        method: str,
        drop: float,
        sgd: Optional[Optimizer],
        losses: Optional[Dict[str, float]],
        prepare: Prepare,
    ) -> Dict[str, float]:
        """One step of training by a loss of what the model says; `method` names the caller in messages. `prepare` makes
        what the model is given."""
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
        scores, backprop = self.model.begin_update(inputs)
        loss, gradient = get_loss(examples, scores)
        backprop(gradient)
        if sgd not in (None, False):
            self.finish_update(sgd)  # type: ignore[attr-defined]
        losses[self.name] += loss
        return losses

    def _check(self, examples: List[Example]) -> None:
        """Raise ValueError for examples that the component cannot learn from."""

    def to_disk(self, path: Any, *, exclude: Iterable[str] = ()) -> None:
        """Save the component to a folder, which is replaced in one step, with the checksums of its files."""
        with replaced_folder(Path(path)) as folder:
            super().to_disk(folder, exclude=exclude)  # type: ignore[misc]
            write_checksums(folder, before=Path(path))

    def from_bytes(self, bytes_data: bytes, *, exclude: Iterable[str] = ()) -> Self:
        """Load the component completely or, with a ValueError, not at all."""
        settings = dict(self.cfg)
        with loading(self, "bytes"):
            super().from_bytes(bytes_data, exclude=exclude)  # type: ignore[misc]
        return self._keep_settings(settings)

    def from_disk(self, path: Any, *, exclude: Iterable[str] = ()) -> Self:
        """Load the component completely or, with a ValueError, not at all."""
        settings = dict(self.cfg)
        with loading(self, str(path)):
            check_files(Path(path), [name for name in NEEDED if name not in exclude])
            super().from_disk(path, exclude=exclude)  # type: ignore[misc]
        return self._keep_settings(settings)

    def _keep_settings(self, settings: Dict[str, Any]) -> Self:
        """Take from what was loaded only what belongs to the weights."""
        self.cfg.update({name: value for name, value in settings.items() if name not in self.LEARNED})
        return self


class RehearsalMixin(LearningMixin):
    """A component that can be kept from forgetting."""

    _rehearsal_model: Any  # a Model, or None where training was not resumed

    def rehearse(
        self,
        examples: Iterable[Example],
        *,
        drop: float = 0.0,
        sgd: Optional[Optimizer] = None,
        losses: Optional[Dict[str, float]] = None,
    ) -> Dict[str, float]:
        """Make predictions more like those of the model that training was resumed from."""
        teacher = self._rehearsal_model
        if teacher is None:
            losses = {} if losses is None else losses
            losses.setdefault(self.name, 0.0)
            return losses
        get_loss, prepare = self._rehearsal(teacher)
        return self._learn(examples, get_loss, "rehearse", drop, sgd, losses, prepare)

    def _rehearsal(self, teacher: Model) -> Tuple[GetLoss, Prepare]:
        """How far the model is from its teacher, and what it is given: by default the squared distance of what both say
        of the predicted documents."""

        def get_loss(examples: List[Example], scores: Any) -> Tuple[float, Any]:
            difference = self._distance(scores, teacher.predict([example.predicted for example in examples]))
            return float((difference**2).sum()), self.model.ops.asarray2f(difference / len(scores))

        return get_loss, self._inputs

    def _distance(self, scores: Any, expected: Any) -> Any:
        """What the model says less what its teacher says, both (n, n_labels)."""
        return scores - expected


class SequenceLearning(RehearsalMixin):
    """Goes before `TrainablePipe` among the bases of a component."""

    _taught_batch: Callable[[List[Example], Model], Optional[SequenceBatch]]
    """What another model makes of the same documents."""

    def _rehearsal(self, teacher: Model) -> Tuple[GetLoss, Prepare]:
        """Learn what the teacher writes (Kim & Rush 2016, sect. 3.2)."""

        def prepare(examples: List[Example]) -> Optional[SequenceBatch]:
            return self._taught_batch([example for example in examples if len(example.predicted)], teacher)

        return self.get_loss, prepare

    def get_loss(self, examples: Iterable[Example], scores: Floats2d) -> Tuple[float, Floats2d]:
        """The loss, summed over sequences, and the gradient of its mean.

        scores: (n, 2), the logarithms of the probabilities of targets and of decisions."""
        array: Any = scores
        loss = -float(array.sum())
        if not np.isfinite(loss):
            raise TrainingError(Errors.R013.format(name=self.name))
        gradient: Any = self.model.ops.xp.full_like(scores, -1.0 / max(1, len(scores)))
        return loss, gradient
