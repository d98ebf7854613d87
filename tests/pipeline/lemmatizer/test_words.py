"""Case, vocabularies and the table of lemmas, without a network."""

from typing import List

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from spacy.tokens import Doc
from spacy.vocab import Vocab

from spacy_rnn.base.sequences import Decision
from spacy_rnn.pipeline.lemmatizer.casing import Casing, is_writable
from spacy_rnn.pipeline.lemmatizer.table import LemmaTable, TaggedWord
from spacy_rnn.pipeline.lemmatizer.words import positions_of
from spacy_rnn.pipeline.vocabulary import ExtendedVocabulary, Vocabulary, encode_sources, encode_targets

texts = st.text(max_size=8)


@given(form=texts, lang=st.sampled_from(["en", "tr"]))
def test_small_forms_keep_their_length(form: str, lang: str) -> None:
    casing = Casing(lang)
    assert len(casing.lower(form)) == len(form) == len(casing.flags(form))
    assert casing.lower(casing.lower(form)) == casing.lower(form)


@given(form=texts, lemma=texts)
def test_a_decision_leads_to_its_lemma(form: str, lemma: str) -> None:
    """Or none does, if the lemma has capitals of its own."""
    casing = Casing("en")
    decision = casing.decide(form, lemma)
    made = casing.apply(decision, form, casing.lower(lemma))
    assert made == lemma or decision == Decision.SPELLED


@pytest.mark.parametrize(
    ("lang", "form", "lemma", "decision"),
    [
        ("en", "Paris", "Paris", Decision.SAME),
        ("en", "The", "the", Decision.LOWER),
        ("en", "Going", "go", Decision.SPELLED),
        ("en", "Americans", "American", Decision.SPELLED_CASED),
        ("en", "monday", "Monday", Decision.SPELLED_TITLE),
        ("hr", "ǅungla", "ǆungla", Decision.LOWER),
        ("hr", "ǆunglom", "ǅungla", Decision.SPELLED_TITLE),
        ("grc", "ᾅδου", "ᾍδης", Decision.SPELLED_TITLE),
        ("el", "ΟΔΟΥΣ", "ΟΔΟΣ", Decision.SPELLED_CASED),
        ("de", "STRASSEN", "STRASSE", Decision.SPELLED_CASED),
        ("tr", "istanbul'da", "İstanbul", Decision.SPELLED_TITLE),
        ("en", "İstanbul's", "İstanbul", Decision.SPELLED),
        ("tr", "ABD'nin", "ABD", Decision.SPELLED_CASED),
        ("tr", "IRMAK", "ırmak", Decision.LOWER),
        ("tr", "İzmir'de", "İzmir", Decision.SPELLED_CASED),
        ("en", "COMPANIES", "COMPANY", Decision.SPELLED_CASED),
    ],
)
def test_decisions(lang: str, form: str, lemma: str, decision: int) -> None:
    casing = Casing(lang)
    assert casing.decide(form, lemma) == decision
    assert casing.apply(decision, form, casing.lower(lemma)) == lemma


def test_what_lemmas_are_spelled_with() -> None:
    assert all(map(is_writable, "aß字👍-'1 "))
    assert not any(map(is_writable, "\x00\n\x7f\ue000\ufdd0"))


ENTRIES = [
    ["saw", "VERB", "VBD", "Tense=Past", "see", 5],
    ["saw", "VERB", "VB", "", "saw", 2],
    ["saw", "NOUN", "NN", "Number=Sing", "saw", 1],
]


@pytest.mark.parametrize(
    ("word", "lemma"),
    [
        (TaggedWord("saw", "VERB", "VB"), "saw"),
        (TaggedWord("saw", "VERB", "VBD"), "see"),
        (TaggedWord("saw", "VERB", "MD", "Tense=Past"), "see"),
        (TaggedWord("saw", "VERB", "MD", "Tense=Fut"), "see"),  # the most frequent of the verb
        (TaggedWord("saw", "NOUN", "VBD"), "saw"),
        (TaggedWord("saw", "ADJ"), None),
        (TaggedWord("saw"), "see"),
        (TaggedWord("Saw", "VERB"), None),
    ],
)
def test_table_backs_off(word: TaggedWord, lemma: str) -> None:
    assert LemmaTable(ENTRIES).find(word) == lemma
    capitals = word._replace(form=word.form.upper())
    assert LemmaTable(ENTRIES).find(capitals) is None
    assert LemmaTable(ENTRIES, str.lower).find(capitals) == LemmaTable(ENTRIES).find(word._replace(form="saw"))


def test_table_does_not_depend_on_the_order() -> None:
    """Not even among equally frequent lemmas."""
    even = [["a", "X", "", "", "b", 1], ["a", "X", "", "", "a", 1]]
    assert LemmaTable(even).find(TaggedWord("a", "X")) == LemmaTable(even[::-1]).find(TaggedWord("a", "X")) == "a"
    assert LemmaTable([]).find(TaggedWord("a")) is None
    assert LemmaTable(ENTRIES).count("saw") == 8


def test_vocabulary_counts_in_a_fixed_order() -> None:
    assert Vocabulary.count(["abb", "bca"]).symbols == ["b", "a", "c"] == Vocabulary.count(["bca", "abb"]).symbols
    assert Vocabulary.count(["abb", "bca"], min_count=2, max_size=1).symbols == ["b"]


@given(st.lists(st.text("abcxyz", max_size=6), min_size=1, max_size=4))
def test_what_is_written_can_be_read(words: List[str]) -> None:
    """Of letters that a vocabulary has and of those that only the source has."""
    vocabulary = Vocabulary("abc")
    sources, extended = encode_sources(words, vocabulary, vocabulary)
    targets = encode_targets([word[::-1] for word in words], extended)
    ends = targets.lengths.cumsum()
    for i, (word, end, length) in enumerate(zip(words, ends, targets.lengths)):
        numbers = targets.symbols[end - length : end - 1].tolist()
        assert "".join(extended.decode(i, numbers)) == word[::-1]
    assert sources.copies.max() < sources.n_extended == len(extended)


def test_letters_that_cannot_be_written_are_unknown() -> None:
    extended = ExtendedVocabulary(Vocabulary("ab"), ["ax"])
    assert extended.copies == [[2, 4]] and extended.encode(0, "xyb") == [4, 0, 3]


def test_only_what_is_certain() -> None:
    """A lemma is certain if training showed no other one for the tags that decide."""
    table = LemmaTable(
        [["saw", "VERB", "", "", "see", 5], ["saw", "NOUN", "", "", "saw", 1], ["a", "X", "", "", "a", 1]]
    )
    assert table.find(TaggedWord("saw")) == "see" and table.find(TaggedWord("saw"), certain=True) is None
    assert table.find(TaggedWord("saw", "NOUN"), certain=True) == "saw"
    assert table.find(TaggedWord("a"), certain=True) == "a" and table.find(TaggedWord("b"), certain=True) is None


@given(lengths=st.lists(st.integers(0, 4), min_size=1, max_size=6), data=st.data())
def test_positions_without_the_documents_that_have_none(lengths: List[int], data: st.DataObject) -> None:
    vocab = Vocab()
    docs = [Doc(vocab, words=[f"{i}-{j}" for j in range(n)]) for i, n in enumerate(lengths)]
    joined = [token.text for doc in docs for token in doc]
    tokens = sorted(data.draw(st.sets(st.sampled_from(range(len(joined)))))) if joined else []
    kept, found = positions_of(docs, np.array(tokens, dtype=np.int64))
    words = [token.text for doc in kept for token in doc]
    assert [words[i] for i in found] == [joined[i] for i in tokens]
    assert len(kept) == len({joined[i].split("-")[0] for i in tokens})
