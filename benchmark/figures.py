"""Figures as tables: on the console and in Markdown."""

from pathlib import Path
from typing import Any, Dict, Iterable, List, Optional

import srsly
from rich.console import Console
from rich.table import Table

Results = Dict[str, Dict[str, float]]
"""The figures of each side by their names. Those with "/s" in their names are speeds, the others percentages."""


def show(title: str, results: Results, ratios: Optional[Dict[str, float]] = None) -> None:
    """Print the figures, a row for each side, in the columns of the first one; `ratios` are the last row."""
    columns = list(next(iter(results.values())))
    table = Table(title=title)
    for column in ("", *columns):
        table.add_column(column, justify="right" if column else "left")
    for name, found in results.items():
        table.add_row(name, *(as_text(column, found[column]) if column in found else "" for column in columns))
    if ratios:
        table.add_row("ratio", *(f"{ratios[column]:.2f}x" if column in ratios else "" for column in columns))
    Console().print(table)


def as_text(column: str, value: float) -> str:
    """A figure as the tables show it."""
    return f"{value:,.0f}" if "/s" in column else f"{value:.2f}"


def markdown_table(head: List[str], rows: Iterable[List[str]]) -> str:
    """A Markdown table whose first column is aligned left, the others right."""
    lines = [head, ["---", *("---:" for _ in head[1:])], *rows]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def write_json(output: Optional[Path], figures: Any) -> None:
    """Write the figures to a file, if there is to be one."""
    if output is not None:
        output.parent.mkdir(parents=True, exist_ok=True)
        srsly.write_json(output, figures)
