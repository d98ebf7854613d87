"""Stanza (Qi et al. 2020)."""

from __future__ import annotations

import re
import statistics
import sys
from typing import List

from .corpus import conllu_path, parse_features, read
from .system import System, Tags, run_logged


class Stanza(System):
    """Stanza's tagger without pretrained vectors or language models. Settings: max_steps; batch_size in sentences."""

    timed_sentences = 2000

    def fit(self) -> None:
        steps = self.settings["max_steps"]
        run_logged(self._command(steps, "--eval_interval", str(max(1, steps // 3))), self.model)

    def _command(self, steps: int, *more: str) -> List[str]:
        train, dev = (str(conllu_path(self.treebank, split)) for split in ("train", "dev"))
        return [
            *(sys.executable, "-m", "stanza.models.tagger", "--cpu", "--no_pretrain", "--mode", "train"),
            *("--lang", "en", "--shorthand", "en_benchmark", "--max_steps", str(steps), "--fix_eval_interval"),
            *("--batch_size", str(self.settings["batch_size"])),
            *("--train_file", train, "--eval_file", dev, "--save_dir", str(self.model), "--save_name", "tagger.pt"),
            *("--output_file", str(self.model / "dev.conllu"), *more),
        ]  # fmt: skip

    def load(self) -> None:
        import spacy
        import stanza

        # Stanza reads its index of downloadable models even if nothing is downloaded.
        (self.model / "resources.json").write_text('{"en": {"lang_name": "English"}}', encoding="utf8")
        settings = {"lang": "en", "dir": str(self.model), "download_method": None, "use_gpu": False, "verbose": False}
        tagger = {"pos_model_path": str(self.model / "tagger.pt"), "allow_unknown_language": True}
        words = {"processors": "tokenize,pos", "tokenize_pretokenized": True, "package": None}
        self.on_words = stanza.Pipeline(**settings, **tagger, **words)
        # Stanza has no tokenizer without a trained one: this is spaCy's.
        self.tokenizer = spacy.blank(conllu_path(self.treebank, "train").name.split("_")[0])

    def prepare(self, words: List[List[str]], texts: List[str]) -> None:
        self.words, self.texts = words, texts

    def tag_words(self) -> None:
        self.found = self.on_words(self.words)

    def tag_texts(self) -> None:
        self.on_words([[token.text for token in doc] for doc in self.tokenizer.pipe(self.texts)])

    def tags(self) -> Tags:
        self.tag_words()
        return [
            [(w.upos or "_", w.xpos or "_", parse_features(w.feats or "_")) for w in sentence.words]
            for sentence in self.found.sentences
        ]

    def train_speed(self, seconds: float) -> float:
        """Read the times of some batches from the log, and take the median without the first one."""
        trial = Stanza(self.treebank, self.corpus, self.model.parent / "stanza-trial", **self.settings)
        steps = 4
        log = run_logged(trial._command(steps, "--log_step", "1", "--eval_interval", str(steps)), trial.model)
        batches = [float(found) for found in re.findall(r"\(([\d.]+) sec/batch\)", log)]
        sentences = read(self.treebank, "train")
        mean_length = sentences.n_words / len(sentences.words)
        return self.settings["batch_size"] * mean_length / statistics.median(batches[1:])
