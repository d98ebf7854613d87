"""The table of means and spreads."""

import statistics
from typing import List

from ..figures import markdown_table
from .runs import Table
from .sets import SETS
from .systems import OURS


def markdown(table: Table, systems: List[str]) -> str:
    """A row for each set with the test scores of each system, mean and standard deviation over the runs; the best mean
    is bold. The last rows have the means over all sets, and on how many of them ours is ahead."""
    rows = []
    for name, found in table.items():
        values = {system: [test for _, test in found[system]] for system in systems if found.get(system)}
        best = max(map(statistics.mean, values.values()))
        rows.append([SETS[name].title, *(_cell(values.get(system, []), best) for system in systems)])
    whole = {system: [_mean(table, name, system, 1) for name in table] for system in systems}
    dev = {system: [_mean(table, name, system, 0) for name in table] for system in systems}
    for title, values in (("mean", whole), ("mean on dev", dev)):
        rows.append([title, *(f"{statistics.mean(values[system]):.1f}" for system in systems)])
    ahead = ["ours ahead"]
    for system in systems:
        wins = sum(own > other for own, other in zip(whole[systems[0]], whole[system]))
        ahead.append("" if system == systems[0] else f"{wins} of {len(table)}")
    return markdown_table([f"test, {OURS} and others", *systems], [*rows, ahead])


def _mean(table: Table, name: str, system: str, split: int) -> float:
    scores = [pair[split] for pair in table[name].get(system, [])]
    return statistics.mean(scores) if scores else float("nan")


def _cell(values: List[float], best: float) -> str:
    if not values:
        return ""
    mean = statistics.mean(values)
    text = f"{mean:.1f}"
    if len(values) > 1:
        text += f" ± {statistics.stdev(values):.1f}"
    return f"**{text}**" if mean == best else text
