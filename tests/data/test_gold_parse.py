"""A corpus that brings its parses along."""

from pathlib import Path

import pytest
import spacy
from spacy.tokens import Doc, DocBin, Span

from spacy_rnn.data.gold_parse import build_gold_parse_corpus_v1, build_gold_tag_corpus_v1, with_gold_parse

from ..tree_helpers import REVIEWS, parsed_reviews, tree_doc


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    nlp = spacy.blank("en")
    docs = [*parsed_reviews(nlp), tree_doc(nlp, "So it is . Not so", [2, 2, 2, 2, 5, 5])]
    for doc in docs:
        doc.cats, doc[0].tag_ = {"x": 1.0}, "T"
        doc.spans["tree"] = [Span(doc, 0, 1, label="l")]
    DocBin(docs=docs, store_user_data=True).to_disk(tmp_path / "corpus.spacy")
    return tmp_path / "corpus.spacy"


def test_words_and_parse_and_nothing_else(corpus: Path) -> None:
    examples = list(build_gold_parse_corpus_v1(corpus)(spacy.blank("en")))
    assert len(examples) == len(REVIEWS) + 1
    for example in examples:
        x, y = example.predicted, example.reference
        for one, other in zip(x, y):
            assert (one.text, one.whitespace_, one.head.i, one.dep_, one.is_sent_start) == (
                other.text, other.whitespace_, other.head.i, other.dep_, other.is_sent_start,
            )  # fmt: skip
        assert x.has_annotation("DEP") and not x.has_annotation("TAG")
        assert not x.cats and not len(x.spans) and y.cats and len(y.spans)
    assert len(list(examples[-1].predicted.sents)) == 2


def test_limits(corpus: Path) -> None:
    nlp = spacy.blank("en")
    assert len(list(build_gold_parse_corpus_v1(corpus, limit=2)(nlp))) == 2
    assert all(len(example.x) <= 2 for example in build_gold_parse_corpus_v1(corpus, max_length=2)(nlp))


def test_without_a_parse() -> None:
    """The component will say what is missing."""
    doc = Doc(spacy.blank("en").vocab, words=["a", "b"])
    assert not with_gold_parse(doc).predicted.has_annotation("DEP")
    assert len(with_gold_parse(Doc(doc.vocab)).predicted) == 0


def test_words_and_tags_and_nothing_else(corpus: Path) -> None:
    examples = list(build_gold_tag_corpus_v1(corpus, limit=2)(spacy.blank("en")))
    assert len(examples) == 2
    for example in examples:
        x, y = example.predicted, example.reference
        assert [token.text_with_ws for token in x] == [token.text_with_ws for token in y]
        assert [token.tag_ for token in x] == [token.tag_ for token in y] and x[0].tag_ == "T"
        assert y.has_annotation("DEP") and not x.has_annotation("DEP") and not x.cats
