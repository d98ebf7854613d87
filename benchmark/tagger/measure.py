"""Train all contestants, then measure them by turns."""

from __future__ import annotations

import json
import statistics
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Dict, List

from rich.console import Console

from ..paths import command, environment
from .contestants import CONTESTANTS

console = Console()


class Process:
    """A worker that answers requests."""

    def __init__(self, name: str, arguments: List[str], threads: int):
        self.name = name
        self.process = subprocess.Popen(
            command("tagger.worker", name, *arguments, str(threads)),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env=environment(threads),
        )

    def ask(self, do: str, **settings: Any) -> Dict[str, Any]:
        assert self.process.stdin is not None and self.process.stdout is not None
        print(json.dumps({"do": do, **settings}), file=self.process.stdin, flush=True)
        line = self.process.stdout.readline()
        answer: Dict[str, Any] = json.loads(line) if line else {"error": "the process ended"}
        if "error" in answer:
            raise RuntimeError(f"{self.name}, {do}: {answer['error']}")
        return answer

    def close(self) -> None:
        if self.process.stdin is not None:
            self.process.stdin.close()
        self.process.wait()


def train_all(names: List[str], arguments: List[str], models: Path, jobs: int, threads: int) -> None:
    """Train the systems that are not trained yet: an interrupted run goes on."""

    def fit(name: str) -> None:
        done = models / f"{name}.trained.json"
        if done.exists():
            return
        process = Process(name, arguments, threads)
        answer = process.ask("fit")
        process.close()
        done.write_text(json.dumps(answer), encoding="utf8")
        console.print(f"{CONTESTANTS[name].label}: trained in {answer['seconds']:.0f} s")

    models.mkdir(parents=True, exist_ok=True)
    # The longest first, so that all cores have work until the end.
    longest_first = sorted(names, key=lambda name: -CONTESTANTS[name].minutes)
    with ThreadPoolExecutor(jobs) as pool:
        for future in [pool.submit(fit, name) for name in longest_first]:
            future.result()


def measure_all(names: List[str], arguments: List[str], repeats: int, threads: int, seconds: float) -> Dict[str, Any]:
    """Measure accuracy, speeds (medians of `repeats`, all systems by turns), memory, size and load time of each."""
    processes = {name: Process(name, arguments, threads) for name in names}
    results: Dict[str, Dict[str, Any]] = {name: {"label": CONTESTANTS[name].label} for name in names}
    for name, process in processes.items():
        loaded = process.ask("load")
        results[name].update(load_seconds=loaded["seconds"], megabytes_on_disk=loaded["megabytes"])
        results[name]["accuracy"] = process.ask("evaluate")
        process.ask("prepare")
        console.print(f"{CONTESTANTS[name].label}: {results[name]['accuracy']}")
    timings: Dict[str, Dict[str, List[float]]] = {name: {} for name in names}
    kinds: List[Dict[str, Any]] = [{"do": "words", "cold": True}, {"do": "words"}, {"do": "texts"}]
    for repeat in range(repeats):
        for name, process in processes.items():
            for kind in kinds:
                label = "cold" if kind.get("cold") else {"words": "warm", "texts": "raw"}[kind["do"]]
                timings[name].setdefault(label, []).append(process.ask(**kind)["words_per_second"])
        console.print(f"prediction, turn {repeat + 1} of {repeats}")
    for name, process in processes.items():
        results[name]["megabytes_of_memory"] = process.ask("memory")["megabytes"]
    for repeat in range(repeats):
        for name, process in processes.items():
            timings[name].setdefault("train", []).append(process.ask("train", seconds=seconds)["words_per_second"])
        console.print(f"training, turn {repeat + 1} of {repeats}")
    for name, process in processes.items():
        process.close()
        results[name]["words_per_second"] = {kind: statistics.median(found) for kind, found in timings[name].items()}
        results[name]["timings"] = timings[name]
    return results
