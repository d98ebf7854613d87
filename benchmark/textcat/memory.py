"""The memory that prediction takes for one long document, beside the document itself. Reads /proc of Linux."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Dict, List

from ..paths import command, environment

LENGTHS = (10_000, 50_000, 200_000)
# A short document goes first, so that everything that is built once is there.
FIRST = 2_000


def memory_of(model: Path, lengths: List[int]) -> List[Dict[str, float]]:
    """Measure each length in a process of its own."""
    found = []
    for length in lengths:
        run = command("textcat.memory", str(model), str(length))
        done = subprocess.run(run, capture_output=True, text=True, env=environment(1), check=True)
        found.append(json.loads(done.stdout.splitlines()[-1]))
    return found


def measure(nlp: Any, length: int) -> Dict[str, float]:
    """The megabytes at the peak of predicting a document of `length` tokens, and the seconds."""
    from spacy.tokens import Doc

    rng = random.Random(0)
    words = [f"word{i}" for i in range(3_000)]
    first, doc = (Doc(nlp.vocab, words=rng.choices(words, k=n)) for n in (FIRST, length))
    for _ in nlp.pipe([first]):
        pass
    Path("/proc/self/clear_refs").write_text("5")  # the peak begins here
    before = megabytes("VmRSS")
    start = time.perf_counter()
    for _ in nlp.pipe([doc]):
        pass
    seconds = time.perf_counter() - start
    return {"tokens": length, "megabytes": megabytes("VmHWM") - before, "seconds": seconds}


def megabytes(name: str) -> float:
    """An entry of the process's status, such as VmRSS."""
    lines = Path("/proc/self/status").read_text(encoding="utf8").splitlines()
    return float(next(line for line in lines if line.startswith(name)).split()[1]) / 1024


if __name__ == "__main__":
    import spacy
    import torch

    torch.set_num_threads(1)
    print(json.dumps(measure(spacy.load(sys.argv[1]), int(sys.argv[2]))))
