"""Sentences that are read as documents."""

import random
from pathlib import Path
from typing import List

import pytest
import spacy
from hypothesis import given
from hypothesis import strategies as st
from spacy.tokens import Doc, DocBin

from spacy_rnn.data.joined import build_joined_corpus_v1, join_sentences
from spacy_rnn.data.noise import build_noise_v1
from spacy_rnn.errors import CorpusError, SettingError

from ..helpers import VOCAB


def sentence(number: int, size: int = 3) -> Doc:
    heads = [min(1, size - 1)] * size
    words = [f"w{number}-{i}" for i in range(size)]
    spaces = [i % 3 != 1 for i in range(size)]
    return Doc(VOCAB, words=words, spaces=spaces, heads=heads, deps=["dep"] * size, tags=[f"T{i}" for i in range(size)])


def write(path: Path, docs: List[Doc]) -> Path:
    DocBin(docs=docs).to_disk(path)
    return path


@given(st.lists(st.integers(1, 5), min_size=1, max_size=5))
def test_everything_is_joined(sizes: List[int]) -> None:
    docs = [sentence(i, size) for i, size in enumerate(sizes)]
    joined = join_sentences(docs)
    assert [sent.text for sent in joined.sents] == [doc.text.strip() for doc in docs]
    assert [(t.text, t.tag_, t.dep_, t.head.text) for t in joined] == [
        (t.text, t.tag_, t.dep_, t.head.text) for doc in docs for t in doc
    ]


@pytest.mark.parametrize("gold_words", [True, False])
def test_reads_in_order(tmp_path: Path, gold_words: bool) -> None:
    nlp, path = spacy.blank("xx"), write(tmp_path / "x.spacy", [sentence(i) for i in range(7)])
    examples = list(build_joined_corpus_v1(path, sentences=3, gold_words=gold_words)(nlp))
    assert [len(list(example.reference.sents)) for example in examples] == [3, 3, 1]
    assert [t.text for example in examples for t in example.reference] == [
        t.text for i in range(7) for t in sentence(i)
    ]
    for example in examples:
        assert example.predicted.text == example.reference.text and not example.predicted.has_annotation("SENT_START")
        same = [t.text for t in example.predicted] == [t.text for t in example.reference]
        assert same == gold_words  # the tokenizer splits at the hyphen


def test_any_number_of_sentences(tmp_path: Path) -> None:
    nlp, path = spacy.blank("xx"), write(tmp_path / "x.spacy", [sentence(i, 1) for i in range(200)])
    read = build_joined_corpus_v1(path, sentences=4, varied=True)
    sizes = []
    for _ in range(2):
        random.seed(1)
        sizes.append([len(list(example.reference.sents)) for example in read(nlp)])
    assert sizes[0] == sizes[1] and set(sizes[0][:-1]) == {1, 2, 3, 4} and sum(sizes[0]) == 200


def test_noise(tmp_path: Path) -> None:
    nlp, path = spacy.blank("xx"), write(tmp_path / "x.spacy", [sentence(i) for i in range(4)])
    (example,) = build_joined_corpus_v1(path, augmenter=build_noise_v1(lower=0, upper=1))(nlp)
    assert example.reference.text.isupper() and len(list(example.reference.sents)) == 4


def test_wrong_input(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="sentences"):
        build_joined_corpus_v1(tmp_path, sentences=0)
    (tmp_path / "x.spacy").write_bytes(b"nonsense")
    with pytest.raises(CorpusError, match="D188"):
        list(build_joined_corpus_v1(tmp_path / "x.spacy")(spacy.blank("xx")))
