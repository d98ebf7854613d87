"""Words and their tags as a network's input, and what the network says as lemmas."""

from typing import Any, Dict, List, Optional, Sequence, Tuple

import numpy as np

from ...models.types import Places, SequenceBatch
from ..vocabulary import Alphabet, Spelling, add_targets, encode
from .forms import DECODED, LOWER, SAME, Casing
from .table import Word
from .words import tag_features


class WordCoder:
    """What the characters and tags of a lemmatizer's labels mean to its network.

    labels: see `RNNLemmatizer.label_data`. casing: of the language.
    """

    def __init__(self, labels: Dict[str, Any], casing: Casing):
        self.casing = casing
        self.reads, self.writes = Alphabet(labels["read"]), Alphabet(labels["written"])
        self.features = {feature: i for i, feature in enumerate(labels["features"], start=1)}

    @property
    def sizes(self) -> Dict[str, int]:
        """What the network is built with."""
        return {"sources": len(self.reads), "targets": len(self.writes), "features": 1 + len(self.features)}

    def encode(self, words: Sequence[Word], places: Optional[Places]) -> Tuple[SequenceBatch, Spelling]:
        """Words as the network reads them: their letters in lower case, with marks for capitals, and their tags."""
        small = [self.casing.lower(word.form) for word in words]
        batch, spelling = encode(small, self.reads, self.writes)
        marks = [[*self.casing.marks(word.form), 0] for word in words]
        batch.marks = np.array([mark for word in marks for mark in word], dtype=np.int64)
        known = [[self.features.get(feature, 0) for feature in tag_features(word)] for word in words]
        batch.features = np.zeros((len(words), max([1, *map(len, known)])), dtype=np.int64)
        for row, features in zip(batch.features, known):
            row[: len(features)] = features
        batch.places = places
        return batch, spelling

    def encode_pairs(self, words: Sequence[Word], lemmas: Sequence[str], places: Places) -> SequenceBatch:
        """Words with the decisions and the spellings that the network has to learn for them."""
        batch, spelling = self.encode(words, places)
        decisions = [self.casing.decide(word.form, lemma) for word, lemma in zip(words, lemmas)]
        small = [self.casing.lower(lemma) for lemma in lemmas]
        add_targets(batch, spelling, [lemma if d in DECODED else None for lemma, d in zip(small, decisions)])
        batch.decisions = np.array(decisions, dtype=np.int64)
        return batch

    def decode(self, words: Sequence[Word], spelling: Spelling, found: Any) -> List[str]:
        """The lemmas that the network's decisions and best hypotheses stand for; the form where its spelling did not
        come to an end."""
        lemmas = []
        for i, (word, decision, hypotheses) in enumerate(zip(words, found.decisions, found.hypotheses)):
            spelled = ""
            if decision in DECODED and hypotheses[0].ended:
                spelled = "".join(spelling.read(i, hypotheses[0].symbols))
            given = spelled or decision in (SAME, LOWER)
            lemmas.append(self.casing.realise(word.form, decision, spelled) if given else word.form)
        return lemmas
