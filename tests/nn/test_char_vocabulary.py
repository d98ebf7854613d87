"""Characters and their ids."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from spacy_rnn.errors import CorpusError
from spacy_rnn.nn.char_vocabulary import SEPARATOR, UNKNOWN, CharVocabulary

from ..lm.helpers import CHARS, tiny_lm


def counted(text: str, size: int) -> CharVocabulary:
    return CharVocabulary.most_frequent(np.bincount([0, *map(ord, text)]), size)


@given(st.text())
def test_known_characters_come_back(text: str) -> None:
    vocabulary = counted(text + "\0", 10_000)
    ids = vocabulary.encode(text)
    assert vocabulary.decode(ids.tolist()) == text
    assert UNKNOWN not in ids


def test_the_most_frequent_characters_are_known() -> None:
    vocabulary = CharVocabulary.most_frequent(np.bincount(list(b"aaabbc\nbd")), 4)
    assert vocabulary.chars == "ab" and vocabulary.n_chars == 4
    assert vocabulary.encode("abc\nd").tolist() == [2, 3, UNKNOWN, SEPARATOR, UNKNOWN]
    assert vocabulary.decode([2, UNKNOWN]) == "a\ufffd"


def test_unknown_label() -> None:
    with pytest.raises(CorpusError, match="D202.*'z'.*x, y"):
        CharVocabulary("ab", ["x", "y"]).label_id("z")


@pytest.mark.parametrize(("char", "known"), [("a", True), ("\n", True), ("Ж", False), ("\x00", False)])
def test_vocabulary_of_a_model(char: str, known: bool) -> None:
    vocabulary = tiny_lm().vocabulary
    assert vocabulary.chars == CHARS
    found = vocabulary.encode_points(np.array([ord(char)], dtype=np.int64))
    assert (found[0] != UNKNOWN) == known


def test_vocabulary_is_built_again_when_the_buffer_changes() -> None:
    model = tiny_lm()
    first = model.vocabulary
    assert model.vocabulary is first
    model.alphabet[2] = ord("Ж")
    second = model.vocabulary
    assert second is not first and second.chars == "Ж" + CHARS[1:] and model.vocabulary is second
    model.load_state_dict(tiny_lm().state_dict())
    assert model.vocabulary.chars == CHARS
    model.alphabet = torch.tensor([0, 10, 65])
    assert model.vocabulary.chars == "A"
