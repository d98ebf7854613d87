"""The component `rnn_lemmatizer`: lemmas from forms and tags."""

from itertools import islice
from typing import Any, Callable, Dict, Iterable, List, Optional, Sequence, Tuple

import numpy as np
import spacy.util
from spacy.language import Language
from spacy.pipeline import TrainablePipe
from spacy.pipeline.lemmatizer import lemmatizer_score
from spacy.tokens import Doc
from spacy.training import Example, validate_get_examples
from spacy.vocab import Vocab
from thinc.api import Model
from typing_extensions import Self

from ...base.cache import ValueCache
from ...base.checks import check_at_least, check_choice, check_share
from ...errors import AnnotationError, Errors, NotInitializedError
from ...models.types import Places, SequenceBatch
from ...types import IntArray, KeyArray
from ..annotate import write_lemmas
from ..base import SequenceLearning
from .coding import WordCoder
from .defaults import DEFAULT_CONFIG
from .examples import LABELS, TagSource, collect_labels, draw_words, find_words
from .forms import DECODED, Casing
from .table import LemmaTable, Word
from .words import TAGS, as_strings, distinct, places_of, read_words

# The different lemmas of a batch, and which of them each token has, (n_tokens,), the tokens of all documents joined.
Prediction = Tuple[List[str], IntArray]


@Language.factory(
    "rnn_lemmatizer",
    assigns=["token.lemma"],
    default_config=DEFAULT_CONFIG,
    default_score_weights={"lemma_acc": 1.0},
)
def make_rnn_lemmatizer(
    nlp: Language,
    name: str,
    model: Model,
    attrs: List[str],
    train_on: TagSource,
    overwrite: bool,
    dictionary: bool,
    beams: int,
    max_chars: int,
    max_extra: int,
    attr_dropout: float,
    cache_size: int,
    scorer: Optional[Callable],
) -> "RNNLemmatizer":
    """Construct the component; see `RNNLemmatizer` for the settings."""
    return RNNLemmatizer(
        nlp.vocab,
        model,
        name,
        attrs=attrs,
        train_on=train_on,
        overwrite=overwrite,
        dictionary=dictionary,
        beams=beams,
        max_chars=max_chars,
        max_extra=max_extra,
        attr_dropout=attr_dropout,
        cache_size=cache_size,
        scorer=scorer,
    )


class RNNLemmatizer(SequenceLearning, TrainablePipe):
    """Predicts `token.lemma` from the form of a word and the tags that other components gave it.

    What training showed is looked up; for other words a network decides whether the lemma is the form, the form in
    lower case, or has to be spelled out, and spells it. Each distinct word is worked out once.

    attrs: which of "pos", "tag" and "morph" the lemma depends on; what a document lacks counts as unknown.
    train_on: learn from the tags of the "gold" documents, or from those that the components named in
        `training.annotating_components` "predicted".
    overwrite: replace lemmas that are there already.
    dictionary: look up what training showed; without it the network does everything.
    beams: of the search for the best spelling.
    max_chars: a longer word that is not in the dictionary keeps its form as lemma.
    max_extra: how many characters a lemma may be longer than its form; if it does not end by then, the form is taken.
    attr_dropout: the share of words that the network has to learn without tags.
    cache_size: how many words with their lemmas are kept between predictions.
    """

    LEARNED = ("labels",)

    def __init__(
        self,
        vocab: Vocab,
        model: Model,
        name: str = "rnn_lemmatizer",
        *,
        attrs: Sequence[str] = TAGS,
        train_on: TagSource = "gold",
        overwrite: bool = True,
        dictionary: bool = True,
        beams: int = 1,
        max_chars: int = 40,
        max_extra: int = 10,
        attr_dropout: float = 0.05,
        cache_size: int = 100000,
        scorer: Optional[Callable] = lemmatizer_score,
    ):
        for attr in attrs:
            check_choice("attrs", attr, TAGS)
        check_choice("train_on", train_on, ("gold", "predicted"))
        for setting, value in (("beams", beams), ("max_chars", max_chars)):
            check_at_least(setting, value, 1)
        check_at_least("max_extra", max_extra, 0)
        check_at_least("cache_size", cache_size, 0)
        check_share("attr_dropout", attr_dropout)
        self.vocab = vocab
        self.model = model
        self.name = name
        self.scorer = scorer
        self._rehearsal_model: Optional[Model] = None
        self._cache: ValueCache[int, str] = ValueCache(cache_size)
        self.cfg: Dict[str, Any] = {
            "attrs": list(attrs),
            "train_on": train_on,
            "overwrite": overwrite,
            "dictionary": dictionary,
            "beams": beams,
            "max_chars": max_chars,
            "max_extra": max_extra,
            "attr_dropout": attr_dropout,
            "labels": {name: [] for name in LABELS},
        }
        self._read_labels()

    # ---- labels

    @property
    def labels(self) -> Tuple[str, ...]:
        """The characters that lemmas are spelled with."""
        return tuple(self.cfg["labels"]["written"])

    @property
    def label_data(self) -> Dict[str, Any]:
        """What `spacy init labels` stores: the characters that are "read" and "written", the "features" of tags, and
        the "lemmas", each a list of form, part of speech, tag, morphology, lemma and how often it was met."""
        return dict(self.cfg["labels"])

    def _read_labels(self) -> None:
        """Make what the labels stand for."""
        labels = self.cfg["labels"]
        self.table = LemmaTable(labels["lemmas"])
        self._casing = Casing(self.vocab.lang or "xx")
        self._coder = WordCoder(labels, self._casing)
        self._state = object()

    # ---- prediction

    def predict(self, docs: Iterable[Doc]) -> Prediction:
        """RETURNS the lemmas of the batch, and which of them each token has."""
        docs = [doc for doc in docs if len(doc)]
        if not docs:
            return [], np.zeros(0, dtype=np.int64)
        if not self.labels:
            raise NotInitializedError(Errors.R172.format(name=self.name))
        from ...models.seq2seq import reads_context, weights_version  # on use: it brings torch

        rows = read_words(docs, self.cfg["attrs"])
        words = distinct(rows)
        in_context = reads_context(self.model)

        def as_words(rows: KeyArray) -> List[Word]:
            # The documents' own strings: a component may have been taken over into a pipeline with another vocabulary.
            return as_strings(rows, docs[0].vocab)

        def compute(missing: List[int]) -> List[str]:
            first = dict(zip(words.keys, words.first.tolist()))
            found = as_words(rows[[first[key] for key in missing]])
            # What depends on the place of a word cannot be kept.
            return [lemma or "" for lemma in self._known(found)] if in_context else self.lemmatize(found)

        version = (self._state, weights_version(self.model), self.cfg["dictionary"], self.cfg["beams"])
        lemmas, which = self._cache.lookup(words.keys, version, compute), words.which
        tokens = np.array([not lemma for lemma in lemmas])[which].nonzero()[0]
        if len(tokens):
            spelled = self._spell(as_words(rows[tokens]), places_of(docs, tokens))
            which = which.copy()
            which[tokens] = np.arange(len(lemmas), len(lemmas) + len(tokens))
            lemmas = [*lemmas, *spelled]
        return lemmas, which

    def lemmatize(self, words: Sequence[Word], places: Optional[Places] = None) -> List[str]:
        """The lemmas of words with their tags, without the cache.

        places: where they stand, for a network that looks at that."""
        known = self._known(words)
        missing = [i for i, lemma in enumerate(known) if lemma is None]
        at = None if places is None else Places(places.docs, places.tokens[missing])
        spelled = iter(self._spell([words[i] for i in missing], at))
        return [next(spelled) if lemma is None else lemma for lemma in known]

    def _known(self, words: Sequence[Word]) -> List[Optional[str]]:
        """The lemmas of words that need no network, None for the others."""
        from ...models.seq2seq import reads_context  # on use: it brings torch

        # A network that sees what surrounds a word knows better than the most frequent of several lemmas.
        certain = reads_context(self.model)
        found: List[Optional[str]] = []
        for word in words:
            lemma = self._look_up(word, certain) if self.cfg["dictionary"] else None
            is_kept = len(word.form) > self.cfg["max_chars"] or word.form.isspace()
            found.append(word.form if lemma is None and is_kept else lemma)
        return found

    def _look_up(self, word: Word, certain: bool) -> Optional[str]:
        """What training showed, of a form that it never showed with these capitals also what it showed without."""
        lemma = self.table.find(word)
        if lemma is None:
            word = word._replace(form=self._casing.lower(word.form))
            lemma = self.table.find(word)
        return self.table.find(word, certain=True) if certain and lemma is not None else lemma

    def _spell(
        self, words: Sequence[Word], places: Optional[Places] = None, model: Optional[Model] = None
    ) -> List[str]:
        """The lemmas of words as the network has them."""
        if not words:
            return []
        batch, spelling = self._coder.encode(words, places)
        batch.limits = batch.lengths + self.cfg["max_extra"]
        batch.beams, batch.decoded = self.cfg["beams"], DECODED
        return self._coder.decode(words, spelling, (model or self.model).predict(batch))

    def set_annotations(self, docs: Iterable[Doc], prediction: Prediction) -> None:
        """Write predictions to the documents."""
        lemmas, index = prediction
        docs = [doc for doc in docs if len(doc)]
        if not docs:
            return
        strings = docs[0].vocab.strings
        keys = np.array([strings.add(lemma) for lemma in lemmas], dtype=np.uint64)
        write_lemmas(docs, keys[index], overwrite=self.cfg["overwrite"])

    # ---- training

    def initialize(
        self,
        get_examples: Callable[[], Iterable[Example]],
        *,
        nlp: Optional[Language] = None,
        labels: Optional[Dict[str, Any]] = None,
    ) -> None:
        """Prepare for training.

        get_examples: returns the training data; its lemmas make the dictionary.
        labels: as `spacy init labels` writes them (see `label_data`); None collects them.
        """
        validate_get_examples(get_examples, "RNNLemmatizer.initialize")
        spacy.util.check_lexeme_norms(self.vocab, "rnn_lemmatizer")
        from ...models.seq2seq import set_sizes  # on use: it brings torch

        if labels is None:
            labels = collect_labels(get_examples(), self.cfg["attrs"], self.cfg["max_extra"], self._casing)
        elif not isinstance(labels, dict) or set(labels) != set(LABELS):
            raise AnnotationError(Errors.R173.format(name=self.name, expected=", ".join(LABELS), found=labels))
        if not labels["lemmas"]:
            raise AnnotationError(Errors.R171.format(name=self.name))
        self.cfg["labels"] = {name: list(labels[name]) for name in LABELS}
        self._read_labels()
        set_sizes(self.model, self._coder.sizes)
        docs = [example.predicted for example in islice(get_examples(), 10)]
        sample, _ = self._coder.encode([], Places(docs, np.zeros(0, dtype=np.int64)))
        self.model.initialize(X=sample)

    def _inputs(self, examples: List[Example]) -> Optional[SequenceBatch]:
        """Each distinct word at most once."""
        from ...models.seq2seq import reads_context  # on use: it brings torch

        attrs, tags, longest = (self.cfg[name] for name in ("attrs", "train_on", "max_extra"))
        met = find_words(examples, attrs, tags, longest, draw_places=reads_context(self.model))
        drawn = draw_words((word for word in met if len(word.word.form) <= self.cfg["max_chars"]), self.table)
        places = Places([example.predicted for example in examples], np.array([word.token for word in drawn]))
        return self._training_batch([(word.word, word.lemma) for word in drawn], places)

    def _taught_batch(self, examples: List[Example], teacher: Model) -> Optional[SequenceBatch]:
        docs = [example.predicted for example in examples]
        rows = read_words(docs, self.cfg["attrs"])
        tokens = distinct(rows).first
        words = as_strings(rows[tokens], docs[0].vocab)
        short = [i for i, word in enumerate(words) if len(word.form) <= self.cfg["max_chars"]]
        words, places = [words[i] for i in short], Places(docs, tokens[short])
        return self._training_batch(list(zip(words, self._spell(words, places, teacher))), places)

    def _training_batch(self, pairs: Sequence[Tuple[Word, str]], places: Places) -> Optional[SequenceBatch]:
        if not pairs:
            return None
        hidden = np.random.random(len(pairs)) < self.cfg["attr_dropout"]
        words = [Word(word.form) if hide else word for (word, _), hide in zip(pairs, hidden)]
        return self._coder.encode_pairs(words, [lemma for _, lemma in pairs], places)

    def _keep_settings(self, settings: Dict[str, Any]) -> Self:
        super()._keep_settings(settings)
        self._read_labels()
        return self
