"""The transducer as a component: what it learns, how it cuts and joins, its scores, and spaCy's conventions."""

import pickle
import re
from pathlib import Path
from typing import Any, Dict, List

import numpy as np
import pytest
import spacy
from hypothesis import given
from hypothesis import strategies as st
from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example

from spacy_rnn.base.sequences import Decoded, Hypothesis
from spacy_rnn.models.types import SequenceInput
from spacy_rnn.pipeline.transducer.scoring import score_transductions
from spacy_rnn.pipeline.transducer.texts import cut_text, join_symbols, split_text

from ...helpers import ODD_TEXTS
from .transducers import CHARS, WORDS, pair_examples, trained_transducer, transducer, transducer_nlp


@pytest.fixture(scope="module")
def nlp() -> Language:
    return trained_transducer(CHARS, "char", alternatives=3)


def texts(nlp: Language, sources: List[str], **kwargs: Any) -> List[str]:
    return [doc._.transduced for doc in nlp.pipe(sources, **kwargs)]


def test_learns_characters(nlp: Language, tmp_path: Path) -> None:
    sources, targets = map(list, zip(*CHARS))
    assert texts(nlp, sources) == targets
    scores = nlp.evaluate(pair_examples(nlp, CHARS))
    assert scores["transduced_acc"] == 1.0 and scores["transduced_cer"] == 0.0
    nlp.to_disk(tmp_path)
    for other in (spacy.load(tmp_path), pickle.loads(pickle.dumps(nlp))):
        assert texts(other, sources) == targets
    greedy = spacy.load(tmp_path, config={"components": {"rnn_transducer": {"beams": 1}}})
    assert texts(greedy, sources) == targets and transducer(greedy).cfg["beams"] == 1


def test_learns_words() -> None:
    nlp = trained_transducer(WORDS, "word", steps=100, beams=2)
    assert texts(nlp, [source for source, _ in WORDS]) == [target for _, target in WORDS]
    assert nlp("")._.transduced == "" and nlp("a dog")._.transductions is None


def test_alternatives(nlp: Language) -> None:
    found = nlp("abc")._.transductions
    assert found[0][0] == "ABC" and 1 <= len(found) <= 3
    scores = [score for _, score in found]
    assert scores == sorted(scores, reverse=True) and scores[0] < 0.0
    assert len({text for text, _ in found}) == len(found)


def test_batches_order_and_processes(nlp: Language) -> None:
    sources = ["ab", "", "cabba", "c", "bb aa", "abcabcabc"]
    alone = [nlp(source)._.transduced for source in sources]
    for size in (1, 2, 10):
        assert texts(nlp, sources, batch_size=size) == alone
    assert texts(nlp, sources, n_process=2, batch_size=2) == alone


@pytest.mark.parametrize("text", ODD_TEXTS, ids=range(len(ODD_TEXTS)))
def test_odd_texts(text: str) -> None:
    nlp = trained_transducer(CHARS[:2], "char", steps=1, max_read=50, beams=1, max_ratio=1.0, max_extra=1)
    written = nlp(text)._.transduced
    assert len(written) <= len(text) + len(text) // 25 + 2
    assert set(written) <= set(text) | set("AB")


# Letters with marks and joiners, symbols that are joined, and all kinds of whitespace.
CHARACTERS = "aǅ字,.\u0301\u093e\u200b\u200c\u200d\ufe0f👩 \t\n\r\u00a0\u2028\u3000"
odd_texts = st.text(st.sampled_from(CHARACTERS), max_size=40) | st.text(max_size=20)
units = st.sampled_from(["char", "word"])


@given(odd_texts, units, st.integers(1, 9))
def test_splitting_and_cutting_lose_nothing(text: str, unit: str, longest: int) -> None:
    assert join_symbols(split_text(text, unit), unit) == text
    parts = cut_text(text, unit, longest)
    assert "".join(parts) == text and not "".join(parts[1::2]).strip()
    assert all(len(split_text(piece, unit)) <= longest for piece in parts[::2] if piece)
    inner = [*parts[2::2], *(piece[::-1] for piece in parts[:-1:2])]
    assert not any(piece[:1].isspace() for piece in inner), "each piece is like a text of its own"


def copying(model: Any, X: SequenceInput, is_train: bool) -> Any:
    """In place of a network: writes what it reads."""
    ends = np.cumsum(X.sources.lengths).tolist()
    read = [X.sources.copies[start : end - 1].tolist() for start, end in zip([0, *ends], ends)]
    return Decoded([0] * len(ends), [[Hypothesis(symbols, -1.0, True)] for symbols in read]), None


@given(st.lists(odd_texts, max_size=4), units, st.integers(1, 9))
def test_pieces_are_joined_without_a_seam(texts: List[str], unit: str, longest: int) -> None:
    pipe = transducer(transducer_nlp(unit, max_read=longest))
    pipe._set_labels({"read": ["a"], "written": ["a"]}, "written", "")
    pipe.model._func = copying
    assert [found[0][0] for found in pipe.transduce(texts)] == texts


def test_whitespace_between_pieces_is_written_where_training_wrote_it() -> None:
    nlp = transducer_nlp(max_read=4)
    pipe = transducer(nlp)
    pipe.model._func = copying
    for read, written, expected in ((" ab", "ab", "abab"), (" ab", " ab", "ab  ab"), ("ab", "ab", "ab  ab")):
        pipe._set_labels({"read": list(read), "written": list(written)}, "written", "")
        assert nlp("ab  ab")._.transduced == expected


def test_cuts_before_whitespace_or_at_least_not_before_a_mark() -> None:
    assert cut_text("abcd efgh ij", "char", 7) == ["abcd", " ", "efgh", " ", "ij"]
    assert cut_text("ae\u0301ae\u0301", "char", 4) == ["ae\u0301a", "", "e\u0301"]
    assert cut_text("one two,three four", "word", 3) == ["one two,", "", "three four"]


@pytest.mark.parametrize(
    "word",
    ["हिन्दी", "می\u200cخواهم", "க்ஷ", "cafe\u0301", "שָׁלוֹם", "مُحَمَّد", "co\u00adop", "👩\u200d👩\u200d👧", "❤\ufe0f"],
)
def test_marks_and_joiners_belong_to_their_word(word: str) -> None:
    assert split_text(f"{word} {word}, a", "word") == [f" {word}", f" {word}", ",", " a"]


@given(st.text(st.sampled_from("ab1_, .!\n\t字Ω👍\u200b"), max_size=30))
def test_words_without_marks(text: str) -> None:
    """As saved transducers read them."""
    assert split_text(text, "word") == re.findall(r" ?\w+| ?[^\w\s]|\s", f" {text}")


@given(st.text("abc字", max_size=7), st.text("abc字", max_size=7))
def test_edits(first: str, second: str) -> None:
    table = [list(range(len(second) + 1))]
    for i, a in enumerate(first, start=1):
        row = [i]
        for j, b in enumerate(second, start=1):
            row.append(min(table[-1][j] + 1, row[-1] + 1, table[-1][j - 1] + (a != b)))
        table.append(row)
    (example,) = pair_examples(spacy.blank("en"), [("x", second)])
    example.predicted._.transduced = first
    assert score_transductions([example])["transduced_cer"] == (table[-1][-1] / len(second) if second else None)


def test_scores() -> None:
    nlp = spacy.blank("en")
    examples = pair_examples(nlp, [("x", "abcd"), ("y", "efgh"), ("z", "i")])
    for example, written in zip(examples, ["abcd", "efxh", None]):
        example.predicted._.transduced = written
    examples[2].reference._.transduced = None
    scores = score_transductions(examples)
    assert scores["transduced_acc"] == 0.5 and scores["transduced_cer"] == 1 / 8
    assert 0.0 < scores["transduced_chrf"] < 1.0
    assert score_transductions([]) == {} == score_transductions(examples[2:])


def test_scores_without_sacrebleu(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "sacrebleu", None)
    examples = pair_examples(spacy.blank("en"), [("x", "a")])
    assert score_transductions(examples) == {"transduced_acc": 0.0, "transduced_cer": 1.0}


def test_vocabulary_is_limited() -> None:
    nlp = transducer_nlp("word", min_count=2, max_symbols=3)
    nlp.initialize(lambda: pair_examples(nlp, WORDS))
    assert transducer(nlp).labels == (" ein", " hund")
    assert transducer(nlp).label_data["read"] == [" a", " dog", " red"]


def test_labels_from_outside(nlp: Language) -> None:
    other = transducer_nlp()
    transducer(other).initialize(lambda: pair_examples(other, CHARS[:1]), labels=transducer(nlp).label_data)
    assert transducer(other).label_data == transducer(nlp).label_data
    with pytest.raises(ValueError, match="R173"):
        transducer(other).initialize(lambda: pair_examples(other, CHARS), labels={"read": []})


def test_rehearsal(nlp: Language) -> None:
    fresh = transducer_nlp().from_bytes(nlp.to_bytes())
    assert transducer(fresh).rehearse(pair_examples(fresh, CHARS)) == {"rnn_transducer": 0.0}
    optimizer = fresh.resume_training()
    losses: Dict[str, float] = {}
    fresh.rehearse(pair_examples(fresh, CHARS), sgd=optimizer, losses=losses)
    assert losses["rnn_transducer"] > 0.0


def test_nothing_to_learn_from() -> None:
    nlp = transducer_nlp()
    bare = Example(nlp.make_doc("a"), nlp.make_doc("a"))
    with pytest.raises(ValueError, match="R174"):
        nlp.initialize(lambda: [bare])
    nlp.initialize(lambda: pair_examples(nlp, CHARS))
    empty = Example(Doc(nlp.vocab), Doc(nlp.vocab))
    assert transducer(nlp).update([bare, empty]) == {"rnn_transducer": 0.0}
    with pytest.raises(ValueError, match="R172"):
        transducer_nlp()("a")


@pytest.mark.parametrize(
    "settings",
    [{"beams": 0}, {"length_penalty": -1.0}, {"alternatives": -1}, {"max_extra": 0}, {"max_read": 0}, {"unit": "byte"}],
    ids=str,
)
def test_bad_settings(settings: Dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="R00[15]|unit"):
        transducer_nlp(**settings)
