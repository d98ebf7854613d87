"""The conditions under which a pipeline is tried."""

from typing import Dict

from .augmenter import Noise


def conditions() -> Dict[str, Noise]:
    """The noise that evaluations try a pipeline with, by name."""
    return {
        "lower case": Noise(lower=1.0, seed=0),
        "UPPER CASE": Noise(upper=1.0, seed=0),
        "no diacritics": Noise(diacritics=1.0, seed=0),
        "5% typos": Noise(typos=0.05, seed=0),
    }
