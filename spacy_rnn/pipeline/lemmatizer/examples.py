"""What a lemmatizer learns from: the distinct words of examples with their lemmas, and the labels that they give."""

from collections import Counter
from typing import Any, Dict, Iterable, List, Literal, NamedTuple, Sequence, Tuple

import numpy as np
from spacy.training import Example

from ...types import KeyArray
from ..annotate import ATTRS
from ..gold import aligned_keys
from ..strings import Strings
from ..vocabulary import Vocabulary
from .casing import Casing, is_writable
from .table import LemmaTable, TaggedWord
from .words import as_strings, distinct, read_words, tag_features

TagSource = Literal["gold", "predicted"]


class LemmaCount(NamedTuple):
    """A word with one of its lemmas."""

    word: TaggedWord
    lemma: str
    times: int
    """How often examples have it."""
    token: int
    """The index of one such token in the joined predicted documents."""


def find_words(
    examples: Sequence[Example], attrs: Sequence[str], tags: TagSource, max_extra: int, *, shuffle: bool = False
) -> List[LemmaCount]:
    """The distinct words of examples with their gold lemmas.

    Left out are tokens without a lemma, tokens that are not aligned with exactly one gold token, whitespace, and lemmas
    that are too long, as those of words whose other parts are separate tokens.

    attrs: the tags that tell words apart.
    tags: the documents that they are taken from.
    max_extra: how many characters a lemma may be longer than its form.
    shuffle: take a random one of the tokens of a word instead of the first.
    """
    examples = [example for example in examples if len(example.predicted)]
    if not examples:
        return []
    gold = aligned_keys(examples, [*ATTRS, "lemma"])
    words = read_words([example.predicted for example in examples], attrs)
    if tags == "gold":
        words[:, 1:] = np.stack([gold[attr] * np.uint64(attr in attrs) for attr in ATTRS], axis=1)
    tokens = gold["lemma"].nonzero()[0]
    if shuffle:
        tokens = np.random.permutation(tokens)
    rows: KeyArray = np.column_stack([words, gold["lemma"]])[tokens]
    found = distinct(rows)
    first = rows[found.first]
    strings = Strings(doc for example in examples for doc in (example.predicted, example.reference))
    lemmas = [strings[key] for key in first[:, 4].tolist()]
    counts = np.bincount(found.which, minlength=len(first)).tolist()
    pairs = map(LemmaCount, as_strings(first[:, :4], strings), lemmas, counts, tokens[found.first].tolist())
    return [
        pair for pair in pairs if not pair.word.form.isspace() and len(pair.lemma) <= len(pair.word.form) + max_extra
    ]


def collect_labels(examples: Iterable[Example], attrs: Sequence[str], max_extra: int, casing: Casing) -> Dict[str, Any]:
    """The labels of a lemmatizer, from gold examples: the characters that are "read" and "written", the "features" of
    tags, and the "lemmas", entries of a `LemmaTable`."""
    counts: Counter[Tuple[TaggedWord, str]] = Counter()
    for example in examples:
        for pair in find_words([example], attrs, "gold", max_extra):
            counts[pair.word, pair.lemma] += pair.times
    read = Vocabulary.count(casing.lower(word.form) for word, _ in counts)
    written = Vocabulary.count(filter(is_writable, casing.lower(lemma)) for _, lemma in counts)
    return {
        "read": read.symbols,
        "written": written.symbols,
        "features": sorted({feature for word, _ in counts for feature in tag_features(word)}),
        "lemmas": [[*word, lemma, times] for (word, lemma), times in sorted(counts.items())],
    }


def sample_words(pairs: Sequence[LemmaCount], table: LemmaTable) -> List[LemmaCount]:
    """Leave out frequent words at random, so that a word that occurs n times in the training data counts about
    log2(1 + n) times in one pass over it."""
    counts = np.array([max(1, table.count(pair.word.form)) for pair in pairs])
    drawn = np.random.random(len(pairs)) < np.log2(1 + counts) / counts
    return [pair for pair, is_drawn in zip(pairs, drawn) if is_drawn]
