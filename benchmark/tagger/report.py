"""The machine, the table and the picture of a run."""

import platform
from pathlib import Path
from typing import Any, Dict

from ..figures import markdown_table

SPEEDS = {"warm": "tagging", "cold": "cold cache", "raw": "from text", "train": "training"}

# Accuracies this many points below the best are drawn at the edge.
SHOWN = 10.0


def machine() -> Dict[str, str]:
    """The processor and the torch that a run uses."""
    import torch

    info, processor = Path("/proc/cpuinfo"), platform.processor()
    if info.exists():
        lines = info.read_text(encoding="utf8").splitlines()
        processor = next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), processor)
    return {"processor": processor, "capability": torch.backends.cpu.get_cpu_capability(), "torch": torch.__version__}


def table(run: Dict[str, Any]) -> str:
    """A Markdown table; the systems in the order of the run."""
    results = run["results"].values()
    attrs = [attr for attr in ("UPOS", "XPOS", "FEATS") if any(attr in result["accuracy"] for result in results)]
    head = ["", *attrs, *(f"{name}, words/s" for name in SPEEDS.values()), "memory, MB", "on disk, MB", "load, s"]
    rows = []
    for result in results:
        scores = [f"{result['accuracy'][attr]:.2f}" if attr in result["accuracy"] else "" for attr in attrs]
        speeds = [f"{result['words_per_second'][kind]:,.0f}" for kind in SPEEDS]
        sizes = [f"{result['megabytes_of_memory']:,.0f}", f"{result['megabytes_on_disk']:.1f}"]
        rows.append([result["label"], *scores, *speeds, *sizes, f"{result['load_seconds']:.1f}"])
    return markdown_table(head, rows)


def picture(run: Dict[str, Any], path: Path) -> None:
    """Draw accuracy against the speed of prediction, with a logarithmic axis."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(8, 4.6), layout="constrained")
    results = list(run["results"].values())
    lowest = max(result["accuracy"]["UPOS"] for result in results) - SHOWN
    lowest = min(result["accuracy"]["UPOS"] for result in results if result["accuracy"]["UPOS"] >= lowest) - 0.3
    for result in results:
        ours = result["label"].startswith("spacy-rnn")
        x, y, label = result["words_per_second"]["warm"], result["accuracy"]["UPOS"], result["label"]
        marker = "o"
        if y < lowest:  # hardly trained: on its scale the others would not differ
            y, marker, label = lowest, "v", f"{label} ({y:.1f})"
        axes.scatter(x, y, s=60, marker=marker, color="tab:red" if ours else "tab:gray", zorder=3, clip_on=False)
        axes.annotate(label, (x, y), textcoords="offset points", xytext=(0, 8), fontsize=9, ha="center")
    axes.set_xscale("log")
    axes.margins(x=0.15, y=0.12)  # room for the labels
    axes.set_ylim(bottom=lowest)
    axes.grid(True, which="major", alpha=0.3)
    axes.set_xlabel(f"words/s in prediction, {run['threads']} thread(s), warm cache")
    axes.set_ylabel("UPOS accuracy on the test set, %")
    axes.set_title(run["treebank"])
    figure.savefig(path)
    plt.close(figure)
