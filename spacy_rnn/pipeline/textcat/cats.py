"""The losses of a text categorizer, and how much each category counts. A category without a gold value is unknown: it
has no influence on the loss."""

from typing import Any, Dict, Iterable, List, Sequence, Tuple

import numpy as np
from spacy.training import Example
from thinc.api import get_array_module

from ...base.arrays import TINY
from ...types import Array


def exclusive_loss(
    probabilities: Array, truths: Array, known: Array, weights: Array, label_smoothing: float
) -> Tuple[float, Array]:
    """The cross-entropy where exactly one category applies, summed over documents, and the gradient of the scores
    before the softmax.

    Where the gold category is known, so are all others. Where a document is only known *not* to be in some categories,
    the loss is -log(1 - p) of their joint probability p. If it is known to be in none, all categories are to be equally
    likely, as in spaCy's own categorizer. A document without a known category does not count.

    probabilities, truths, known: (n_docs, n_labels), the last two of zeros and ones. weights: (n_labels,).
    label_smoothing: the share of probability that the truth gives to all other categories (Szegedy et al. 2016,
        sect. 7).
    """
    xp = get_array_module(probabilities)
    n_labels = probabilities.shape[1]
    truths = truths * known
    positive, all_known = truths.sum(axis=1, keepdims=True) > 0, known.all(axis=1, keepdims=True)
    none = all_known & ~positive
    off = label_smoothing / max(1, n_labels - 1)
    target = xp.where(none, 1.0 / n_labels, xp.where(truths > 0, 1.0 - off * (n_labels - 1), off))
    weight = xp.where(none, weights.mean(), (truths * weights).sum(axis=1, keepdims=True))
    losses = -(target * xp.log(xp.maximum(probabilities, TINY))).sum(axis=1, keepdims=True)

    excluded = (probabilities * known).sum(axis=1, keepdims=True)
    left = xp.maximum(1.0 - excluded, TINY)
    partly = known.any(axis=1, keepdims=True) & ~all_known & ~positive
    against = xp.where(known > 0, probabilities, -probabilities * excluded / left)

    gradient = xp.where(positive | none, (probabilities - target) * weight, xp.where(partly, against, 0.0))
    loss = xp.where(positive | none, losses * weight, xp.where(partly, -xp.log(left), 0.0))
    return float(loss.sum()), gradient.astype(probabilities.dtype)


def multilabel_loss(
    probabilities: Array, truths: Array, known: Array, weights: Array, label_smoothing: float
) -> Tuple[float, Array]:
    """The cross-entropy where any number of categories applies, summed over documents and categories, and the gradient
    of the scores before the logistic function.

    The arguments are those of `exclusive_loss`. A weight applies to the documents in its category; label smoothing
    moves every truth towards one half.
    """
    xp = get_array_module(probabilities)
    target = truths * (1.0 - label_smoothing) + 0.5 * label_smoothing
    weight = known * xp.where(truths > 0, weights, 1.0)
    positive, negative = xp.maximum(probabilities, TINY), xp.maximum(1.0 - probabilities, TINY)
    loss = -(weight * (target * xp.log(positive) + (1.0 - target) * xp.log(negative))).sum()
    return float(loss), ((probabilities - target) * weight).astype(probabilities.dtype)


def count_cats(examples: Iterable[Example], labels: Sequence[str]) -> Dict[str, List[int]]:
    """The number of documents that are known to be in each category, and of those that are known not to be."""
    counts = {label: [0, 0] for label in labels}
    for example in examples:
        for label, value in example.reference.cats.items():
            if label in counts:
                counts[label][0 if value else 1] += 1
    return counts


def balanced_weights(inside: Sequence[int], outside: Sequence[int], exclusive: bool, power: float = 1.0) -> List[float]:
    """Weights that make up for categories of different sizes. With `power` 1 all categories count the same; with 0.5,
    the square roots of these weights, large ones count more.

    Exclusive: inverse to the number of documents in the category (King & Zeng 2001), scaled so that all documents
    together weigh as much as their number. Otherwise: the documents outside the category divided by those inside.
    """
    if not exclusive:
        return [(n_out / n_in) ** power if n_in and n_out else 1.0 for n_in, n_out in zip(inside, outside)]
    weights = [n**-power if n else 0.0 for n in inside]
    scale = sum(inside) / max(TINY, sum(n * weight for n, weight in zip(inside, weights)))
    return [scale * weight if n else 1.0 for n, weight in zip(inside, weights)]


def listed_weights(given: Dict[str, float], labels: Sequence[str]) -> List[float]:
    """The weights of a dict, 1 for labels that it lacks."""
    return [float(given.get(label, 1.0)) for label in labels]


def truth_arrays(examples: List[Example], labels: Sequence[str], xp: Any) -> Tuple[Array, Array]:
    """The gold values, 0 where they are unknown, and whether they are known, two arrays (n_docs, n_labels)."""
    rows = [[example.reference.cats.get(label, np.nan) for label in labels] for example in examples]
    truths = xp.asarray(rows, dtype="f").reshape(-1, len(labels))
    known = ~xp.isnan(truths)
    return xp.where(known, truths, 0.0), known
