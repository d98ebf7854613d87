"""What is learned from gold entities: gaps, alignment, whitespace, pieces."""

import logging
from typing import Any, List, Optional, Sequence, Tuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from spacy.tokens import Doc, Span
from spacy.training import Example

from spacy_rnn.base.entities import PARTS, UNKNOWN
from spacy_rnn.pipeline.ner.gold import read_gold
from spacy_rnn.pipeline.spans import Tokens

from ...helpers import VOCAB, component
from .entities import Entity, bare_doc, ent_doc, ent_examples, ner_nlp

LABELS = ["LOC", "PER"]


def name_of(tag: int) -> Optional[str]:
    """A tag as spaCy writes it."""
    if tag <= 0:
        return "O" if tag == 0 else None
    part, label = divmod(tag - 1, len(LABELS))
    return f"{PARTS[part]}-{LABELS[label]}"


def learned(*examples: Example, most: int = 100) -> Tuple[List[Optional[str]], int]:
    """The tags, and how many entities are left out."""
    tokens = Tokens.read([example.predicted for example in examples])
    gold = read_gold(list(examples), tokens, tokens.pieces(most), LABELS)
    return [name_of(tag) for tag in gold.tags.tolist()], gold.n_spans - gold.n_learned


def doc_of(words: Sequence[str], ents: Sequence[Entity] = (), **kwargs: Any) -> Doc:
    """Words that follow each other without blanks, if there are no `spaces`."""
    doc = Doc(VOCAB, words=list(words), spaces=kwargs.pop("spaces", [False] * len(words)), **kwargs)
    doc.set_ents([Span(doc, *ent) for ent in ents])
    return doc


def bare(words: Sequence[str], **kwargs: Any) -> Doc:
    return Doc(VOCAB, words=list(words), spaces=[False] * len(words), **kwargs)


def test_tags_of_a_batch() -> None:
    nlp = ner_nlp()
    empty = Example(Doc(nlp.vocab), Doc(nlp.vocab))
    tags, lost = learned(*ent_examples(nlp)[:2], empty, *ent_examples(nlp)[2:])
    assert lost == 0 and tags == [
        "O", "O", "B-PER", "L-PER", "O", "U-LOC", "O",
        "B-LOC", "I-LOC", "L-LOC", "O",
        "U-PER", "U-PER", "U-LOC",
        "O", "O", "O",
    ]  # fmt: skip


words_lists = st.lists(st.sampled_from(["ab", "c", " ", "cd"]), min_size=1, max_size=7)


@given(words=words_lists, cuts=st.lists(st.booleans(), min_size=7, max_size=7), seed=st.integers(0, 1000))
def test_as_spacy_aligns_entities(words: List[str], cuts: List[bool], seed: int) -> None:
    """For the same and for other tokens, with gaps and blocked tokens, the tags are those of spaCy, but for entities
    that begin or end with whitespace."""
    rng = np.random.default_rng(seed)
    gold = bare(words)
    spans: List[Span] = []
    kinds = rng.integers(0, 5, len(words))
    for i, kind in enumerate(kinds.tolist()):
        if kind > 2 and (not spans or spans[-1].end <= i):
            spans.append(Span(gold, i, min(len(words), i + int(rng.integers(1, 4))), LABELS[kind - 3]))
    free = [i for i in range(len(words)) if not any(span.start <= i < span.end for span in spans)]
    parts = {kind: [gold[i : i + 1] for i in free if kinds[i] == kind] for kind in (0, 1, 2)}
    gold.set_ents(spans, missing=parts[0], outside=parts[1], blocked=parts[2], default="missing")
    joined = [words[0]]
    for word, cut in zip(words[1:], cuts):
        if cut and not word.isspace() and not joined[-1].isspace():
            joined[-1] += word
        else:
            joined.append(word)
    example = Example(bare(joined), gold)
    expected: List[Any] = example.get_aligned_ner()
    tags, _ = learned(example)
    for i, tag in enumerate(expected):
        if (tag or "O")[0] in "BU":
            end = next(j for j in range(i, len(expected)) if (expected[j] or "O")[0] in "LU")
            if joined[i].isspace() or joined[end].isspace():
                expected[i : end + 1] = [None] * (end + 1 - i)
    assert tags == expected


def test_gaps_teach_nothing() -> None:
    gold = bare(["a", "b", "c", "d"])
    gold.set_ents([Span(gold, 1, 2, "LOC")], outside=[gold[3:4]], default="missing")
    assert learned(Example(bare(["a", "b", "c", "d"]), gold)) == ([None, "U-LOC", None, "O"], 0)
    nothing = Example(bare(["a"]), bare(["a"]))
    assert learned(nothing) == ([None], 0)
    nlp = ner_nlp()
    nlp.initialize(lambda: ent_examples(nlp))
    pipe: Any = component(nlp, "rnn_ner")
    before = pipe.model.to_bytes()
    assert pipe.update([nothing], sgd=nlp.create_optimizer()) == {"rnn_ner": 0.0}
    assert pipe.model.to_bytes() == before
    # Beside other documents, it changes nothing about what is learned.
    gold_examples = ent_examples(nlp)
    (alone, _), (both, _) = (pipe.model.begin_update(pipe._inputs(batch)) for batch in
                             (gold_examples, [*gold_examples, nothing]))  # fmt: skip
    assert both.tolist() == [*alone.tolist(), 0.0]


def test_tokens_that_are_not_aligned() -> None:
    gold = doc_of(["New", "York", "City", "calls"], [(0, 3, "LOC")])
    assert learned(Example(bare(["NewYork", "City", "calls"]), gold)) == (["B-LOC", "L-LOC", "O"], 0)
    assert learned(Example(bare(["New", "York", "Citycalls"]), gold)) == ([None, None, None], 1)
    assert learned(Example(bare(["New", "York", "City", "ca", "lls"]), gold)) == (
        ["B-LOC", "I-LOC", "L-LOC", "O", "O"], 0
    )  # fmt: skip


def test_whitespace_is_never_an_end() -> None:
    words = [" ", "New", " ", "York", "\n"]
    assert learned(Example(bare(words), doc_of(words, [(1, 4, "LOC")])))[0] == ["O", "B-LOC", "I-LOC", "L-LOC", "O"]
    for ent in ((0, 2, "LOC"), (3, 5, "LOC"), (2, 3, "LOC")):
        tags, lost = learned(Example(bare(words), doc_of(words, [ent])))
        assert lost == 1 and tags == [None if ent[0] <= i < ent[1] else "O" for i in range(5)]


def test_other_labels_are_left_out() -> None:
    words = ["a", "b", "c"]
    assert learned(Example(bare(words), doc_of(words, [(0, 1, "X"), (1, 2, "LOC")]))) == ([None, "U-LOC", "O"], 1)


def test_entities_that_cross_a_cut() -> None:
    """The start of a sentence of the document, or the most tokens."""
    words = list("abcdef")
    gold = doc_of(words, [(1, 3, "LOC"), (3, 5, "PER")])
    starts = [True, False, True, False, False, False]
    assert learned(Example(bare(words, sent_starts=starts), gold)) == (["O", None, None, "B-PER", "L-PER", "O"], 1)
    assert learned(Example(bare(words), gold), most=4) == (["O", "B-LOC", "L-LOC", None, None, "O"], 1)


@given(docs=st.lists(words_lists | st.just([]), max_size=4), seed=st.integers(0, 100), most=st.integers(1, 4))
def test_pieces(docs: List[List[str]], seed: int, most: int) -> None:
    """Each document and each sentence starts one, and none is longer than allowed; as long as possible."""
    rng = np.random.default_rng(seed)
    starts = [[True, *(rng.random(max(1, len(words)) - 1) < 0.3).tolist()][: len(words)] for words in docs]
    tokens = Tokens.read([Doc(VOCAB, words=words, sent_starts=own or None) for words, own in zip(docs, starts)])
    expected: List[int] = []
    for own in starts:
        for start in own:
            if start or expected[-1] == most:
                expected.append(0)
            expected[-1] += 1
    assert tokens.pieces(most).tolist() == expected


def test_what_cannot_be_learned_is_reported_once(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    import spacy.util

    monkeypatch.setattr(spacy.util.logger, "propagate", True)
    monkeypatch.setattr(spacy.util.logger, "handlers", [])  # pytest leaves its own there
    nlp = ner_nlp()
    bad = Example(doc_of(["New", "Yorkcalls"]), doc_of(["New", "York", "calls"], [(0, 2, "LOC")]))
    examples = [*ent_examples(nlp), bad, bad]
    with caplog.at_level(logging.WARNING, "spacy"):
        nlp.initialize(lambda: examples)
        assert len(caplog.messages) == 1 and "rnn_ner: 2 of 8 entities cannot be learned" in caplog.messages[0]
        nlp.update(examples, sgd=nlp.create_optimizer())
        assert len(caplog.messages) == 1
        # Where the labels are given, the data is not read before the first update.
        pipe: Any = component(ner_nlp(), "rnn_ner")
        pipe.initialize(lambda: examples, labels=LABELS)
        assert len(caplog.messages) == 1
        for _ in range(2):
            pipe.update(examples)
        assert len(caplog.messages) == 2


def test_nothing_known_is_unknown() -> None:
    nlp = ner_nlp()
    assert learned(Example(bare_doc(nlp, "a b"), ent_doc(nlp, ("a b", []))))[0] == ["O", "O"]
    assert name_of(UNKNOWN) is None
