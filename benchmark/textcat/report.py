"""The table and the picture of a run."""

from pathlib import Path
from typing import Any, Dict

from rich.console import Console
from rich.markdown import Markdown

from ..figures import as_text, markdown_table, write_json
from .contestants import OURS, PEER
from .measure import SPEEDS


def write(found: Dict[str, Any], title: str, output: Path) -> None:
    """Write the figures to OUTPUT.json, .md and .svg, and print the table."""
    run = {"title": title, **found}
    write_json(output.with_suffix(".json"), run)
    text = table(run)
    output.with_suffix(".md").write_text(text, encoding="utf8")
    picture(run, output.with_suffix(".svg"))
    console = Console()
    console.print(Markdown(text))
    console.print(f"{title}, test; {found['threads']} thread(s), medians of {found['repeats']}; written to {output}.*")


def table(run: Dict[str, Any]) -> str:
    """A Markdown table with a row for each side; the last one has the ratios of our speeds to those of the ensemble."""
    results, ratios = run["results"], run["ratios"]
    columns = list(next(iter(results.values())))
    rows = [[name, *(as_text(c, found[c]) if c in found else "" for c in columns)] for name, found in results.items()]
    if ratios:
        rows.append([f"{OURS} / {PEER}", *(f"{ratios[c]:.1f}x" if c in ratios else "" for c in columns)])
    return markdown_table([run["title"], *columns], rows)


def picture(run: Dict[str, Any], path: Path) -> None:
    """Draw scores and speeds side by side."""
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
