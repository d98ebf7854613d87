"""UDPipe 1 (Straka & Straková 2017)."""

from __future__ import annotations

import time
from itertools import islice
from pathlib import Path
from typing import Any, List

from .corpus import conllu_path, parse_features
from .system import System, Tags


class UDPipe(System):
    """The tagger of UDPipe 1, through its Python binding. Settings: iterations."""

    timed_sentences = 4000

    def fit(self) -> None:
        self.model.parent.mkdir(parents=True, exist_ok=True)
        self.model.write_bytes(self._train(read_udpipe(self.treebank, "train"), self.settings["iterations"]))

    def _train(self, sentences: Any, iterations: int) -> bytes:
        from ufal import udpipe

        heldout, error = udpipe.Sentences(), udpipe.ProcessingError()
        options = f"models=1;iterations={iterations};use_lemma=0;provide_lemma=0;use_xpostag=1;use_feats=1"
        model = udpipe.Trainer.train("morphodita_parsito", sentences, heldout, "none", options, "none", error)
        if error.occurred():
            raise RuntimeError(error.message)
        # Some versions of the binding return the bytes as text with escaped surrogates.
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
        """Time one iteration over a part of the training data, with the extraction of its features."""
        sentences = read_udpipe(self.treebank, "train", limit=1000)
        start = time.perf_counter()
        self._train(sentences, 1)
        return sum(len(s.words) - 1 for s in sentences) / (time.perf_counter() - start)


def read_udpipe(treebank: Path, split: str, limit: int = 0) -> Any:
    """The first `limit` sentences of a split as the binding reads them, all for 0."""
    from ufal import udpipe

    reader = udpipe.InputFormat.newConlluInputFormat()
    reader.setText(conllu_path(treebank, split).read_text(encoding="utf8"))
    sentences, sentence = udpipe.Sentences(), udpipe.Sentence()
    while reader.nextSentence(sentence) and not (limit and len(sentences) == limit):
        sentences.push_back(sentence)
        sentence = udpipe.Sentence()
    return sentences
