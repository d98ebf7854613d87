"""What a lemmatizer learns from: the different words of examples with their lemmas, and the labels made of them."""

from collections import Counter
from typing import Any, Dict, Iterable, List, Literal, NamedTuple, Sequence, Tuple

import numpy as np
from spacy.training import Example

from ...types import KeyArray
from ..gold import aligned_keys
from ..vocabulary import Alphabet
from .forms import Casing, is_writable
from .table import LemmaTable, Word
from .words import TAGS, as_strings, distinct, only, read_words, tag_features

TagSource = Literal["gold", "predicted"]
LABELS = ("read", "written", "features", "lemmas")


class Met(NamedTuple):
    """A word with its lemma, how often examples have it, and one place where they do: that of a token in the predicted
    documents, joined."""

    word: Word
    lemma: str
    times: int
    token: int


def find_words(
    examples: Sequence[Example], attrs: Sequence[str], tags: TagSource, max_extra: int, *, draw_places: bool = False
) -> List[Met]:
    """The different words of examples with their gold lemmas.

    Tokens without a lemma, tokens that are not aligned with exactly one gold token, and lemmas that are too long to be
    given (of words whose other parts were written apart) do not count.

    attrs: the tags that tell words apart.
    tags: where they are taken from.
    max_extra: how many characters a lemma may be longer than its form.
    draw_places: of several places take any, not the first.
    """
    examples = [example for example in examples if len(example.predicted)]
    if not examples:
        return []
    gold = aligned_keys(examples, [*TAGS, "lemma"])
    words = read_words([example.predicted for example in examples], attrs)
    if tags == "gold":
        words[:, 1:] = np.stack([gold[attr] for attr in TAGS], axis=1)
        words = only(words, attrs)
    tokens = gold["lemma"].nonzero()[0]
    if draw_places:
        tokens = np.random.permutation(tokens)
    rows: KeyArray = np.column_stack([words, gold["lemma"]])[tokens]
    found = distinct(rows)
    first = rows[found.first]
    vocab = examples[0].predicted.vocab
    lemmas = [vocab.strings[key] for key in first[:, 4].tolist()]
    counts = np.bincount(found.which, minlength=len(first)).tolist()
    met = map(Met, as_strings(first[:, :4], vocab), lemmas, counts, tokens[found.first].tolist())
    return [word for word in met if not word.word.form.isspace() and len(word.lemma) <= len(word.word.form) + max_extra]


def collect_labels(examples: Iterable[Example], attrs: Sequence[str], max_extra: int, casing: Casing) -> Dict[str, Any]:
    """The characters that are "read" and "written", the "features" of tags, and the "lemmas" of gold examples."""
    counts: Counter[Tuple[Word, str]] = Counter()
    for example in examples:
        for met in find_words([example], attrs, "gold", max_extra):
            counts[met.word, met.lemma] += met.times
    read = Alphabet.count(casing.lower(word.form) for word, _ in counts)
    written = Alphabet.count([letter for letter in casing.lower(lemma) if is_writable(letter)] for _, lemma in counts)
    return {
        "read": read.symbols,
        "written": written.symbols,
        "features": sorted({feature for word, _ in counts for feature in tag_features(word)}),
        "lemmas": LemmaTable.from_counts(counts).entries,
    }


def draw_words(words: Iterable[Met], table: LemmaTable) -> List[Met]:
    """A frequent word not every time, so that in one pass over the data a word that occurs n times counts about
    log2(1 + n) times."""

    def is_drawn(form: str) -> bool:
        count = max(1, table.count(form))
        return bool(np.random.random() < np.log2(1 + count) / count)

    return [met for met in words if is_drawn(met.word.form)]
