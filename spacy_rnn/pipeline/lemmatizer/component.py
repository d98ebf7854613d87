"""The component `rnn_lemmatizer`: lemmas from forms and tags."""

from itertools import islice
from typing import Any, Callable, Dict, Iterable, List, Optional, Sequence, Tuple, Union

import numpy as np
import spacy.util
from spacy.language import Language
from spacy.pipeline.lemmatizer import lemmatizer_score
from spacy.tokens import Doc
from spacy.training import Example, validate_get_examples
from spacy.vocab import Vocab
from thinc.api import Model

from ...base.cache import ValueCache
from ...base.checks import check_at_least, check_choice, check_share
from ...base.sequences import Search, Sources, Targets
from ...errors import Errors, NotInitializedError
from ...models.types import SequenceInput, TokenPositions
from ...types import IntArray
from ..annotate import ATTRS, write_lemmas
from ..base import SequenceLearning
from ..strings import Strings, distinct_vocabs
from .candidates import choose_lemmas
from .casing import SPELLING, Casing
from .coding import WordCoder
from .examples import TagSource, collect_labels, find_words, sample_words
from .table import LemmaTable, TaggedWord
from .words import as_strings, distinct, positions_of, read_words, take

Prediction = Tuple[List[str], IntArray]
"""The distinct lemmas of a batch, and the index of the lemma of each token, (n_tokens,), the tokens of all documents
joined."""


@Language.factory(
    "rnn_lemmatizer",
    assigns=["token.lemma"],
    default_config={
        "model": {"@architectures": "spacy-rnn.Lemmatizer.v1"},
        "attrs": list(ATTRS),
        "train_on": "gold",
        "overwrite": True,
        "dictionary": True,
        "beams": 1,
        "max_chars": 40,
        "max_extra": 10,
        "attr_dropout": 0.05,
        "cache_size": 100000,
        "scorer": {"@scorers": "spacy.lemmatizer_scorer.v1"},
    },
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


class RNNLemmatizer(SequenceLearning):
    """Predicts `token.lemma` from the form of a word and from the tags that other components assigned.

    Words that training showed are looked up. For any other word a network decides whether the lemma is the form, the
    form in lower case, or has to be spelled, and spells it. The work is done once for each distinct word.

    Its labels are the characters that are "read" and "written", the "features" of tags, and the "lemmas", entries of a
    `LemmaTable`.

    attrs: the tags that the lemma depends on, out of "pos", "tag" and "morph". A tag that a document lacks is unknown.
    train_on: learn from the tags of the "gold" documents, or of the "predicted" ones, as the components in
        `training.annotating_components` assign them.
    overwrite: replace lemmas that are already set.
    dictionary: look up the words that training showed; otherwise the network does everything.
    beams: the number of beams of the search for the best spelling.
    max_chars: a longer word that is not in the dictionary keeps its form as lemma.
    max_extra: how many characters a lemma may be longer than its form. If it does not end by then, the form is taken.
    attr_dropout: the share of words whose tags are hidden from the network in training.
    cache_size: the number of words whose lemmas are kept between predictions.
    Raises SettingError for a value out of range.
    """

    LABELS = ("read", "written", "features", "lemmas")

    def __init__(
        self,
        vocab: Vocab,
        model: Model,
        name: str = "rnn_lemmatizer",
        *,
        attrs: Sequence[str] = ATTRS,
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
            check_choice("attrs", attr, ATTRS)
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
            "labels": {name: [] for name in self.LABELS},
        }
        self._remember_settings()
        self._read_labels()

    def _read_labels(self) -> None:
        labels = self.cfg["labels"]
        self._casing = Casing(self.vocab.lang or "xx")
        self.table = LemmaTable(labels["lemmas"], self._casing.lower)
        self._coder = WordCoder(labels, self._casing)

    @property
    def _reads_context(self) -> bool:
        from ...models.seq2seq import reads_context  # on use: it imports torch

        return reads_context(self.model)

    def predict(self, docs: Iterable[Doc]) -> Prediction:
        """RETURNS the distinct lemmas of the batch, and the index of the lemma of each token.
        Raises NotInitializedError without labels."""
        docs = [doc for doc in docs if len(doc)]
        if not docs:
            return [], np.zeros(0, dtype=np.int64)
        if not self.labels:
            raise NotInitializedError(Errors.R172.format(name=self.name))
        from ...models.seq2seq import weights_version  # on use: it imports torch

        rows, strings = read_words(docs, self.cfg["attrs"]), Strings(docs)
        words = distinct(rows)

        def compute(missing: List[int]) -> List[str]:
            first = dict(zip(words.keys, words.first.tolist()))
            found = as_strings(rows[[first[key] for key in missing]], strings)
            # A lemma that depends on the context is not kept.
            return [lemma or "" for lemma in self._find(found)] if self._reads_context else self.lemmatize(found)

        settings = repr({name: value for name, value in self.cfg.items() if name != "labels"})
        version = (self._coder, weights_version(self.model), settings)
        lemmas, which = self._cache.lookup(words.keys, version, compute), words.which
        tokens = np.array([not lemma for lemma in lemmas])[which].nonzero()[0]
        if len(tokens):
            spelled = self._spell(as_strings(rows[tokens], strings), positions_of(docs, tokens))
            which = which.copy()
            which[tokens] = np.arange(len(lemmas), len(lemmas) + len(tokens))
            lemmas = [*lemmas, *spelled]
        return lemmas, which

    def lemmatize(self, words: Sequence[TaggedWord]) -> List[str]:
        """The lemmas of words without a context. Does not use the cache."""
        known = self._find(words)
        spelled = iter(self._spell([word for word, lemma in zip(words, known) if lemma is None]))
        return [next(spelled) if lemma is None else lemma for lemma in known]

    def _find(self, words: Sequence[TaggedWord]) -> List[Optional[str]]:
        """The lemmas of words that need no network, None for the others."""
        # Where training showed several lemmas, a network that reads the context knows better than their counts.
        certain = self._reads_context

        def find(word: TaggedWord) -> Optional[str]:
            lemma = self.table.find(word, certain=certain) if self.cfg["dictionary"] else None
            keeps_form = len(word.form) > self.cfg["max_chars"] or word.form.isspace()
            return word.form if lemma is None and keeps_form else lemma

        return list(map(find, words))

    def _spell(
        self,
        words: Sequence[TaggedWord],
        positions: Optional[TokenPositions] = None,
        model: Optional[Model] = None,
    ) -> List[str]:
        """The lemmas of words by the component's network, or another one.

        positions: of the words, for a network that reads the context."""
        from ...models.seq2seq import lexicon_of  # on use: it imports torch

        network = model or self.model

        def run(sources: Sources, task: Union[Targets, Search], which: Sequence[int]) -> Any:
            return network.predict(SequenceInput(sources, task, take(positions, which)))

        lexicon = lexicon_of(network)
        lemmas = {} if lexicon is None else choose_lemmas(words, lexicon, self._coder, run)
        rest = [i for i in range(len(words)) if i not in lemmas]
        if rest:
            unknown = [words[i] for i in rest]
            sources, extended = self._coder.encode(unknown)
            search = Search(sources.lengths + self.cfg["max_extra"], self.cfg["beams"], decode_after=SPELLING)
            lemmas.update(zip(rest, self._coder.decode(unknown, extended, run(sources, search, rest))))
        return [lemmas[i] for i in range(len(words))]

    def set_annotations(self, docs: Iterable[Doc], prediction: Prediction) -> None:
        """Write predictions to the documents."""
        lemmas, index = prediction
        docs = [doc for doc in docs if len(doc)]
        for vocab in distinct_vocabs(docs):
            keys = np.array([vocab.strings.add(lemma) for lemma in lemmas], dtype=np.uint64)
        if docs:
            write_lemmas(docs, keys[index], overwrite=self.cfg["overwrite"])

    def initialize(
        self,
        get_examples: Callable[[], Iterable[Example]],
        *,
        nlp: Optional[Language] = None,
        labels: Optional[Dict[str, Any]] = None,
    ) -> None:
        """Prepare for training.

        get_examples: returns the training data. Its lemmas make the dictionary.
        labels: as `spacy init labels` stores them; None collects them from the training data.
        Raises AnnotationError for labels of another kind, and if there are no lemmas.
        """
        validate_get_examples(get_examples, "RNNLemmatizer.initialize")
        spacy.util.check_lexeme_norms(self.vocab, "rnn_lemmatizer")
        from ...models.seq2seq import set_sizes  # on use: it imports torch

        if labels is None:
            labels = collect_labels(get_examples(), self.cfg["attrs"], self.cfg["max_extra"], self._casing)
        self._set_labels(labels, "lemmas", Errors.R171.format(name=self.name))
        set_sizes(self.model, self._coder.sizes)
        docs = [example.predicted for example in islice(get_examples(), 10)]
        positions = TokenPositions(docs, np.zeros(0, dtype=np.int64))
        self.model.initialize(X=SequenceInput(*self._coder.encode_pairs([], []), positions))

    def _inputs(self, examples: List[Example]) -> Optional[SequenceInput]:
        """Each distinct word at most once."""
        settings = (self.cfg[name] for name in ("attrs", "train_on", "max_extra"))
        pairs = find_words(examples, *settings, shuffle=self._reads_context)
        drawn = sample_words([pair for pair in pairs if len(pair.word.form) <= self.cfg["max_chars"]], self.table)
        positions = TokenPositions([example.predicted for example in examples], np.array([p.token for p in drawn]))
        return self._training_batch([pair.word for pair in drawn], [pair.lemma for pair in drawn], positions)

    def _taught_batch(self, examples: List[Example], teacher: Model) -> Optional[SequenceInput]:
        docs = [example.predicted for example in examples]
        rows = read_words(docs, self.cfg["attrs"])
        tokens = distinct(rows).first
        words = as_strings(rows[tokens], Strings(docs))
        short = [i for i, word in enumerate(words) if len(word.form) <= self.cfg["max_chars"]]
        words, positions = [words[i] for i in short], TokenPositions(docs, tokens[short])
        return self._training_batch(words, self._spell(words, positions, teacher), positions)

    def _training_batch(
        self, words: Sequence[TaggedWord], lemmas: Sequence[str], positions: TokenPositions
    ) -> Optional[SequenceInput]:
        if not words:
            return None
        hidden = np.random.random(len(words)) < self.cfg["attr_dropout"]
        words = [TaggedWord(word.form) if hide else word for word, hide in zip(words, hidden)]
        return SequenceInput(*self._coder.encode_pairs(words, lemmas), positions)
