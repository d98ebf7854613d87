"""Labels that are a list, as most components have them."""

from typing import List, Tuple

from ..errors import AnnotationError, Errors
from .base import LearningMixin


class LabelListMixin(LearningMixin):
    """A component whose labels are the list `cfg["labels"]`, in the order of the columns of its scores."""

    @property
    def labels(self) -> Tuple[str, ...]:
        """All labels."""
        return tuple(self.cfg["labels"])

    @property
    def label_data(self) -> List[str]:
        """The labels that `spacy init labels` stores."""
        return list(self.cfg["labels"])

    def add_label(self, label: str) -> int:
        """Add a label, after all others. RETURNS 0 if it exists already, else 1. Raises AnnotationError after
        `initialize`, and for a label that is no text."""
        if not isinstance(label, str) or not label:
            raise AnnotationError(Errors.R158.format(name=self.name, label=label))
        if label in self.labels:
            return 0
        if self.model.has_dim("nO"):
            raise AnnotationError(Errors.R019.format(name=self.name, label=label))
        self.cfg["labels"] = [*self.labels, label]
        self._add_strings()
        return 1

    def _label_strings(self) -> Tuple[str, ...]:
        return self.labels
