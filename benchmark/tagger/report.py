"""The machine, the table and the picture of a run."""

import platform
from pathlib import Path
from typing import Any, Dict

from ..figures import markdown_table

SPEEDS = {"warm": "tagging", "cold": "cold cache", "raw": "from text", "train": "training"}

# A system this many points below the best is hardly trained: its accuracy is not shown.
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
    """A Markdown table; the systems in the order of the run, without the accuracy of those that are hardly trained."""
    results, lowest = run["results"].values(), _lowest(run)
    attrs = [attr for attr in ("UPOS", "XPOS", "FEATS") if any(attr in result["accuracy"] for result in results)]
    head = ["", *attrs, *(f"{name}, words/s" for name in SPEEDS.values()), "memory, MB", "on disk, MB", "load, s"]
    rows = []
    for result in results:
        found = result["accuracy"] if result["accuracy"]["UPOS"] >= lowest else {}
        scores = [f"{found[attr]:.2f}" if attr in found else "" for attr in attrs]
        speeds = [f"{result['words_per_second'][kind]:,.0f}" for kind in SPEEDS]
        sizes = [f"{result['megabytes_of_memory']:,.0f}", f"{result['megabytes_on_disk']:.1f}"]
        rows.append([result["label"], *scores, *speeds, *sizes, f"{result['load_seconds']:.1f}"])
    return markdown_table(head, rows)


def _lowest(run: Dict[str, Any]) -> float:
    """The lowest UPOS accuracy that is shown."""
    return float(max(result["accuracy"]["UPOS"] for result in run["results"].values()) - SHOWN)


def picture(run: Dict[str, Any], path: Path) -> None:
    """Draw accuracy against the speed of prediction, with a logarithmic axis; what is hardly trained at the edge."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(8, 4.6), layout="constrained")
    results = list(run["results"].values())
    bottom = min(result["accuracy"]["UPOS"] for result in results if result["accuracy"]["UPOS"] >= _lowest(run)) - 0.3
    for result in results:
        ours = result["label"].startswith("spacy-rnn")
        x, y, label = result["words_per_second"]["warm"], result["accuracy"]["UPOS"], result["label"]
        marker = "o"
        if y < bottom:  # on its scale the others would not differ
            y, marker, label = bottom, "v", f"{label} (hardly trained)"
        axes.scatter(x, y, s=60, marker=marker, color="tab:red" if ours else "tab:gray", zorder=3, clip_on=False)
        axes.annotate(label, (x, y), textcoords="offset points", xytext=(0, 8), fontsize=9, ha="center")
    axes.set_xscale("log")
    axes.margins(x=0.15, y=0.12)  # room for the labels
    axes.set_ylim(bottom=bottom)
    axes.grid(True, which="major", alpha=0.3)
    axes.set_xlabel(f"words/s in prediction, {run['threads']} thread(s), warm cache")
    axes.set_ylabel("UPOS accuracy on the test set, %")
    axes.set_title(run["treebank"])
    figure.savefig(path)
    plt.close(figure)
