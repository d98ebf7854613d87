"""How far probabilities are from how often they are right."""

from typing import Optional, Sequence, Tuple

import numpy as np

BINS = 15


def calibration_error(predictions: Sequence[Tuple[float, bool]]) -> Optional[float]:
    """The expected calibration error (Naeini et al. 2015; Guo et al. 2017, eq. 3): the distance between the mean
    confidence and the share of hits in each of BINS bins of equal width, weighted by the size of the bin.

    predictions: the confidence of each, and whether it is right. None if there are none."""
    if not predictions:
        return None
    confidence, hit = np.array(predictions, dtype=np.float64).T
    bins = np.minimum((confidence * BINS).astype(np.int64), BINS - 1)
    differences = np.bincount(bins, weights=confidence - hit, minlength=BINS)
    return float(np.abs(differences).sum() / len(confidence))
