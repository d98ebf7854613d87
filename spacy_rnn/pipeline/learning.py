"""What all trainable components do alike: one step of training, and which settings a saved pipeline brings with it."""

from typing import Any, Callable, Dict, Iterable, List, Optional, Tuple

from spacy.training import Example, validate_examples
from thinc.api import Model, Optimizer, set_dropout_rate
from typing_extensions import Self

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

    def _learn(
        self,
        examples: Iterable[Example],
        get_loss: GetLoss,
        method: str,
        drop: float,
        sgd: Optional[Optimizer],
        losses: Optional[Dict[str, float]],
        prepare: Optional[Prepare] = None,
    ) -> Dict[str, float]:
        """One step of training by a loss of what the model says; `method` names the caller in messages. `prepare` makes
        what the model is given; by default that is the predicted documents."""
        losses = {} if losses is None else losses
        losses.setdefault(self.name, 0.0)
        examples = list(examples)
        validate_examples(examples, f"{type(self).__name__}.{method}")
        self._check(examples)
        if not any(len(example.predicted) for example in examples):
            return losses
        inputs = [example.predicted for example in examples] if prepare is None else prepare(examples)
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

    def from_bytes(self, bytes_data: bytes, *, exclude: Iterable[str] = ()) -> Self:
        settings = dict(self.cfg)
        super().from_bytes(bytes_data, exclude=exclude)  # type: ignore[misc]
        return self._keep_settings(settings)

    def from_disk(self, path: Any, *, exclude: Iterable[str] = ()) -> Self:
        settings = dict(self.cfg)
        super().from_disk(path, exclude=exclude)  # type: ignore[misc]
        return self._keep_settings(settings)

    def _keep_settings(self, settings: Dict[str, Any]) -> Self:
        """Take from what was loaded only what belongs to the weights."""
        self.cfg.update({name: value for name, value in settings.items() if name not in self.LEARNED})
        return self
