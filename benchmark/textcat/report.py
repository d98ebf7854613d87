"""The table and the picture of a run."""

from pathlib import Path
from typing import Any, Dict

import srsly
from rich.console import Console
from rich.markdown import Markdown

from .contestants import OURS, PEER
from .measure import SPEEDS


def write(found: Dict[str, Any], title: str, output: Path) -> None:
    """The figures to OUTPUT.json, .md and .svg, and the table to the console."""
    output.parent.mkdir(parents=True, exist_ok=True)
    run = {"title": title, **found}
    srsly.write_json(output.with_suffix(".json"), run)
    text = table(run)
    output.with_suffix(".md").write_text(text, encoding="utf8")
    picture(run, output.with_suffix(".svg"))
    console = Console()
    console.print(Markdown(text))
    console.print(f"{title}, test; {found['threads']} thread(s), medians of {found['repeats']}; written to {output}.*")


def table(run: Dict[str, Any]) -> str:
    """A Markdown table; a row for each side, and how many times as fast as spaCy's ensemble ours is."""
    results, ratios = run["results"], run["ratios"]
    columns = list(next(iter(results.values())))
    lines = [_row([run["title"], *columns]), _row(["---", *("---:" for _ in columns)])]
    for name, figures in results.items():
        cells = (f"{figures[c]:,.0f}" if c in SPEEDS else f"{figures[c]:.2f}" if c in figures else "" for c in columns)
        lines.append(_row([name, *cells]))
    if ratios:
        cells = (f"{ratios[c]:.1f}x" if c in ratios else "" for c in columns)
        lines.append(_row([f"{OURS} / {PEER}", *cells]))
    return "\n".join(lines) + "\n"


def picture(run: Dict[str, Any], path: Path) -> None:
    """Scores and speeds side by side."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    results = run["results"]
    names = list(results)
    colors = ["#0f766e" if name.startswith(OURS) else "#a8a29e" for name in names]
    figure, axes = pyplot.subplots(1, 1 + len(SPEEDS), figsize=(14, 0.8 + 0.5 * len(names)), layout="constrained")
    for axis, key in zip(axes, ("accuracy", *SPEEDS)):
        values = [results[name].get(key, 0.0) for name in names]
        bars = axis.barh(names, values, color=colors)
        axis.bar_label(bars, [f"{value:.1f}" if key == "accuracy" else f"{value:,.0f}" for value in values], padding=3)
        axis.set_title(key)
        axis.invert_yaxis()
        axis.margins(x=0.25)
        axis.spines[["top", "right", "bottom"]].set_visible(False)
        axis.set_xticks([])
        if axis is not axes[0]:
            axis.set_yticklabels([])
    figure.suptitle(run["title"])
    figure.savefig(path)
    pyplot.close(figure)


def _row(cells: Any) -> str:
    return "| " + " | ".join(cells) + " |"
