"""What a document has already: entities, blocked tokens, sentences, whitespace."""

from typing import Any, List

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from spacy.language import Language
from spacy.tokens import Doc, Span

from ...helpers import component
from .entities import SENTENCES, bare_doc, ents_of, trained_ner


@pytest.fixture(scope="module")
def trained() -> Language:
    return trained_ner(60)


def shift(nlp: Language, amount: float, label: str = "PER") -> Any:
    """Make the first tokens of entities likelier, everywhere. Returns what undoes it."""
    pipe: Any = component(nlp, "rnn_ner")
    (shim,) = pipe.model.shims
    bias = shim.module.tags.bias.data
    before = bias.clone()
    k = len(pipe.labels)
    bias[1 : 1 + k] += amount
    bias[1 + 2 * k : 1 + 4 * k] += amount
    return lambda: bias.copy_(before)


def test_entities_that_are_there_are_kept(trained: Language) -> None:
    """With their labels, also unknown ones, and their ids; others are added around them."""
    doc = bare_doc(trained, SENTENCES[0][0])
    doc.set_ents([Span(doc, 3, 5, "X", kb_id="Q1", span_id="rule")], default="missing")
    found = component(trained, "rnn_ner")(doc)
    assert (3, 5, "X") in ents_of(found) and (5, 6, "LOC") in ents_of(found)
    (ent,) = (ent for ent in found.ents if ent.label_ == "X")
    assert ent.kb_id_ == "Q1" and ent.ent_id_ == "rule"
    assert all(token.ent_iob_ in "OBI" and token.ent_iob_ for token in found)


def test_blocked_tokens_stay_blocked(trained: Language) -> None:
    doc = bare_doc(trained, SENTENCES[0][0])
    doc.set_ents([], blocked=[doc[3:4]], default="missing")
    found = component(trained, "rnn_ner")(doc)
    assert (found[3].ent_iob, found[3].ent_type) == (3, 0)
    assert all(not ent.start <= 3 < ent.end for ent in found.ents) and (5, 6, "LOC") in ents_of(found)


def test_tokens_outside_are_predicted_again(trained: Language) -> None:
    """As by spaCy's recognizer: only entities and blocked tokens bind it."""
    doc = bare_doc(trained, SENTENCES[0][0])
    doc.set_ents([])
    assert ents_of(component(trained, "rnn_ner")(doc)) == SENTENCES[0][1]


def test_twice_is_once(trained: Language) -> None:
    pipe: Any = component(trained, "rnn_ner")
    pipe.cfg["save_probs"] = True
    try:
        doc = pipe(bare_doc(trained, SENTENCES[0][0]))
        once = ents_of(doc), [ent._.prob for ent in doc.ents]
        again = pipe(doc)
    finally:
        pipe.cfg["save_probs"] = False
    assert (ents_of(again), [ent._.prob for ent in again.ents]) == once


def test_entities_of_rules_have_no_probability(trained: Language) -> None:
    pipe: Any = component(trained, "rnn_ner")
    pipe.cfg["save_probs"] = True
    try:
        doc = bare_doc(trained, SENTENCES[0][0])
        doc.set_ents([Span(doc, 0, 1, "X")], default="missing")
        found = pipe(doc)
    finally:
        pipe.cfg["save_probs"] = False
    assert [ent._.prob is None for ent in found.ents] == [True, *[False] * (len(found.ents) - 1)]
    assert len(found.ents) > 1


def test_an_entity_ruler_before_it() -> None:
    nlp = trained_ner(60)
    ruler: Any = nlp.add_pipe("entity_ruler", before="rnn_ner")
    ruler.add_patterns([{"label": "NOBODY", "pattern": "Ada Lovelace in"}])
    assert ents_of(nlp(SENTENCES[0][0])) == [(2, 5, "NOBODY"), (5, 6, "LOC")]


tokens_lists = st.lists(st.sampled_from(["Ada", "London", " ", "\n", "met", "New"]), min_size=1, max_size=9)


@given(words=tokens_lists, seed=st.integers(0, 1000), amount=st.sampled_from([0.0, 6.0]))
def test_what_is_there_binds(trained: Language, words: List[str], seed: int, amount: float) -> None:
    """Whatever the model prefers: entities and blocked tokens stay, no entity crosses a sentence or begins or ends with
    whitespace, and no token is left without a decision."""
    rng = np.random.default_rng(seed)
    starts = [True, *(rng.random(len(words) - 1) < 0.2).tolist()]
    doc = Doc(trained.vocab, words=words, sent_starts=starts)
    ents, blocked = [], []
    for i in range(0, len(words) - 1, 2):
        if rng.random() < 0.3:
            ents.append(Span(doc, i, i + int(rng.integers(1, 3)), "XY"[seed % 2]))
        elif rng.random() < 0.2:
            blocked.append(doc[i : i + 1])
    doc.set_ents(ents, blocked=blocked, default="missing")
    before, shut = ents_of(doc), [span.start for span in blocked]
    undo = shift(trained, amount)
    try:
        found = component(trained, "rnn_ner")(doc)
    finally:
        undo()
    assert set(before) <= set(ents_of(found))
    assert [token.i for token in found if token.ent_iob == 3 and not token.ent_type] == shut
    assert all(token.ent_iob for token in found)
    for ent in found.ents:
        if (ent.start, ent.end, ent.label_) not in before:
            assert not ent[0].is_space and not ent[-1].is_space
            assert not any(token.is_sent_start for token in ent[1:])


def test_the_model_prefers_what_is_forbidden(trained: Language) -> None:
    """So that the test above can fail."""
    undo = shift(trained, 8.0)
    try:
        (whole,) = trained.pipe([bare_doc(trained, "met met met met")])
    finally:
        undo()
    assert whole.ents


def test_long_documents_are_cut(trained: Language) -> None:
    """Sentences, or what has none, after so many tokens; no entity crosses a cut."""
    pipe: Any = component(trained, "rnn_ner")
    pipe.cfg["max_length"] = 2
    try:
        (doc,) = trained.pipe([bare_doc(trained, "New York City sleeps " * 3)])
    finally:
        pipe.cfg["max_length"] = 1000
    assert doc.ents and all(ent.start // 2 == (ent.end - 1) // 2 for ent in doc.ents)
    (whole,) = trained.pipe([bare_doc(trained, "New York City sleeps " * 600)])
    assert whole.ents and all(ent.start // 1000 == (ent.end - 1) // 1000 for ent in whole.ents)
    assert all(token.ent_iob for token in whole)
