"""Where sentences come from, and odd documents."""

import logging
from typing import List, Optional

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from spacy.language import Language
from spacy.tokens import Doc

from spacy_rnn.errors import NotInitializedError
from spacy_rnn.pipeline.parser.annotate import Prediction, write_trees

from ...helpers import VOCAB, component, train
from .parsers import (
    TREES,
    assert_well_formed,
    bare_doc,
    gold_rows,
    joined,
    parse,
    parser_nlp,
    rows_of,
    trained_parser,
    tree_doc,
    tree_examples,
)

TEXTS = [joined([TREES[i], TREES[j], TREES[k]]) for i, j, k in ((0, 1, 3), (3, 2, 0), (1, 0, 2), (2, 3, 1))]


@pytest.fixture(scope="module")
def finder() -> Language:
    """It finds the sentences by itself."""
    return trained_parser(80, TEXTS, sentences="predict")


@pytest.fixture(scope="module")
def trained() -> Language:
    return trained_parser(60)


def starts_of(doc: Doc) -> List[int]:
    return [sent.start for sent in doc.sents]


def test_sentences_are_found(finder: Language) -> None:
    assert parse(finder, [bare_doc(finder, words) for words, _, _ in TEXTS]) == [gold_rows(tree) for tree in TEXTS]
    scores = finder.evaluate(tree_examples(finder, TEXTS))
    assert scores["sents_f"] == scores["dep_las"] == 1.0


def test_what_the_document_knows_comes_first(finder: Language) -> None:
    words, _, _ = TEXTS[0]  # sentences start at 0, 4 and 7
    marks: List[Optional[bool]] = [None] * 8
    marks[2], marks[4] = True, False
    (doc,) = finder.pipe([bare_doc(finder, words, marks)])
    assert starts_of(doc) == [0, 2, 7]
    assert_well_formed(doc)


def test_a_parser_that_never_learned_to_find_sentences() -> None:
    nlp = trained_parser(1)
    component(nlp, "rnn_parser").cfg["sentences"] = "predict"
    with pytest.raises(NotInitializedError, match="R122.*rnn_parser"):
        nlp("a")
    component(nlp, "rnn_parser").cfg["sentences"] = "doc"
    assert len(nlp("a")) == 1


def test_sentences_of_another_component() -> None:
    nlp = parser_nlp("en")
    nlp.add_pipe("sentencizer", first=True)
    train(nlp, tree_examples(nlp), 40, rate=0.02)
    doc = nlp("The cats sleep. A dog barked")
    assert starts_of(doc) == [0, 4]
    assert [token.head.i for token in doc] == [1, 2, 2, 2, 5, 6, 6]


def test_long_sentences_are_cut(trained: Language, caplog: pytest.LogCaptureFixture) -> None:
    parser = component(trained, "rnn_parser")
    parser.cfg["max_length"] = 7
    try:
        with caplog.at_level(logging.WARNING, logger="spacy"):
            (doc,) = trained.pipe([bare_doc(trained, "cat " * 20)])
    finally:
        parser.cfg["max_length"] = 1000
    assert starts_of(doc) == [0, 7, 14]
    assert_well_formed(doc)
    assert "rnn_parser: a sentence of 20 tokens is cut into pieces of 7 (max_length)" in caplog.text


def test_a_sentence_of_five_thousand_tokens(trained: Language) -> None:
    """All in one piece, if that is asked for."""
    parser = component(trained, "rnn_parser")
    parser.cfg["max_length"] = 5000
    try:
        (doc,) = trained.pipe([bare_doc(trained, "a dog which barked today " * 1000)])
    finally:
        parser.cfg["max_length"] = 1000
    assert len(list(doc.sents)) == 1
    heads = np.array([token.head.i for token in doc])
    for _ in range(13):
        heads = heads[heads]
    assert len(set(heads.tolist())) == 1


@pytest.mark.parametrize(
    ("words", "heads"),
    [
        ([" ", "Yes", " ", "\n"], [1, 1, 1, 1]),
        ([" "], [0]),
        (["\n", " ", "\t"], [0, 0, 0]),
        (["A", " ", "dog", "barked", "  "], [2, 0, 3, 3, 3]),
    ],
)
def test_whitespace(trained: Language, words: List[str], heads: List[int]) -> None:
    """It hangs on the word before it, and does not change the tree of the words."""
    doc = component(trained, "rnn_parser")(Doc(trained.vocab, words=words))
    assert [token.head.i for token in doc] == heads
    assert all(token.dep_ == ("ROOT" if token.head.i == token.i else "dep") for token in doc if token.is_space)
    assert len(list(doc.sents)) == 1


def test_sentences_of_whitespace(trained: Language) -> None:
    doc = Doc(trained.vocab, words=["Yes", " ", " ", "Yes"], sent_starts=[True, False, True, True])
    assert [token.head.i for token in component(trained, "rnn_parser")(doc)] == [0, 0, 2, 3]
    assert [token.dep_ for token in doc] == ["ROOT", "dep", "ROOT", "ROOT"]
    assert starts_of(doc) == [0, 2, 3]


def test_parsed_twice(trained: Language) -> None:
    """The sentences of the first time are those of the second."""
    doc = bare_doc(trained, TEXTS[0][0], [i in (0, 4, 7) for i in range(8)])
    once = rows_of(trained(doc))
    assert rows_of(trained(doc)) == once and starts_of(doc) == [0, 4, 7]


@given(n=st.integers(1, 30), seed=st.integers(0, 1000), cuts=st.integers(1, 4))
def test_any_trees_are_written(n: int, seed: int, cuts: int) -> None:
    """Trees whose arcs cross as often as they can, in the sentences that were given."""
    rng = np.random.default_rng(seed)
    starts = np.zeros(n, dtype=bool)
    starts[[0, *rng.integers(0, n, cuts)]] = True
    heads = np.arange(n)
    for part in np.split(np.arange(n), np.flatnonzero(starts)[1:]):
        order = rng.permutation(part)
        for i in range(1, len(order)):
            heads[order[i]] = order[max(0, i - 1 - int(rng.integers(0, 2)))]
    doc = Doc(VOCAB, words=["a"] * n)
    write_trees([doc], Prediction(heads, np.zeros(n, dtype=np.int64), starts, ["x"]), overwrite=True)
    assert [token.head.i for token in doc] == heads.tolist()
    assert starts_of(doc) == np.flatnonzero(starts).tolist()
    assert_well_formed(doc)


def test_arcs_that_cross_very_often() -> None:
    """From one end of the sentence to the other and back, which is too much for spaCy's own search for sentences."""
    n = 60
    order = [place for i in range(n // 2) for place in (i, n - 1 - i)][::-1]
    order = [order[0], *order[1:]]
    heads = np.arange(n)
    for child, head in zip(order[1:], order):
        heads[child] = head
    for heads_of in (heads, heads[::-1].copy()):
        doc = Doc(VOCAB, words=["a"] * n)
        own = heads_of if heads_of is heads else n - 1 - heads_of
        write_trees([doc], Prediction(own, np.zeros(n, dtype=np.int64), np.arange(n) == 0, ["x"]), overwrite=True)
        assert starts_of(doc) == [0]


def test_gold_sentences_in_training_and_predicted_ones_later(trained: Language) -> None:
    """A document that is parsed already has sentences."""
    doc = tree_doc(trained, TEXTS[0])
    assert starts_of(trained(doc)) == [0, 4, 7]
