"""The lemmas that a dictionary gives for a form, of which the network chooses the likeliest."""

from typing import Any, Callable, Dict, List, Sequence

import numpy as np
from spacy.strings import get_string_id
from thinc.api import to_numpy

from ...base.lexicon import Lexicon
from ...base.sequences import Decision, Sources, Targets
from .casing import Casing
from .coding import WordCoder
from .table import TaggedWord

Score = Callable[[Sources, Targets, Sequence[int]], Any]
"""Words, lemmas and the indices of the words to the log-probabilities of spellings and decisions, (n, 2)."""


def choose_lemmas(words: Sequence[TaggedWord], lexicon: Lexicon, coder: WordCoder, score: Score) -> Dict[int, str]:
    """The likeliest lemma of each word that the dictionary knows, by the index of the word."""
    lemmas = find_lemmas([word.form for word in words], lexicon, coder.casing)
    pairs = [
        (i, lemma)
        for i, (word, found) in enumerate(zip(words, lemmas))
        for lemma in spellings(word.form, found, coder.casing)
        if coder.can_write(word, lemma)
    ]
    if not pairs:
        return {}
    which = [i for i, _ in pairs]
    sources, targets = coder.encode_pairs([words[i] for i in which], [lemma for _, lemma in pairs])
    order = np.argsort(to_numpy(score(sources, targets, which)).sum(axis=1), kind="stable")
    return {pairs[k][0]: pairs[k][1] for k in order.tolist()}  # the last one of a word, its likeliest, stays


def find_lemmas(forms: Sequence[str], lexicon: Lexicon, casing: Casing) -> List[List[str]]:
    """The lemmas of each form as it is written; if the dictionary lacks that, of the form in lower case."""
    lowered = list(map(casing.lower, forms))
    exact, lower = (
        lexicon.find(np.array(list(map(get_string_id, words)), dtype=np.uint64)).tolist() for words in (forms, lowered)
    )
    return [
        [lemma for lemma, _ in (lexicon.read(form, one) if one else lexicon.read(low, other))]
        for form, low, one, other in zip(forms, lowered, exact, lower)
    ]


def spellings(form: str, lemmas: Sequence[str], casing: Casing) -> List[str]:
    """The lemmas in every upper and lower case that a decision can lead to, each once."""
    lowered = set(map(casing.lower, lemmas))
    made = (casing.apply(decision, form, lemma) for lemma in sorted(lowered) for decision in Decision)
    return list(dict.fromkeys(lemma for lemma in made if lemma and casing.lower(lemma) in lowered))
