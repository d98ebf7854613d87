"""Calibrated probabilities: a temperature that is fitted on held-out data."""

from typing import Any, Callable, Iterable, List, Optional, Tuple

import numpy as np
from spacy.language import Language
from spacy.training import Example
from spacy.util import logger
from thinc.api import get_array_module

from ...base.arrays import activate, log_softmax
from ...errors import Errors, SettingError
from ...types import Array, FloatArray
from ..calibration import calibration_error
from .cats import truth_arrays

# Before a temperature is applied, probabilities are kept this far from 0 and 1.
_EPS = 1e-7
_BOUND = -float(np.log(_EPS))
# The range of fitted temperatures.
COLDEST, HOTTEST = 0.05, 20.0
# With fewer wrong predictions, a temperature says little of new texts.
FEWEST_ERRORS = 10


def to_logits(probabilities: Array, exclusive: bool) -> Array:
    """Scores that `activate` turns into these probabilities. Shape (n_docs, n_labels) to the same."""
    xp = get_array_module(probabilities)
    p = probabilities.clip(_EPS, 1.0 - _EPS)
    return xp.log(p) if exclusive else xp.log(p / (1.0 - p))


def at_temperature(logits: Array, temperature: float, exclusive: bool) -> Array:
    """The probabilities of scores that are divided by a temperature (Guo et al. 2017, sect. 4.2). The order of the
    categories stays the same. Shape (n_docs, n_labels) to the same."""
    if temperature != 1.0:
        logits = (log_softmax(logits) if exclusive else logits).clip(-_BOUND, _BOUND) / temperature
    return activate(logits, exclusive)


def fit_temperature(probabilities: FloatArray, truths: Array, known: Array, exclusive: bool) -> float:
    """The temperature with the lowest cross-entropy, by golden-section search on its logarithm, in which the loss has
    one minimum. 1.0 if no truth is known.

    n predictions can prove no more certainty than 1 - 1/(n + 2), even if all of them are right (Laplace's rule of
    succession). So the truth gets this share of the probability (Platt 1999, sect. 2.2), and wrong labels the rest.

    probabilities, truths, known: (n_docs, n_labels).
    """
    if exclusive:
        rows = (truths * known).any(axis=1)
        probabilities, truths, known = probabilities[rows], truths[rows], np.ones_like(known[rows])
    if not known.any():
        return 1.0
    logits = to_logits(probabilities.astype(np.float64), exclusive)
    n_wrong = max(1, truths.shape[1] - 1) if exclusive else 1
    doubt = 1.0 / ((len(truths) if exclusive else int(known.sum())) + 2)
    truths = truths * (1.0 - doubt) + (1.0 - truths) * doubt / n_wrong

    def loss(log_temperature: float) -> float:
        p = at_temperature(logits, float(np.exp(log_temperature)), exclusive).clip(1e-12, 1.0 - 1e-12)
        terms = truths * np.log(p) if exclusive else truths * np.log(p) + (1.0 - truths) * np.log(1.0 - p)
        return -float((terms * known).sum())

    low, high = float(np.log(COLDEST)), float(np.log(HOTTEST))
    golden = (5.0**0.5 - 1.0) / 2.0
    for _ in range(40):
        left, right = high - golden * (high - low), low + golden * (high - low)
        low, high = (low, right) if loss(left) <= loss(right) else (left, high)
    return float(np.exp((low + high) / 2.0))


def build_calibrate_v1(
    corpus: Callable[[Language], Iterable[Example]], component: Optional[str] = None
) -> Callable[[Language], Language]:
    """A callback for `training.before_to_disk`, which fits the temperature of text categorizers whenever a pipeline is
    saved.

    corpus: the held-out data; in a config, corpus = ${corpora.dev}.
    component: the name of one categorizer; None for all in the pipeline that have a temperature.

    The callback raises SettingError if the pipeline has no such categorizer.
    """

    def calibrate(nlp: Language) -> Language:
        names = [name for name, pipe in nlp.pipeline if "temperature" in (getattr(pipe, "cfg", None) or {})]
        if component is not None and component not in names:
            raise SettingError(Errors.R105.format(name=component, found=", ".join(names) or "none"))
        for name in names if component is None else [component]:
            calibrate_component(nlp, name, corpus)
        return nlp

    return calibrate


def calibrate_component(nlp: Language, name: str, corpus: Callable[[Language], Iterable[Example]]) -> None:
    """Fit and set the temperature of one categorizer. Says how well it does on other data: the calibration error of
    each half of the corpus with the temperature of the other half."""
    pipe: Any = nlp.get_pipe(name)
    examples = list(corpus(nlp))
    labels: List[str] = list(pipe.labels)
    before, pipe.cfg["temperature"] = pipe.cfg["temperature"], 1.0
    try:
        with nlp.select_pipes(disable=nlp.pipe_names[nlp.pipe_names.index(name) + 1 :]):
            docs = nlp.pipe([example.predicted for example in examples])
            predicted = [[doc.cats[label] for label in labels] for doc in docs]
    finally:
        pipe.cfg["temperature"] = before
    truths, known = truth_arrays(examples, labels, np)
    probabilities = np.array(predicted, dtype=np.float32).reshape(-1, len(labels))
    pipe.cfg["temperature"] = fit_temperature(probabilities, truths, known, pipe.exclusive)
    n_errors = len([None for _, hit in decisions(probabilities, truths, known, pipe.exclusive) if not hit])
    if n_errors < FEWEST_ERRORS:
        logger.warning(
            "%s: only %d predictions of the held-out data are wrong, too few to tell how sure it may be; hold out more",
            name,
            n_errors,
        )
    errors = held_out_errors(probabilities, truths, known, pipe.exclusive)
    if errors is not None:
        logger.info("%s: calibration error %.2f%%, with temperature %.2f%%", name, 100 * errors[0], 100 * errors[1])


def decisions(p: FloatArray, truths: Array, known: Array, exclusive: bool) -> List[Tuple[float, bool]]:
    """The confidence of each decision, and whether it is right. All arguments: (n_docs, n_labels)."""
    if exclusive:
        rows = np.flatnonzero((truths * known).any(axis=1))
        best = p[rows].argmax(axis=1)
        return list(zip(p[rows, best].tolist(), (truths[rows, best] > 0).tolist()))
    sure = np.maximum(p, 1.0 - p)[known > 0]
    return list(zip(sure.tolist(), ((p > 0.5) == (truths > 0))[known > 0].tolist()))


def held_out_errors(
    probabilities: FloatArray, truths: Array, known: Array, exclusive: bool
) -> Optional[Tuple[float, float]]:
    """The calibration error without a temperature, and with one that was fitted on the other half of the documents;
    None if a half has no truth. All arguments: (n_docs, n_labels)."""
    found: List[List[Tuple[float, bool]]] = [[], []]
    for own in (slice(0, None, 2), slice(1, None, 2)):
        other = slice(1 - (own.start or 0), None, 2)
        if not (known[own].any() and known[other].any()):
            return None
        temperature = fit_temperature(probabilities[other], truths[other], known[other], exclusive)
        logits = to_logits(probabilities[own].astype(np.float64), exclusive)
        for pairs, p in zip(found, (probabilities[own], at_temperature(logits, temperature, exclusive))):
            pairs += decisions(p, truths[own], known[own], exclusive)
    before, after = map(calibration_error, found)
    return None if before is None or after is None else (before, after)
