"""Tagged words as the input of a lemmatizer's network, and its output as lemmas."""

from typing import Any, Dict, List, Sequence, Tuple

import numpy as np

from ...base.sequences import Decision, Decoded, Sources, Targets
from ..vocabulary import ExtendedVocabulary, Vocabulary, encode_sources, encode_targets
from .casing import SPELLING, Casing
from .table import TaggedWord
from .words import tag_features


class WordCoder:
    """Encodes words and decodes lemmas by the labels of a lemmatizer.

    labels: see `collect_labels`. casing: of the language.
    """

    def __init__(self, labels: Dict[str, Any], casing: Casing):
        self.casing = casing
        self.read, self.written = Vocabulary(labels["read"]), Vocabulary(labels["written"])
        self.features = {feature: i for i, feature in enumerate(labels["features"], start=1)}

    @property
    def sizes(self) -> Dict[str, int]:
        """The sizes of the network, see `set_sizes`."""
        return {"sources": len(self.read), "targets": len(self.written), "features": 1 + len(self.features)}

    def encode(self, words: Sequence[TaggedWord]) -> Tuple[Sources, ExtendedVocabulary]:
        """The characters of words in lower case, with flags for capitals, and their tags."""
        lowered = [self.casing.lower(word.form) for word in words]
        flags = [self.casing.flags(word.form) for word in words]
        known = [[self.features.get(feature, 0) for feature in tag_features(word)] for word in words]
        features = np.zeros((len(words), max([1, *map(len, known)])), dtype=np.int64)
        for row, found in zip(features, known):
            row[: len(found)] = found
        return encode_sources(lowered, self.read, self.written, case_flags=flags, features=features)

    def encode_pairs(self, words: Sequence[TaggedWord], lemmas: Sequence[str]) -> Tuple[Sources, Targets]:
        """Words, and the decisions and spellings that the network is to learn."""
        sources, extended = self.encode(words)
        decisions = [self.casing.decide(word.form, lemma) for word, lemma in zip(words, lemmas)]
        targets = [self.casing.lower(lemma) if d in SPELLING else None for lemma, d in zip(lemmas, decisions)]
        return sources, encode_targets(targets, extended, decisions)

    def can_write(self, word: TaggedWord, lemma: str) -> bool:
        """Whether the network knows each character of a lemma, or can copy it from the form."""
        copied = self.casing.lower(word.form)
        return all(letter in self.written.ids or letter in copied for letter in self.casing.lower(lemma))

    def decode(self, words: Sequence[TaggedWord], extended: ExtendedVocabulary, found: Decoded) -> List[str]:
        """The lemma of each word; the form if the network had to spell the lemma and reached no end."""
        lemmas = []
        for i, (word, decision, hypotheses) in enumerate(zip(words, found.decisions, found.hypotheses)):
            spelled = ""
            if decision in SPELLING:
                spelled = "".join(extended.decode(i, hypotheses[0].symbols)) if hypotheses[0].ended else ""
                decision = decision if spelled else Decision.SAME
            lemmas.append(self.casing.apply(decision, word.form, spelled))
        return lemmas
