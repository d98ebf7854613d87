"""Learning from what teachers hold likely, where documents have soft labels."""

from typing import Dict, List, Sequence, Tuple, Union

import numpy as np
from spacy.training import Example

from ...errors import AnnotationError, Errors
from ...types import FloatArray
from ..gold import same_tokens
from ..losses import soft_cross_entropy
from ..soft_labels import Taught, read_soft_labels
from .labels import TagCodec

# A token of which the student knows less than this share of what the teacher holds likely teaches it nothing.
LEAST_KNOWN = 0.5


def soft_loss(
    codec: TagCodec, examples: List[Example], scores: FloatArray, name: str
) -> Tuple[float, Union[float, FloatArray]]:
    """The loss of all tokens whose documents have soft labels, and the gradient of all tokens. scores: (n_tokens,
    n_labels). name: of the component, for messages.

    Labels that the student lacks are left out, and the rest is scaled to sum to 1.
    Raises AnnotationError for soft labels that cannot be used.
    """
    taught = [_read(example, name) for example in examples]
    if not any(taught):
        return 0.0, 0.0
    lengths = [len(example.predicted) for example in examples]
    ends = np.cumsum(lengths)
    places = np.concatenate([np.arange(end - length, end) for end, length, one in zip(ends, lengths, taught) if one])
    found = [(one, length) for one, length in zip(taught, lengths) if one]
    weight, temperature = (
        np.repeat([getattr(one, part) for one, _ in found], [length for _, length in found]).astype("f")[:, None]
        for part in ("weight", "temperature")
    )
    targets = soft_targets(codec, found)
    losses, rows = soft_cross_entropy(
        scores[places], targets, codec.groups.values(), weights=codec.weights, temperature=temperature
    )
    gradient = np.zeros_like(scores)
    gradient[places] = rows * weight
    return float((losses * weight[:, 0]).sum()), gradient


def _read(example: Example, name: str) -> Union[Taught, None]:
    try:
        taught = read_soft_labels(example.reference)
    except ValueError as error:
        raise AnnotationError(Errors.R025.format(name=name, text=example.reference.text[:80], reason=error)) from error
    return taught if taught is not None and same_tokens(example.predicted, example.reference) else None


def soft_targets(codec: TagCodec, found: Sequence[Tuple[Taught, int]]) -> FloatArray:
    """The probabilities of the student's labels, (n_tokens, n_labels), which in each group sum to 1, or to 0 where too
    little is known. found: what documents teach, with their numbers of tokens."""
    groups = list(codec.groups.values())
    starts, sizes = [group.start for group in groups], [group.stop - group.start for group in groups]
    ends = np.cumsum([length for _, length in found])
    targets = np.zeros((ends[-1], codec.width), dtype="f")
    for attr in codec.attrs:
        names: Dict[str, int] = {}
        tokens, labels, probabilities = [], [], []
        for (taught, length), end in zip(found, ends):
            own = taught.attrs.get(attr)
            if own is not None:
                columns = np.array([names.setdefault(name, len(names)) for name in own.labels], dtype=np.int64)
                tokens.append(np.repeat(np.arange(end - length, end), own.counts))
                labels.append(columns[own.columns])
                probabilities.append(own.probabilities.astype("f"))
        if names:
            places = codec.columns(attr, list(names))[np.concatenate(labels)]
            rows = np.broadcast_to(np.concatenate(tokens)[:, None], places.shape)
            shares = np.broadcast_to(np.concatenate(probabilities)[:, None], places.shape)
            known = places >= 0
            np.add.at(targets, (rows[known], places[known]), shares[known])
    sums = np.add.reduceat(targets, starts, axis=1)
    scale = np.where(sums >= LEAST_KNOWN, 1.0 / np.maximum(sums, LEAST_KNOWN), 0.0).astype("f")
    return targets * np.repeat(scale, sizes, axis=1)
