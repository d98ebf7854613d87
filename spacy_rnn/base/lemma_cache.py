"""The lemmas of words already seen, kept between predictions."""

import threading
from typing import Any, Callable, Dict, Hashable, List, Optional, Tuple

Compute = Callable[[List[int]], List[str]]


class LemmaCache:
    """A bounded table of lemmas by word, valid for one state of what they come from.

    Safe to use from several threads. Never saved and never copied: a copy starts empty.

    size: the number of words kept; when they are more, the table starts over.
    """

    def __init__(self, size: int):
        self.size = size
        self._lock = threading.Lock()
        self._version: Optional[Hashable] = None
        self._lemmas: Dict[int, str] = {}

    def __len__(self) -> int:
        return len(self._lemmas)

    def __reduce__(self) -> Tuple[Any, ...]:
        return LemmaCache, (self.size,)

    def lookup(self, words: List[int], version: Hashable, compute: Compute) -> List[str]:
        """The lemmas of distinct words, computing those that are missing.

        version: of what they are computed from; a new one drops what was kept.
        """
        with self._lock:
            if version != self._version:
                self._version, self._lemmas = version, {}
            kept = self._lemmas
            missing = [word for word in words if word not in kept]
            found = dict(zip(missing, compute(missing))) if missing else {}
            lemmas = [found[word] if word in found else kept[word] for word in words]
            if len(kept) + len(found) > self.size:
                kept.clear()
            if len(found) <= self.size:
                kept.update(found)
            return lemmas
