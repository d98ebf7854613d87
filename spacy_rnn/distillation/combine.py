"""One opinion of several teachers."""

from typing import Dict, Mapping, Sequence

import numpy as np

from .teachers import Labelled

KINDS = ("soft", "hard", "agreed")
_TINY = np.finfo("f").tiny


def combined(found: Sequence[Labelled], weights: Sequence[float], kind: str) -> Labelled:
    """The weighted mean of the teachers that know a token. Labels are the same if their names are.

    kind: "hard" gives probability 1 to the likeliest label, "agreed" only where it is the likeliest of each teacher
        that knows the token.
    """
    names = list(dict.fromkeys(name for one in found for name in one.names))
    places = {name: i for i, name in enumerate(names)}
    columns = [[places[name] for name in one.names] for one in found]
    n = len(found[0].probabilities)
    mean, total = np.zeros((n, len(names)), dtype="f"), np.zeros((n, 1), dtype="f")
    for one, own, weight in zip(found, columns, weights):
        mean[:, own] += weight * one.probabilities
        total += weight * one.probabilities.any(axis=1, keepdims=True)
    mean /= np.maximum(total, _TINY)
    if kind == "soft":
        return Labelled(names, mean)
    best = mean.argmax(axis=1)
    known = mean.any(axis=1)
    if kind == "agreed":
        for one, own in zip(found, columns):
            same = np.array(own)[one.probabilities.argmax(axis=1)] == best
            known &= same | ~one.probabilities.any(axis=1)
    hard = np.zeros_like(mean)
    hard[known, best[known]] = 1.0
    return Labelled(names, hard)


def combined_cats(found: Sequence[Mapping[str, float]], weights: Sequence[float], kind: str) -> Dict[str, float]:
    """The weighted mean of the teachers that know a category; "hard" and "agreed" as in `combined`."""
    names = dict.fromkeys(name for cats in found for name in cats)
    mean = {}
    for name in names:
        own = [(cats[name], weight) for cats, weight in zip(found, weights) if name in cats]
        mean[name] = float(sum(value * weight for value, weight in own) / max(_TINY, sum(weight for _, weight in own)))
    if kind == "soft" or not mean:
        return mean
    hard = hard_cats(mean)
    if kind == "agreed" and any(hard_cats(cats) != {name: hard[name] for name in cats} for cats in found if cats):
        return {}
    return hard


def hard_cats(cats: Mapping[str, float]) -> Dict[str, float]:
    """The likeliest category if they are a distribution, otherwise all that are likelier than not."""
    best = max(cats, key=lambda name: cats[name])
    if abs(sum(cats.values()) - 1.0) < 1e-3:
        return {name: float(name == best) for name in cats}
    return {name: float(value >= 0.5) for name, value in cats.items()}
