"""Fair timing of several sides: by turns, so that they share whatever else the machine does."""

import statistics
from typing import Callable, Dict, Hashable, List, Mapping, TypeVar

Key = TypeVar("Key", bound=Hashable)


def by_turns(runs: Mapping[Key, Callable[[], float]], repeats: int, *, warm_up: bool = False) -> Dict[Key, List[float]]:
    """Call all runs in turn, `repeats` times, and return the values of each.

    warm_up: begin with a turn that does not count.
    """
    found: Dict[Key, List[float]] = {key: [] for key in runs}
    for turn in range(repeats + warm_up):
        for key, run in runs.items():
            value = run()
            if turn >= warm_up:
                found[key].append(value)
    return found


def medians(timings: Mapping[Key, List[float]]) -> Dict[Key, float]:
    """The medians of the runs that have values."""
    return {key: statistics.median(values) for key, values in timings.items() if values}
