"""Hashing. Needs no torch."""

import numpy as np
import numpy.typing as npt


def mix_bits(keys: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """Spread keys evenly over 64 bits: the finaliser of splitmix64 (Steele et al. 2014)."""
    keys = keys + np.uint64(0x9E3779B97F4A7C15)
    keys = (keys ^ (keys >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    keys = (keys ^ (keys >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return keys ^ (keys >> np.uint64(31))
