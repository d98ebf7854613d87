"""What components with an encoder and decoder do alike: their loss, and how they rehearse."""

from typing import Any, Callable, Iterable, List, Optional, Tuple

import numpy as np
from spacy.training import Example
from thinc.api import Model
from thinc.types import Floats2d

from ..errors import Errors
from ..types import SequenceBatch
from .learning import GetLoss, Prepare, RehearsalMixin


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
            raise ValueError(Errors.R013.format(name=self.name))
        gradient: Any = self.model.ops.xp.full_like(scores, -1.0 / max(1, len(scores)))
        return loss, gradient
