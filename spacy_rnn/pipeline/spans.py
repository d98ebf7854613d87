"""What the components that find labelled spans have in common: the pieces of documents that they read, their labels,
and their loss."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import Any, Callable, ClassVar, Iterable, List, Optional, Protocol, Set, Tuple

import numpy as np
import spacy.util
from spacy.attrs import IS_SPACE, SENT_START
from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example, validate_get_examples
from spacy.util import logger
from spacy.vocab import Vocab
from thinc.types import Floats1d

from ..base.arrays import lengths_of, token_attrs
from ..base.distributed import all_reduce
from ..base.trees import starts_of
from ..errors import AnnotationError, Errors, TrainingError
from ..types import BoolArray, IntArray
from .base import RehearsalMixin
from .labels import LabelListMixin


@dataclass(frozen=True)
class Tokens:
    """The tokens of a batch of documents, joined."""

    lengths: IntArray
    """(n_docs,): the number of tokens of each document."""
    spaces: BoolArray
    """(n,): whether each token is whitespace."""
    starts: BoolArray
    """(n,): whether a document or a sentence starts at each token."""

    @classmethod
    def read(cls, docs: List[Doc]) -> Tokens:
        lengths = lengths_of(docs)
        values = token_attrs(docs, SENT_START, IS_SPACE)
        starts = values[:, 0] == 1
        starts[starts_of(lengths)[lengths > 0]] = True
        return cls(lengths, values[:, 1] == 1, starts)

    @property
    def longest(self) -> int:
        """The number of tokens of the longest sentence, or document without any."""
        return int(np.diff(np.flatnonzero(self.starts), append=len(self.starts)).max(initial=0))

    def pieces(self, most: int) -> IntArray:
        """The lengths of the pieces that are read each by itself, (n_pieces,): sentences, or documents without any.
        most: a longer one is cut after so many tokens."""
        rows = np.arange(len(self.starts))
        places = rows - np.maximum.accumulate(np.where(self.starts, rows, 0))
        return np.diff(np.flatnonzero(places % most == 0), append=len(rows))


class GoldCounts(Protocol):
    """Gold spans that were read."""

    @property
    def n_spans(self) -> int:
        """How many gold spans there are."""

    @property
    def n_learned(self) -> int:
        """How many of them are learned."""


class SpanLearning(RehearsalMixin, LabelListMixin):
    """A component that finds labelled spans in the pieces of documents."""

    LEARNED = ("labels",)
    FACTORY: ClassVar[str]
    LEFT_OUT: ClassVar[str]
    """What is logged about gold spans that cannot be learned: their name, and the reasons."""

    vocab: Vocab
    _has_reported = False

    _read_gold: Callable[[List[Example], List[str]], Tuple[GoldCounts, Any]]
    """The gold spans of examples, with the labels that the component has, and the lengths of the pieces."""
    _labels_of: Callable[[Doc], Set[str]]
    """The labels of a gold document."""
    _no_labels: Callable[[], AnnotationError]
    """What is raised if there are no labels."""

    def initialize(
        self,
        get_examples: Callable[[], Iterable[Example]],
        *,
        nlp: Optional[Language] = None,
        labels: Optional[List[str]] = None,
    ) -> None:
        """Prepare for training.

        get_examples: returns a representative sample of the training data.
        labels: as `spacy init labels` writes them; None to collect them from the sample.

        Raises AnnotationError if there are no labels.
        """
        validate_get_examples(get_examples, f"{type(self).__name__}.initialize")
        spacy.util.check_lexeme_norms(self.vocab, self.FACTORY)
        found = self._collect_labels(get_examples()) if labels is None else self._check_labels(labels)
        self.cfg["labels"] = list(dict.fromkeys([*self.labels, *found]))
        if not self.labels:
            raise self._no_labels()
        from ..models.spans import set_labels  # on use: it brings torch

        set_labels(self.model, len(self.labels))
        sample: Any = [example.x for example in islice(get_examples(), 10)]
        self.model.initialize(X=sample)

    def _collect_labels(self, examples: Iterable[Example]) -> List[str]:
        """The labels of gold spans, sorted. Logs how many of these cannot be learned."""
        n_spans = n_learned = 0
        found: Set[str] = set()
        for example in examples:
            own = self._labels_of(example.reference)
            found.update(own)
            gold, _ = self._read_gold([example], sorted(own))
            n_spans, n_learned = n_spans + gold.n_spans, n_learned + gold.n_learned
        self._has_reported = False
        self._report(n_spans, n_learned)
        return sorted(found)

    def _check_labels(self, labels: Any) -> List[str]:
        if not isinstance(labels, (list, tuple)) or not all(isinstance(label, str) and label for label in labels):
            raise AnnotationError(Errors.R131.format(name=self.name, found=labels))
        return list(labels)

    def _report(self, n_spans: int, n_learned: int) -> None:
        """Say once that spans cannot be learned."""
        if n_learned < n_spans and not self._has_reported:
            self._has_reported = True
            logger.warning(f"%s: %d of %d {self.LEFT_OUT}", self.name, n_spans - n_learned, n_spans)

    def get_loss(self, examples: Iterable[Example], scores: Floats1d) -> Tuple[float, Floats1d]:
        """The loss, summed over the pieces of documents, and the gradient of its mean over tokens. Raises TrainingError
        if it is not finite.

        scores: (n_pieces,), the log-probabilities of what is known.
        """
        array: Any = scores
        loss = -float(array.sum())
        if not np.isfinite(loss):
            raise TrainingError(Errors.R013.format(name=self.name))
        n_tokens = self._n_losses(list(examples), scores)
        gradient: Any = self.model.ops.xp.full_like(scores, -1.0 / max(1, all_reduce(n_tokens)))
        return loss, gradient

    def _n_losses(self, examples: List[Example], scores: Any) -> int:
        """The tokens."""
        return sum(len(example.predicted) for example in examples)
