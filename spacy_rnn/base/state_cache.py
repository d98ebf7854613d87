"""What a network that does not learn says of the documents of a training corpus, kept between epochs."""

import threading
from typing import Any, Callable, Dict, Hashable, List, Optional, Tuple

import numpy as np

from ..nn.contextual import TextPlaces
from ..types import FloatArray

Compute = Callable[[List[TextPlaces]], FloatArray]


class StateCache:
    """The states at the tokens of texts, by text and places, in 16 bits, for one state of the weights.

    Never saved and never copied: a copy starts empty.

    size: the number of tokens kept; documents met after that are computed each time.
    """

    def __init__(self, size: int):
        self.size = size
        self._lock = threading.Lock()
        self._version: Optional[Hashable] = None
        self._states: Dict[bytes, Any] = {}
        self._n_tokens = 0

    def __len__(self) -> int:
        return self._n_tokens

    def lookup(self, texts: List[TextPlaces], version: Hashable, compute: Compute) -> FloatArray:
        """The states of texts, computed where they are missing. version: of the weights; a new one drops what was kept.
        compute: texts to (n_tokens, width). Returns (n_tokens, width)."""
        with self._lock:
            if version != self._version:
                self._version, self._states, self._n_tokens = version, {}, 0
            keys = [b"".join(column.tobytes() for column in (*text, np.array(map_sizes(text)))) for text in texts]
            missing = {key: text for key, text in zip(keys, texts) if key not in self._states}
            fresh: Dict[bytes, Any] = {}
            if missing:
                states = compute(list(missing.values())).astype(np.float16)
                ends = np.cumsum([len(text.starts) for text in missing.values()])
                fresh = dict(zip(missing, np.split(states, ends[:-1])))
            found = [self._states[key] if key in self._states else fresh[key] for key in keys]
            for key, states in fresh.items():
                if self._n_tokens + len(states) <= self.size:
                    self._states[key] = states.copy()
                    self._n_tokens += len(states)
        return np.concatenate(found).astype(np.float32)

    def __reduce__(self) -> Tuple[Any, ...]:
        return StateCache, (self.size,)


def map_sizes(text: TextPlaces) -> List[int]:
    """The lengths of the columns, without which two texts could have the same bytes."""
    return [len(column) for column in text]
