"""The taggers that are compared, behind one interface. Each runs in a process of its own, see `worker`."""

from __future__ import annotations

import json
import re
import statistics
import subprocess
import sys
import time
from abc import ABC, abstractmethod
from itertools import islice
from pathlib import Path
from typing import Any, Iterator, List, Tuple

from .corpus import conllu_path, parse_features, read
from .training import OUR_TRAINER, n_words, start_training

Tags = List[List[Tuple[str, str, str]]]


class System(ABC):
    """A tagger of UPOS, XPOS and FEATS.

    treebank: a folder of *-ud-{train,dev,test}.conllu. corpus: the same, converted for spaCy.
    model: where the trained model is or will be.
    """

    timed_sentences = 0
    """How many training sentences prediction is timed on; 0 for all. Fewer for slow systems, whose turns would take
    minutes."""

    def __init__(self, treebank: Path, corpus: Path, model: Path, **settings: Any):
        self.treebank, self.corpus, self.model, self.settings = treebank, corpus, model, settings

    @abstractmethod
    def fit(self) -> None:
        """Train in full and save to `model`."""

    @abstractmethod
    def load(self) -> None:
        """Load from `model`."""

    @abstractmethod
    def prepare(self, words: List[List[str]], texts: List[str]) -> None:
        """Bring the input of the timed calls into the form that the tagger wants."""

    @abstractmethod
    def tag_words(self) -> None:
        """Tag the prepared words."""

    @abstractmethod
    def tag_texts(self) -> None:
        """Tokenize and tag the prepared texts."""

    @abstractmethod
    def tags(self) -> Tags:
        """What `tag_words` found."""

    @abstractmethod
    def train_speed(self, seconds: float) -> float:
        """Words/s in training, measured for about so long."""

    def forget(self) -> None:  # noqa: B027 (most have nothing to forget)
        """Empty caches."""


class SpacySystem(System):
    """Any spaCy pipeline. Settings: config, overrides (dotted names to values), max_steps, trainer (whose command),
    growing_words (that batches grow for)."""

    def fit(self) -> None:
        trainer = self.settings["trainer"]
        command = [sys.executable, "-m", trainer, "train", self._config(), "--output", str(self.model)]
        command += ["--no-resume"] if trainer == OUR_TRAINER else []
        run_logged([*command, *self._arguments(dev="dev-words.spacy")], self.model)

    def _config(self) -> str:
        path = self.model.parent / f"{self.model.name}.cfg"
        path.parent.mkdir(parents=True, exist_ok=True)
        steps = self.settings["max_steps"]
        command = [sys.executable, "-m", "spacy_rnn", "configure", self.settings["config"], str(self.corpus), str(path)]
        subprocess.run([*command, "--words", *(["--max-steps", str(steps)] if steps else [])], check=True)
        return str(path)

    def _arguments(self, dev: str) -> List[str]:
        values = {"paths.train": self.corpus / "train-words.spacy", "paths.dev": self.corpus / dev}
        values = {**values, **self.settings["overrides"]}
        return [part for name, value in values.items() for part in (f"--{name}", _as_argument(value))]

    def load(self) -> None:
        import spacy

        self.nlp = spacy.load(self.model / "model-best")

    def prepare(self, words: List[List[str]], texts: List[str]) -> None:
        self.words, self.texts = words, texts
        self.docs: List[Any] = []
        self._fresh()

    def _fresh(self) -> None:
        """Documents to tag next time: making them is not tagging."""
        from spacy.tokens import Doc

        self.done, self.docs = self.docs, [Doc(self.nlp.vocab, words=words) for words in self.words]

    def tag_words(self) -> None:
        for _ in self.nlp.pipe(self.docs):
            pass

    def tag_texts(self) -> None:
        for _ in self.nlp.pipe(self.texts):
            pass

    def tags(self) -> Tags:
        self._fresh()
        self.tag_words()
        return [[(t.pos_, t.tag_, parse_features(str(t.morph))) for t in doc] for doc in self.docs]

    def forget(self) -> None:
        from .turns import forget

        forget(self.nlp)

    def train_speed(self, seconds: float) -> float:
        stream = getattr(self, "_stream", None) or self._start_training()
        self._stream = stream
        words, start = 0, time.perf_counter()
        while time.perf_counter() - start < seconds:
            words += next(stream)
        return words / (time.perf_counter() - start)

    def _start_training(self) -> Iterator[int]:
        """Train as `fit` does, giving the words of each batch."""
        paths = {f"paths.{split}": str(self.corpus / f"{split}-words.spacy") for split in ("train", "dev")}
        overrides = {**paths, **self.settings["overrides"]}
        growing = self.settings["growing_words"]
        batches, step = start_training(Path(self._config()), overrides, self.settings["trainer"], growing)

        def train() -> Iterator[int]:
            for batch in batches:
                step(batch)
                yield n_words(batch)

        stream = train()
        for _ in range(3):
            next(stream)
        return stream


class UDPipe(System):
    """UDPipe 1 through its Python binding, tagger only. Settings: iterations."""

    timed_sentences = 4000

    def fit(self) -> None:
        self.model.parent.mkdir(parents=True, exist_ok=True)
        model = self._train(read_udpipe(self.treebank, "train"), self.settings["iterations"])
        self.model.write_bytes(model)

    def _train(self, sentences: Any, iterations: int) -> bytes:
        from ufal import udpipe

        heldout, error = udpipe.Sentences(), udpipe.ProcessingError()
        options = f"models=1;iterations={iterations};use_lemma=0;provide_lemma=0;use_xpostag=1;use_feats=1"
        model = udpipe.Trainer.train("morphodita_parsito", sentences, heldout, "none", options, "none", error)
        if error.occurred():
            raise RuntimeError(error.message)
        # The binding hands the bytes over as text with escaped surrogates.
        return model if isinstance(model, bytes) else bytes(model)

    def load(self) -> None:
        from ufal import udpipe

        self.udpipe = udpipe
        self.tagger = udpipe.Model.load(str(self.model))

    def prepare(self, words: List[List[str]], texts: List[str]) -> None:
        self.sentences = [self._sentence(sentence) for sentence in words]
        self.texts = texts

    def _sentence(self, words: List[str]) -> Any:
        sentence = self.udpipe.Sentence()
        for word in words:
            sentence.addWord(word)
        return sentence

    def tag_words(self) -> None:
        for sentence in self.sentences:
            self.tagger.tag(sentence, self.udpipe.Model.DEFAULT)

    def tag_texts(self) -> None:
        reader = self.udpipe.InputFormat.newGenericTokenizerInputFormat()
        for text in self.texts:
            reader.setText(text)
            sentence = self.udpipe.Sentence()
            while reader.nextSentence(sentence):
                self.tagger.tag(sentence, self.udpipe.Model.DEFAULT)
                sentence = self.udpipe.Sentence()

    def tags(self) -> Tags:
        self.tag_words()
        return [
            [(w.upostag or "_", w.xpostag or "_", parse_features(w.feats)) for w in islice(s.words, 1, None)]
            for s in self.sentences
        ]

    def train_speed(self, seconds: float) -> float:
        """One iteration over a part of the training data; building the features is part of it."""
        sentences = read_udpipe(self.treebank, "train", limit=1000)
        start = time.perf_counter()
        self._train(sentences, 1)
        return sum(len(s.words) - 1 for s in sentences) / (time.perf_counter() - start)


def read_udpipe(treebank: Path, split: str, limit: int = 0) -> Any:
    """A split as the binding wants it."""
    from ufal import udpipe

    reader = udpipe.InputFormat.newConlluInputFormat()
    reader.setText(conllu_path(treebank, split).read_text(encoding="utf8"))
    sentences, sentence = udpipe.Sentences(), udpipe.Sentence()
    while reader.nextSentence(sentence) and not (limit and len(sentences) == limit):
        sentences.push_back(sentence)
        sentence = udpipe.Sentence()
    return sentences


class Stanza(System):
    """Stanza's tagger without pretrained vectors or language models. Settings: max_steps, and batch_size in
    sentences."""

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

        # Stanza wants its index of downloadable models even where nothing is downloaded.
        (self.model / "resources.json").write_text('{"en": {"lang_name": "English"}}', encoding="utf8")
        settings = {"lang": "en", "dir": str(self.model), "download_method": None, "use_gpu": False, "verbose": False}
        tagger = {"pos_model_path": str(self.model / "tagger.pt"), "allow_unknown_language": True}
        words = {"processors": "tokenize,pos", "tokenize_pretokenized": True, "package": None}
        self.on_words = stanza.Pipeline(**settings, **tagger, **words)
        # Stanza without a tokenizer of its own takes spaCy's.
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
        """From the log: the median of some batches, after the first one."""
        trial = Stanza(self.treebank, self.corpus, self.model.parent / "stanza-trial", **self.settings)
        steps = 4
        log = run_logged(trial._command(steps, "--log_step", "1", "--eval_interval", str(steps)), trial.model)
        batches = [float(found) for found in re.findall(r"\(([\d.]+) sec/batch\)", log)]
        sentences = read(self.treebank, "train")
        mean_length = sentences.n_words / len(sentences.words)
        return self.settings["batch_size"] * mean_length / statistics.median(batches[1:])


def run_logged(command: List[str], model: Path) -> str:
    """Run a program, with what it says in a file beside the model; the end of it in the error if it fails."""
    path = model.parent / f"{model.name}.log"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf8") as log:
        done = subprocess.run(command, stdout=log, stderr=subprocess.STDOUT, check=False)
    text = path.read_text(encoding="utf8", errors="replace")
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} failed, see {path}:\n{text[-2000:]}")
    return text


def _as_argument(value: Any) -> str:
    return str(value) if isinstance(value, (str, Path)) else json.dumps(value)
