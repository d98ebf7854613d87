"""One system in a process of its own: peak memory is its own, and others cannot disturb its caches.

Reads one JSON command a line and answers with one. Run with: name, small or full, treebank, corpus, models, threads.
"""

import json
import os
import resource
import sys
import time
from pathlib import Path
from typing import Any, Dict

from .contestants import build
from .corpus import accuracy, read


class Worker:
    """What can be asked of a system; each command is a method."""

    def __init__(self, name: str, small: bool, treebank: Path, corpus: Path, models: Path, threads: int):
        self.system = build(name, small, treebank, corpus, models)
        self.treebank, self.threads = treebank, threads

    def fit(self) -> Dict[str, Any]:
        start = time.perf_counter()
        self.system.fit()
        return {"seconds": time.perf_counter() - start}

    def load(self) -> Dict[str, Any]:
        """Importing the libraries is no part of the load time."""
        import spacy  # noqa: F401
        import torch

        torch.set_num_threads(self.threads)
        start = time.perf_counter()
        self.system.load()
        return {"seconds": time.perf_counter() - start, "megabytes": size_of(self.system.model) / 1e6}

    def evaluate(self) -> Dict[str, Any]:
        test = read(self.treebank, "test")
        self.system.prepare(test.words, test.texts)
        return accuracy(test.gold, self.system.tags())

    def prepare(self) -> Dict[str, Any]:
        """The training sentences are what speed is measured on."""
        sentences = read(self.treebank, "train", limit=self.system.timed_sentences)
        self.n_words = sentences.n_words
        self.system.prepare(sentences.words, sentences.texts)
        return {"words": self.n_words}

    def words(self, cold: bool = False) -> Dict[str, Any]:
        if cold:
            self.system.forget()
        renew = getattr(self.system, "_fresh", None)
        if renew is not None:
            renew()
        return self._time(self.system.tag_words)

    def texts(self) -> Dict[str, Any]:
        return self._time(self.system.tag_texts)

    def _time(self, call: Any) -> Dict[str, Any]:
        start = time.perf_counter()
        call()
        return {"words_per_second": self.n_words / (time.perf_counter() - start)}

    def train(self, seconds: float) -> Dict[str, Any]:
        return {"words_per_second": self.system.train_speed(seconds)}

    def memory(self) -> Dict[str, Any]:
        return {"megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}


def size_of(path: Path) -> int:
    """Bytes of a model: of the best one where several lie side by side."""
    best = path / "model-best"
    path = best if best.exists() else path / "tagger.pt" if (path / "tagger.pt").exists() else path
    files = [path] if path.is_file() else [file for file in path.rglob("*") if file.is_file()]
    return sum(file.stat().st_size for file in files)


def main() -> None:
    name, small, treebank, corpus, models, threads = sys.argv[1:]
    # What libraries print must not mix with the answers.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    worker = Worker(name, small == "small", Path(treebank), Path(corpus), Path(models), int(threads))
    for line in sys.stdin:
        command = json.loads(line)
        try:
            answer = getattr(worker, command.pop("do"))(**command)
        except Exception as error:
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    main()
