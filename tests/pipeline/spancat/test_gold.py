"""What is learned from gold spans: alignment, whitespace, pieces, and what is not known."""

import logging
from typing import Any, List, Optional, Sequence, Tuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from spacy.tokens import Doc, Span
from spacy.training import Example

from spacy_rnn.pipeline.spancat.gold import GoldSpans, read_gold
from spacy_rnn.pipeline.spans import Tokens

from ...helpers import VOCAB, component
from .nested import Row, bare_doc, span_doc, span_examples, spancat_nlp

LABELS = ["LOC", "PER"]


def doc_of(words: Sequence[str], rows: Sequence[Row] = (), **kwargs: Any) -> Doc:
    """Words that follow each other without blanks."""
    doc = Doc(VOCAB, words=list(words), spaces=[False] * len(words), **kwargs)
    doc.spans["sc"] = [Span(doc, *row) for row in rows]
    return doc


def gold_of(examples: List[Example], most: int, **settings: Any) -> GoldSpans:
    tokens = Tokens.read([example.predicted for example in examples])
    return read_gold(examples, tokens, tokens.pieces(most), LABELS, "sc", **settings)


def learned(*examples: Example, most: int = 100, **settings: Any) -> Tuple[List[Row], int]:
    """The spans, and how many are left out."""
    gold = gold_of(list(examples), most, **settings)
    starts, ends, labels = (column.tolist() for column in gold.targets.spans)
    rows = [(start, end + 1, LABELS[label]) for start, end, label in zip(starts, ends, labels)]
    assert gold.n_learned == len(rows)
    return rows, gold.n_spans - gold.n_learned


def test_spans_of_a_batch() -> None:
    """The tokens of all documents are joined, and what is there twice counts once."""
    nlp = spancat_nlp()
    empty = Example(Doc(nlp.vocab), Doc(nlp.vocab))
    first = Example(bare_doc(nlp, "a b"), span_doc(nlp, ("a b", [(0, 2, "PER"), (1, 2, "LOC"), (1, 2, "LOC")])))
    second = Example(bare_doc(nlp, "a b c"), span_doc(nlp, ("a b c", [(1, 3, "PER"), (1, 3, "LOC")])))
    rows, lost = learned(first, empty, second)
    assert rows == [(0, 2, "PER"), (1, 2, "LOC"), (3, 5, "LOC"), (3, 5, "PER")] and lost == 0


def test_documents_without_the_key_have_no_spans() -> None:
    """As with spaCy's `spancat`."""
    other = doc_of(["a", "b"])
    del other.spans["sc"]
    other.spans["else"] = [other[0:1]]
    assert learned(Example(doc_of(["a", "b"]), other)) == ([], 0)


words_lists = st.lists(st.sampled_from(["ab", "c", "d", "ef"]), min_size=1, max_size=6)
cuts = st.lists(st.booleans(), min_size=6, max_size=6)


@given(words=words_lists, cuts=cuts, seed=st.integers(0, 1000))
def test_as_spacy_aligns_spans(words: List[str], cuts: List[bool], seed: int) -> None:
    rng = np.random.default_rng(seed)
    rows = []
    for _ in range(rng.integers(0, 6)):
        start = int(rng.integers(0, len(words)))
        rows.append((start, int(rng.integers(start + 1, len(words) + 1)), LABELS[rng.integers(2)]))
    gold = doc_of(words, rows)
    joined = [words[0]]
    for word, cut in zip(words[1:], cuts):
        if cut:
            joined[-1] += word
        else:
            joined.append(word)
    example = Example(doc_of(joined), gold)
    spacys = example.get_aligned_spans_y2x(gold.spans["sc"], allow_overlap=True)
    assert learned(example)[0] == sorted({(span.start, span.end, span.label_) for span in spacys})


def test_what_is_left_out() -> None:
    words = ["a", " ", "b", "c", "\n", "d"]
    for row in ((0, 2, "LOC"), (1, 3, "LOC"), (1, 2, "LOC"), (3, 5, "LOC"), (0, 1, "X"), (0, 1, ""), (2, 2, "LOC")):
        assert learned(Example(doc_of(words), doc_of(words, [row, (0, 3, "PER")]))) == ([(0, 3, "PER")], 1)
    gold = doc_of(words, [(0, 4, "LOC"), (2, 4, "PER")])
    starts = [True, False, True, False, False, False]
    assert learned(Example(doc_of(words, sent_starts=starts), gold)) == ([(2, 4, "PER")], 1)
    assert learned(Example(doc_of(words), gold), most=2) == ([(2, 4, "PER")], 1)
    assert learned(Example(doc_of(words), gold), max_width=3) == ([(2, 4, "PER")], 1)
    assert learned(Example(doc_of(words), gold), max_width=4)[1] == 0


def test_stretches_about_which_nothing_is_known() -> None:
    """Also where other tokens stand for them."""
    gold = doc_of(["a", "b", "c", "d"], [(0, 1, "LOC")])
    gold.spans["?"] = [gold[1:3]]
    expected: List[Tuple[List[str], Optional[List[bool]]]] = [
        (["a", "b", "c", "d"], [False, True, True, False]),
        (["a", "bc", "d"], [False, True, False]),
        (["a", "b", "cd"], [False, True, True]),
    ]
    for words, unknown in expected:
        targets = gold_of([Example(doc_of(words), gold)], 100, unknown_key="?").targets
        assert targets.unknown is not None and targets.unknown.tolist() == unknown
        assert targets.spans.starts.tolist() == [0]
    assert gold_of([Example(doc_of(["a", "b", "cd"]), gold)], 100).targets.unknown is None


def test_whitespace_is_no_edge() -> None:
    words = ["a", " ", "b"]
    assert gold_of([Example(doc_of(words), doc_of(words))], 100).targets.edges.tolist() == [True, False, True]


@pytest.mark.parametrize("words", [" ", "  \n", ""])
def test_nothing_to_learn(words: str) -> None:
    nlp = spancat_nlp()
    nlp.initialize(lambda: span_examples(nlp))
    pipe: Any = component(nlp, "rnn_spancat")
    before = pipe.model.to_bytes()
    example = Example(nlp.make_doc(words), nlp.make_doc(words))
    assert pipe.update([example], sgd=nlp.create_optimizer()) == {"rnn_spancat": 0.0}
    assert pipe.model.to_bytes() == before


def test_what_cannot_be_learned_is_reported_once(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    import spacy.util

    monkeypatch.setattr(spacy.util.logger, "propagate", True)
    monkeypatch.setattr(spacy.util.logger, "handlers", [])  # pytest leaves its own there
    nlp = spancat_nlp(max_width=5)
    bad = Example(doc_of(["New", "Yorkcalls"]), doc_of(["New", "York", "calls"], [(0, 2, "LOC"), (0, 1, "LOC")]))
    examples = [*span_examples(nlp), bad, bad]
    with caplog.at_level(logging.WARNING, "spacy"):
        nlp.initialize(lambda: examples)
        (message,) = caplog.messages
        assert "rnn_spancat: 3 of 13 spans cannot be learned" in message
        nlp.update(examples, sgd=nlp.create_optimizer())
        assert len(caplog.messages) == 1
        # Where the labels are given, the data is not read before the first update.
        pipe: Any = component(spancat_nlp(), "rnn_spancat")
        pipe.initialize(lambda: examples, labels=LABELS)
        assert len(caplog.messages) == 1
        for _ in range(2):
            pipe.update(examples)
        assert len(caplog.messages) == 2
