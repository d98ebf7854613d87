"""One system in a process of its own, so that its peak memory and its caches are its own.

Reads a JSON request a line, and answers each with a line. Arguments: name, small or full, treebank, corpus, models,
threads.
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
    """Answers requests, each of which is the name of a method."""

    def __init__(self, name: str, small: bool, treebank: Path, corpus: Path, models: Path, threads: int):
        self.system = build(name, small, treebank, corpus, models)
        self.treebank, self.threads = treebank, threads

    def fit(self) -> Dict[str, Any]:
        start = time.perf_counter()
        self.system.fit()
        return {"seconds": time.perf_counter() - start}

    def load(self) -> Dict[str, Any]:
        """Time loading without the import of the libraries."""
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
        """Prepare the training sentences, on which speed is measured."""
        sentences = read(self.treebank, "train", limit=self.system.timed_sentences)
        self.n_words = sentences.n_words
        self.system.prepare(sentences.words, sentences.texts)
        return {"words": self.n_words}

    def words(self, cold: bool = False) -> Dict[str, Any]:
        if cold:
            self.system.clear_caches()
        self.system.prepare_words()
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
    """The bytes of a model on disk: those of the best one where there are several."""
    best = path / "model-best"
    path = best if best.exists() else path / "tagger.pt" if (path / "tagger.pt").exists() else path
    files = [path] if path.is_file() else [file for file in path.rglob("*") if file.is_file()]
    return sum(file.stat().st_size for file in files)


def main() -> None:
    name, small, treebank, corpus, models, threads = sys.argv[1:]
    # The output of libraries must not mix with the answers.
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
