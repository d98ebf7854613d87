"""What a lemmatizer learns from: the different words of examples with their lemmas, and the labels made of them."""

from collections import Counter
from typing import Any, Dict, Iterable, List, Literal, Sequence, Tuple

import numpy as np
from spacy.training import Example

from ..types import KeyArray
from .alphabet import Alphabet
from .gold import aligned_keys
from .lemma_forms import Casing, is_writable
from .lemma_table import LemmaTable, Word
from .lemma_words import TAGS, as_strings, distinct, only, read_words, tag_features

TagSource = Literal["gold", "predicted"]
LABELS = ("read", "written", "features", "lemmas")
Counts = Counter[Tuple[Word, str]]


def count_words(examples: Sequence[Example], attrs: Sequence[str], tags: TagSource, max_extra: int) -> Counts:
    """The different words of examples with their gold lemmas, and how often each occurs.

    Tokens without a lemma, tokens that are not aligned with exactly one gold token, and lemmas that are too long to be
    given (of words whose other parts were written apart) do not count.

    attrs: the tags that tell words apart.
    tags: where they are taken from.
    max_extra: how many characters a lemma may be longer than its form.
    """
    examples = [example for example in examples if len(example.predicted)]
    if not examples:
        return Counter()
    gold = aligned_keys(examples, [*TAGS, "lemma"])
    words = read_words([example.predicted for example in examples], attrs)
    if tags == "gold":
        words[:, 1:] = np.stack([gold[attr] for attr in TAGS], axis=1)
        words = only(words, attrs)
    rows: KeyArray = np.column_stack([words, gold["lemma"]])[gold["lemma"] != 0]
    found = distinct(rows)
    first = rows[found.first]
    vocab = examples[0].predicted.vocab
    lemmas = [vocab.strings[key] for key in first[:, 4].tolist()]
    counts = np.bincount(found.which, minlength=len(first)).tolist()
    return Counter(
        {
            (word, lemma): count
            for word, lemma, count in zip(as_strings(first[:, :4], vocab), lemmas, counts)
            if not word.form.isspace() and len(lemma) <= len(word.form) + max_extra
        }
    )


def collect_labels(examples: Iterable[Example], attrs: Sequence[str], max_extra: int, casing: Casing) -> Dict[str, Any]:
    """The characters that are "read" and "written", the "features" of tags, and the "lemmas" of gold examples."""
    counts: Counts = Counter()
    for example in examples:
        counts.update(count_words([example], attrs, "gold", max_extra))
    read = Alphabet.count(casing.lower(word.form) for word, _ in counts)
    written = Alphabet.count([letter for letter in casing.lower(lemma) if is_writable(letter)] for _, lemma in counts)
    return {
        "read": read.symbols,
        "written": written.symbols,
        "features": sorted({feature for word, _ in counts for feature in tag_features(word)}),
        "lemmas": LemmaTable.from_counts(counts).entries,
    }


def draw_words(pairs: Iterable[Tuple[Word, str]], table: LemmaTable) -> List[Tuple[Word, str]]:
    """A frequent word not every time, so that in one pass over the data a word that occurs n times counts about
    log2(1 + n) times."""

    def is_drawn(form: str) -> bool:
        count = max(1, table.count(form))
        return bool(np.random.random() < np.log2(1 + count) / count)

    return [pair for pair in pairs if is_drawn(pair[0].form)]
