"""The component `rnn_transducer`: from one text to another."""

from itertools import chain
from typing import Any, Callable, Dict, Iterable, Iterator, List, Optional, Sequence, Tuple

import numpy as np
from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example, validate_get_examples
from spacy.vocab import Vocab
from thinc.api import Model

from ...base.checks import check_at_least
from ...base.sequences import Search
from ...errors import Errors, NotInitializedError
from ...models.types import SequenceInput
from ..base import SequenceLearning
from ..extensions import TRANSDUCED, TRANSDUCTIONS, assign, read, register
from ..vocabulary import Vocabulary, encode_sources, encode_targets
from .scoring import make_transducer_scorer
from .texts import cut_text, join_symbols, split_text

Alternatives = List[Tuple[str, float]]
"""Texts with their scores, the best one first."""


@Language.factory(
    "rnn_transducer",
    assigns=[f"doc._.{TRANSDUCED}"],
    default_config={
        "model": {"@architectures": "spacy-rnn.Transducer.v1"},
        "beams": 4,
        "length_penalty": 1.0,
        "alternatives": 0,
        "max_ratio": 2.0,
        "max_extra": 10,
        "max_read": 300,
        "min_count": 1,
        "max_symbols": 10000,
        "scorer": {"@scorers": "spacy-rnn.transducer_scorer.v1"},
    },
    default_score_weights={
        "transduced_acc": 1.0,
        "transduced_cer": None,
        "transduced_chrf": None,
        "transduced_bleu": None,
    },
)
def make_rnn_transducer(
    nlp: Language,
    name: str,
    model: Model,
    beams: int,
    length_penalty: float,
    alternatives: int,
    max_ratio: float,
    max_extra: int,
    max_read: int,
    min_count: int,
    max_symbols: int,
    scorer: Optional[Callable],
) -> "RNNTransducer":
    """Construct the component; see `RNNTransducer` for the settings."""
    return RNNTransducer(
        nlp.vocab,
        model,
        name,
        beams=beams,
        length_penalty=length_penalty,
        alternatives=alternatives,
        max_ratio=max_ratio,
        max_extra=max_extra,
        max_read=max_read,
        min_count=min_count,
        max_symbols=max_symbols,
        scorer=scorer,
    )


class RNNTransducer(SequenceLearning):
    """Writes another text for each document to `doc._.transduced`: normalised, transliterated or translated.

    The `unit` of the model decides whether characters or words are read and written. The labels are the symbols that
    are "read" and "written".

    beams: the number of beams of the search for the best text; 1 is greedy.
    length_penalty: 0 favours short texts, 1 compares the mean log-probability of the symbols.
    alternatives: how many texts are kept with their scores in `doc._.transductions`; 0 for none.
    max_ratio, max_extra: a text of n symbols becomes one of at most `max_ratio * n + max_extra` symbols.
    max_read: a longer text is read in pieces of at most that many symbols.
    min_count: symbols that are rarer in training have no number of their own. A model that copies can still write them
        where the source has them.
    max_symbols: only that many symbols have a number of their own, the most frequent ones, of those that are read and
        of those that are written.
    Raises SettingError for a value out of range.
    """

    LABELS = ("read", "written")
    KEPT = (("alternatives", f"doc._.{TRANSDUCTIONS}"),)

    def __init__(
        self,
        vocab: Vocab,
        model: Model,
        name: str = "rnn_transducer",
        *,
        beams: int = 4,
        length_penalty: float = 1.0,
        alternatives: int = 0,
        max_ratio: float = 2.0,
        max_extra: int = 10,
        max_read: int = 300,
        min_count: int = 1,
        max_symbols: int = 10000,
        scorer: Optional[Callable] = None,
    ):
        settings = {"beams": beams, "max_read": max_read, "min_count": min_count, "max_symbols": max_symbols}
        for setting, value in settings.items():
            check_at_least(setting, value, 1)
        lengths = {"length_penalty": length_penalty, "max_ratio": max_ratio}
        for setting, length in lengths.items():
            check_at_least(setting, length, 0)
        check_at_least("max_extra", max_extra, 1)
        check_at_least("alternatives", alternatives, 0)
        self.vocab = vocab
        self.model = model
        self.name = name
        self.scorer = scorer if scorer is not None else make_transducer_scorer()
        self._rehearsal_model: Optional[Model] = None
        self.cfg: Dict[str, Any] = {
            **settings,
            **lengths,
            "alternatives": alternatives,
            "max_extra": max_extra,
            "labels": {name: [] for name in self.LABELS},
        }
        self._remember_settings()
        self._read_labels()
        register(TRANSDUCED, TRANSDUCTIONS)

    @property
    def unit(self) -> str:
        """What is read and written, "char" or "word"."""
        return str(self.model.attrs.get("unit", "char"))

    def _read_labels(self) -> None:
        self._read, self._written = (Vocabulary(self.cfg["labels"][name]) for name in self.LABELS)

    def predict(self, docs: Iterable[Doc]) -> List[Alternatives]:
        """RETURNS the best texts of each document; of an empty document a single one, which is empty.
        Raises NotInitializedError without labels."""
        return self.transduce([doc.text for doc in docs])

    def transduce(self, texts: Sequence[str], model: Optional[Model] = None) -> List[Alternatives]:
        """The best texts for each text, by the component's model or another one."""
        if not any(texts):
            return [[("", 0.0)] for _ in texts]
        if not self.labels:
            raise NotInitializedError(Errors.R172.format(name=self.name))
        cut = [cut_text(text, self.unit, self.cfg["max_read"]) for text in texts]
        written = self._write([piece for parts in cut for piece in parts[::2] if piece], model or self.model)
        return [
            self._join([next(written) if piece else [("", 0.0)] for piece in parts[::2]], parts[1::2]) for parts in cut
        ]

    def _join(self, pieces: List[Alternatives], between: List[str]) -> Alternatives:
        """The alternatives of a text from those of its pieces: the best of all pieces, the second best of all, and so
        on, with the mean of their scores. The whitespace between pieces is kept, unless training showed whitespace
        that is read and none that is written."""
        if len(pieces) == 1:
            return pieces[0]
        reads, writes = (any(symbol[:1].isspace() for symbol in side.symbols) for side in (self._read, self._written))
        between = [*(between if writes or not reads else [""] * len(between)), ""]
        found: Dict[str, float] = {}
        for i in range(max(map(len, pieces))):
            row = [piece[min(i, len(piece) - 1)] for piece in pieces]
            text = "".join(chain.from_iterable((text, blanks) for (text, _), blanks in zip(row, between)))
            found.setdefault(text, sum(score for _, score in row) / len(row))
        return list(found.items())

    def _write(self, pieces: List[str], model: Model) -> Iterator[Alternatives]:
        """The best texts for each piece."""
        sources, extended = encode_sources(
            [split_text(piece, self.unit) for piece in pieces], self._read, self._written
        )
        limits = (self.cfg["max_ratio"] * (sources.lengths - 1)).astype(np.int64) + self.cfg["max_extra"]
        search = Search(limits, self.cfg["beams"], self.cfg["length_penalty"])
        for i, hypotheses in enumerate(model.predict(SequenceInput(sources, search)).hypotheses):
            yield [(join_symbols(extended.decode(i, h.symbols), self.unit), h.score) for h in hypotheses]

    def set_annotations(self, docs: Iterable[Doc], prediction: List[Alternatives]) -> None:
        """Write predictions to the documents."""
        kept = self.cfg["alternatives"]
        for doc, texts in zip(docs, prediction):
            assign(doc, TRANSDUCED, texts[0][0])
            if kept:
                assign(doc, TRANSDUCTIONS, texts[:kept])

    def initialize(
        self,
        get_examples: Callable[[], Iterable[Example]],
        *,
        nlp: Optional[Language] = None,
        labels: Optional[Dict[str, List[str]]] = None,
    ) -> None:
        """Prepare for training.

        get_examples: returns the training data, with the texts to write in `reference._.transduced`.
        labels: as `spacy init labels` stores them; None collects them from the training data.
        Raises AnnotationError for labels of another kind, and if there is nothing to write.
        """
        validate_get_examples(get_examples, "RNNTransducer.initialize")
        from ...models.seq2seq import set_sizes  # on use: it imports torch

        if labels is None:
            sides = list(zip(*self._pairs(get_examples()))) or [(), ()]
            counts = {"min_count": self.cfg["min_count"], "max_size": self.cfg["max_symbols"]}
            labels = {name: Vocabulary.count(side, **counts).symbols for name, side in zip(self.LABELS, sides)}
        self._set_labels(labels, "written", Errors.R174.format(name=self.name, extension=TRANSDUCED))
        set_sizes(self.model, {"sources": len(self._read), "targets": len(self._written), "features": 1})
        self.model.initialize()

    def _pairs(self, examples: Iterable[Example]) -> List[Tuple[List[str], List[str]]]:
        """The symbols to read and to write. Examples without a text to write, and texts that are too long, are left
        out."""
        found = []
        for example in examples:
            target = read(example.reference, TRANSDUCED)
            source = split_text(example.predicted.text, self.unit)
            if target is not None and source and len(source) <= self.cfg["max_read"]:
                found.append((source, split_text(target, self.unit)))
        return found

    def _inputs(self, examples: List[Example]) -> Optional[SequenceInput]:
        return self._training_batch(self._pairs(examples))

    def _taught_batch(self, examples: List[Example], teacher: Model) -> Optional[SequenceInput]:
        texts = [example.predicted.text for example in examples]
        written = [best[0][0] for best in self.transduce(texts, teacher)]
        pairs = [(split_text(text, self.unit), split_text(target, self.unit)) for text, target in zip(texts, written)]
        return self._training_batch([pair for pair in pairs if len(pair[0]) <= self.cfg["max_read"]])

    def _training_batch(self, pairs: Sequence[Tuple[List[str], List[str]]]) -> Optional[SequenceInput]:
        if not pairs:
            return None
        sources, extended = encode_sources([source for source, _ in pairs], self._read, self._written)
        return SequenceInput(sources, encode_targets([target for _, target in pairs], extended))
