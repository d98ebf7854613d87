"""Learning from what teachers hold likely: categories with values between 0 and 1."""

from typing import Any, Callable, Iterable, Iterator, List, Tuple

from spacy.training import Example
from thinc.api import get_array_module

from ...base.arrays import TINY, activate
from ...errors import AnnotationError, Errors
from ...types import Array
from ..extensions import SOFT_LABELS, read
from ..soft_labels import read_soft_labels
from .calibration import to_logits

# A text of which the student knows less than this share of what the teacher holds likely teaches it nothing.
LEAST_KNOWN = 0.5


def is_soft(example: Example) -> bool:
    """Whether teachers have labelled it, so that its categories have any value from 0 to 1."""
    return read(example.reference, SOFT_LABELS) is not None


def gold_examples(get_examples: Callable[[], Iterable[Example]]) -> Callable[[], Iterable[Example]]:
    """The examples from which labels are collected: those that no teacher has labelled, or all if there are no others.
    A teacher may know categories that its student is not to learn."""

    def get_gold() -> Iterator[Example]:
        is_empty = True
        for example in get_examples():
            if not is_soft(example):
                is_empty = False
                yield example
        if is_empty:
            yield from get_examples()

    return get_gold


def soft_rows(examples: List[Example], xp: Any, name: str) -> Tuple[Array, Array, Array]:
    """Which examples teachers have labelled, how much they count, and the temperature, (n_docs, 1) each.

    name: of the component, for messages. Raises AnnotationError for soft labels that cannot be used.
    """
    try:
        taught = [read_soft_labels(example.reference) for example in examples]
    except ValueError as error:
        soft = next(example.reference for example in examples if is_soft(example))
        raise AnnotationError(Errors.R025.format(name=name, text=soft.text[:80], reason=error)) from error
    columns = [[one is not None, one.weight if one else 1.0, one.temperature if one else 1.0] for one in taught]
    soft, weights, temperatures = xp.asarray(columns, dtype="f").reshape(-1, 3, 1).swapaxes(0, 1)
    return soft > 0, weights, temperatures


def soft_cats_loss(
    probabilities: Array, targets: Array, known: Array, class_weights: Array, exclusive: bool, temperature: Array
) -> Tuple[Array, Array]:
    """The cross-entropy with a teacher's probabilities of each document, and the gradient of the scores before the
    softmax or the logistic function (Hinton et al. 2015, sect. 2). Categories that the teacher does not know have no
    influence.

    probabilities, targets, known: (n_docs, n_labels). class_weights: (n_labels,). temperature: (n_docs, 1), see
    `soft_cross_entropy`.
    Returns (n_docs, 1) and (n_docs, n_labels).
    """
    xp = get_array_module(probabilities)
    found, wanted = (
        activate(xp.where(known | (not exclusive), to_logits(array, exclusive) / temperature, -1e4), exclusive)
        for array in (probabilities, targets)
    )
    if exclusive:
        counted = (targets * known).sum(axis=1, keepdims=True) >= LEAST_KNOWN
        counted = counted * (wanted * class_weights).sum(axis=1, keepdims=True)
        losses = -wanted * xp.log(xp.maximum(found, TINY))
    else:
        counted = known * (1.0 + wanted * (class_weights - 1.0))
        right, wrong = xp.maximum(found, TINY), xp.maximum(1.0 - found, TINY)
        losses = -wanted * xp.log(right) - (1.0 - wanted) * xp.log(wrong)
    losses = (losses * counted).sum(axis=1, keepdims=True) * temperature**2
    return losses, (found - wanted) * counted * temperature
