"""The table and the picture of a run."""

from pathlib import Path
from typing import Any, Dict, List

SPEEDS = {"warm": "tagging", "cold": "cold cache", "raw": "from text", "train": "training"}


def table(run: Dict[str, Any]) -> str:
    """A Markdown table; the systems in the order of the run."""
    results = run["results"].values()
    attrs = [attr for attr in ("UPOS", "XPOS", "FEATS") if any(attr in result["accuracy"] for result in results)]
    head = ["", *attrs, *(f"{name}, words/s" for name in SPEEDS.values()), "memory, MB", "on disk, MB", "load, s"]
    lines = [_row(head), _row(["---", *("---:" for _ in head[1:])])]
    for result in results:
        scores = [f"{result['accuracy'][attr]:.2f}" if attr in result["accuracy"] else "" for attr in attrs]
        speeds = [f"{result['words_per_second'][kind]:,.0f}" for kind in SPEEDS]
        sizes = [f"{result['megabytes_of_memory']:,.0f}", f"{result['megabytes_on_disk']:.1f}"]
        lines.append(_row([result["label"], *scores, *speeds, *sizes, f"{result['load_seconds']:.1f}"]))
    return "\n".join(lines) + "\n"


def _row(cells: List[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def picture(run: Dict[str, Any], path: Path) -> None:
    """Accuracy against speed of prediction, with a logarithmic axis."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(7, 4.2), layout="constrained")
    for result in run["results"].values():
        ours = result["label"].startswith("spacy-rnn")
        x, y = result["words_per_second"]["warm"], result["accuracy"]["UPOS"]
        axes.scatter(x, y, s=60, color="tab:red" if ours else "tab:gray", zorder=3)
        axes.annotate(result["label"], (x, y), textcoords="offset points", xytext=(7, -4), fontsize=9)
    axes.set_xscale("log")
    axes.margins(x=0.4, y=0.12)  # room for the labels
    axes.grid(True, which="major", alpha=0.3)
    axes.set_xlabel(f"words/s in prediction, {run['threads']} thread(s), warm cache")
    axes.set_ylabel("UPOS accuracy on the test set, %")
    axes.set_title(run["treebank"])
    figure.savefig(path)
    plt.close(figure)
