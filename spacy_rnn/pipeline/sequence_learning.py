"""What components with an encoder and decoder do alike: training and rehearsal."""

from typing import Any, Dict, Iterable, List, Optional, Tuple

import numpy as np
from spacy.training import Example
from thinc.api import Model, Optimizer
from thinc.types import Floats2d

from ..errors import Errors
from ..types import SequenceBatch
from .learning import LearningMixin


class SequenceLearning(LearningMixin):
    """Goes before `TrainablePipe` among the bases of a component."""

    _rehearsal_model: Optional[Model]

    def _gold_batch(self, examples: List[Example]) -> Optional[SequenceBatch]:
        """What examples teach; None if that is nothing."""
        raise NotImplementedError

    def _taught_batch(self, examples: List[Example], teacher: Model) -> Optional[SequenceBatch]:
        """What another model makes of the same documents."""
        raise NotImplementedError

    def update(
        self,
        examples: Iterable[Example],
        *,
        drop: float = 0.0,
        sgd: Optional[Optimizer] = None,
        losses: Optional[Dict[str, float]] = None,
    ) -> Dict[str, float]:
        """Learn from a batch."""
        return self._learn(examples, self.get_loss, "update", drop, sgd, losses, prepare=self._gold_batch)

    def rehearse(
        self,
        examples: Iterable[Example],
        *,
        drop: float = 0.0,
        sgd: Optional[Optimizer] = None,
        losses: Optional[Dict[str, float]] = None,
    ) -> Dict[str, float]:
        """Learn what the model wrote that training was resumed from (Kim & Rush 2016, sect. 3.2)."""
        teacher = self._rehearsal_model
        if teacher is None:
            losses = {} if losses is None else losses
            losses.setdefault(self.name, 0.0)
            return losses

        def prepare(examples: List[Example]) -> Optional[SequenceBatch]:
            return self._taught_batch([example for example in examples if len(example.predicted)], teacher)

        return self._learn(examples, self.get_loss, "rehearse", drop, sgd, losses, prepare=prepare)

    def get_loss(self, examples: Iterable[Example], scores: Floats2d) -> Tuple[float, Floats2d]:
        """The loss, summed over sequences, and the gradient of its mean.

        scores: (n, 2), the logarithms of the probabilities of targets and of decisions."""
        array: Any = scores
        loss = -float(array.sum())
        if not np.isfinite(loss):
            raise ValueError(Errors.R013.format(name=self.name))
        gradient: Any = self.model.ops.xp.full_like(scores, -1.0 / max(1, len(scores)))
        return loss, gradient
