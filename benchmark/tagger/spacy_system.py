"""spaCy pipelines, ours and spaCy's own."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Iterator, List

from ..paths import config_path
from ..training import OUR_TRAINER, n_words, start_training
from .corpus import parse_features
from .system import System, Tags, run_logged


class SpacySystem(System):
    """A spaCy pipeline. Settings: config (its name), overrides (values by dotted names), max_steps (0 leaves the number
    to the config), trainer (the module whose command trains), growing_words (the words that batches grow for)."""

    def fit(self) -> None:
        trainer, overrides = self.settings["trainer"], self.settings["overrides"]
        command = [sys.executable, "-m", trainer, "train", self._config(), "--output", str(self.model)]
        command += ["--no-resume"] if trainer == OUR_TRAINER else []
        for name, value in overrides.items():
            command += [f"--{name}", value if isinstance(value, str) else json.dumps(value)]
        run_logged(command, self.model)

    def _config(self) -> str:
        path, steps = self.model.parent / f"{self.model.name}.cfg", str(self.settings["max_steps"])
        config = str(config_path(self.settings["config"]))
        command = [sys.executable, "-m", "spacy_rnn", "configure", config, str(self.corpus), str(path)]
        subprocess.run([*command, "--words", "--max-steps", steps], check=True)
        return str(path)

    def load(self) -> None:
        import spacy

        self.nlp = spacy.load(self.model / "model-best")

    def prepare(self, words: List[List[str]], texts: List[str]) -> None:
        self.words, self.texts = words, texts
        self.prepare_words()

    def prepare_words(self) -> None:
        """Make documents, which is not tagging."""
        from spacy.tokens import Doc

        self.docs = [Doc(self.nlp.vocab, words=words) for words in self.words]

    def tag_words(self) -> None:
        for _ in self.nlp.pipe(self.docs):
            pass

    def tag_texts(self) -> None:
        for _ in self.nlp.pipe(self.texts):
            pass

    def tags(self) -> Tags:
        self.prepare_words()
        self.tag_words()
        return [[(t.pos_, t.tag_, parse_features(str(t.morph))) for t in doc] for doc in self.docs]

    def clear_caches(self) -> None:
        from ..pipelines import clear_caches

        clear_caches(self.nlp)

    def train_speed(self, seconds: float) -> float:
        stream = getattr(self, "_stream", None) or self._start_training()
        self._stream = stream
        words, start = 0, time.perf_counter()
        while time.perf_counter() - start < seconds:
            words += next(stream)
        return words / (time.perf_counter() - start)

    def _start_training(self) -> Iterator[int]:
        """Train as `fit` does, and give the number of words in each batch."""
        overrides, growing = self.settings["overrides"], self.settings["growing_words"]
        batches, step = start_training(Path(self._config()), overrides, self.settings["trainer"], growing)

        def train() -> Iterator[int]:
            for batch in batches:
                step(batch)
                yield n_words(batch)

        stream: Any = train()
        for _ in range(3):
            next(stream)
        return stream
