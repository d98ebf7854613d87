"""Arrays by the type of their elements."""

from typing import Any

import numpy as np
import numpy.typing as npt

IntArray = npt.NDArray[np.int64]
KeyArray = npt.NDArray[np.uint64]
"""Keys of spaCy's string store."""
FloatArray = npt.NDArray[np.float32]
BoolArray = npt.NDArray[np.bool_]

Array = Any
"""An array of Thinc's backend, numpy's or cupy's."""
