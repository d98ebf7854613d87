"""Speed and memory against the size of documents, batches, streams, networks and vocabularies."""

from __future__ import annotations

import json
import random
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Dict, Iterator, List, Tuple

import typer
from rich.console import Console

from .figures import write_json
from .paths import command, environment
from .tagger.report import machine

# The label of the axis, and the points: x and the settings of `tag`.
Curve = Tuple[str, List[Tuple[float, Dict[str, Any]]]]


def curves(small: bool) -> Dict[str, Curve]:
    n = 20_000 if small else 200_000
    lengths = [10, 30, 100, 300, 1_000, 3_000, 10_000, *([] if small else [50_000, 200_000])]
    totals = [20_000, 50_000] if small else [50_000, 100_000, 200_000, 500_000, 1_000_000]
    widths = [64, 128, 256] if small else [64, 128, 256, 384, 512]
    few = max(20_000, n // 4)
    return {
        "length": ("tokens in a document", [(length, {"length": length, "words": n}) for length in lengths]),
        "batch": ("documents in a batch", [(b, {"batch": b, "words": n}) for b in (1, 4, 16, 64, 256, 1000, 4000)]),
        "stream": ("words in the stream", [(total, {"words": total}) for total in totals]),
        "new": ("share of new words", [(share, {"new": share, "words": n}) for share in (0.0, 0.05, 0.1, 0.3, 1.0)]),
        "threads": ("threads", [(t, {"threads": t, "words": n}) for t in (1, 2)]),
        "processes": ("n_process", [(p, {"processes": p, "words": n}) for p in (1, 2)]),
        "width": ("width of the word network", [(w, {"width": w, "words": few}) for w in widths]),
        "depth": ("layers of the word network", [(d, {"depth": d, "words": few}) for d in (1, 2, 3)]),
    }


def scaling_command(
    model: Path = typer.Argument(..., help="A trained pipeline", exists=True),
    output: Path = typer.Argument(..., help="Folder for scaling.json and scaling.svg"),
    small: bool = typer.Option(False, help="A few short documents"),
) -> None:
    """Measure speed and memory against the size of documents, batches, streams and networks, threads and new words."""
    found = measure(model, small)
    write_json(output / "scaling.json", {"machine": machine(), "curves": found})
    picture(found, output / "scaling.svg")
    Console().print(table(found))


def measure(model: Path, small: bool) -> List[Dict[str, Any]]:
    """Measure each point in a process of its own, so that its peak memory is its own."""
    found = []
    for name, (axis, points) in curves(small).items():
        for x, settings in points:
            run = command("scaling", str(model), json.dumps(settings))
            threads = environment(settings.get("threads", 1))
            done = subprocess.run(run, capture_output=True, text=True, env=threads, check=True)
            found.append({"curve": name, "axis": axis, "x": x, **json.loads(done.stdout.splitlines()[-1])})
    return found


def tag(
    model: str,
    words: int,
    length: int = 20,
    batch: int = 1000,
    new: float = 0.0,
    threads: int = 1,
    processes: int = 1,
    width: int = 0,
    depth: int = 0,
) -> Dict[str, float]:
    """Tag a stream of documents made of words that the pipeline knows and, for a share of `new`, of new ones.

    A network of another width or depth is not trained, which does not change its speed.
    """
    import torch

    torch.set_num_threads(threads)
    nlp = _resized(model, width, depth) if width or depth else _loaded(model)
    batch = max(1, min(batch, words // length))
    for _ in nlp.pipe(_documents(nlp, 20_000, length, 0.0, seed=1), batch_size=batch):
        pass
    before = _megabytes()
    start, done = time.perf_counter(), 0
    for doc in nlp.pipe(_documents(nlp, words, length, new, seed=2), batch_size=batch, n_process=processes):
        done += len(doc)
    seconds = time.perf_counter() - start
    made = time.perf_counter()
    for _ in _documents(nlp, words, length, new, seed=2):
        pass
    making = time.perf_counter() - made if processes == 1 else 0.0
    # The documents are not part of tagging.
    return {"words_per_second": done / (seconds - making), "megabytes": _megabytes(), "megabytes_before": before}


def _loaded(model: str) -> Any:
    import spacy

    return spacy.load(model)


def _resized(model: str, width: int, depth: int) -> Any:
    """The same pipeline with a word network of another size."""
    from spacy import util
    from spacy.tokens import Doc
    from spacy.training import Example

    trained = _loaded(model)
    config = trained.config.interpolate()
    encode = config["components"]["rnn_tagger"]["model"]["tok2vec"]["encode"]
    encode.update({"width": width or encode["width"], "depth": depth or encode["depth"]})
    nlp = util.load_model_from_config(config, auto_fill=True, vocab=trained.vocab)
    doc = Doc(nlp.vocab, words=["a"], pos=["X"])
    labels = trained.get_pipe("rnn_tagger").label_data
    nlp.config["initialize"].update({"components": {"rnn_tagger": {"labels": labels}}, "init_tok2vec": None})
    nlp.initialize(lambda: [Example(doc, doc)])
    return nlp


def _documents(nlp: Any, words: int, length: int, new: float, seed: int) -> Iterator[Any]:
    from spacy.tokens import Doc

    rng = random.Random(seed)
    known = sorted(word for word in nlp.vocab.strings if word.isalpha() and len(word) < 15)[:8000]
    for start in range(0, words, length):
        chosen = rng.choices(known, k=min(length, words - start))
        if new:
            chosen = [word + f"{rng.randrange(10**9):x}" if rng.random() < new else word for word in chosen]
        yield Doc(nlp.vocab, words=chosen)


def _megabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def table(found: List[Dict[str, Any]]) -> str:
    lines = [
        f"{point['axis']:>26} {point['x']:>10,g} {point['words_per_second']:>10,.0f} words/s "
        f"{point['megabytes']:>7,.0f} MB"
        for point in found
    ]
    return "\n".join(lines)


def picture(found: List[Dict[str, Any]], path: Path) -> None:
    """Draw speed and peak memory of each curve, on two axes."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    names = list(dict.fromkeys(point["curve"] for point in found))
    figure, grid = plt.subplots(2, 4, figsize=(14, 6), layout="constrained")
    for name, axes in zip(names, grid.flat):
        points = [point for point in found if point["curve"] == name]
        x = [point["x"] for point in points]
        axes.plot(x, [point["words_per_second"] for point in points], "o-", color="tab:red")
        axes.set_ylim(0, 1.1 * axes.get_ylim()[1])
        axes.set_xlabel(points[0]["axis"])
        axes.set_ylabel("words/s", color="tab:red")
        if name in ("length", "batch", "stream"):
            axes.set_xscale("log")
        memory = axes.twinx()
        memory.plot(x, [point["megabytes"] for point in points], "s--", color="tab:gray", markersize=4)
        memory.set_ylim(0, 1.1 * memory.get_ylim()[1])
        memory.set_ylabel("peak memory, MB", color="tab:gray")
    figure.savefig(path)
    plt.close(figure)


if __name__ == "__main__":
    print(json.dumps(tag(sys.argv[1], **json.loads(sys.argv[2]))))
