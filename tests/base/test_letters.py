"""Characters that belong to the one before them, and lower case."""

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from spacy_rnn.base.letters import ATTACHED, JOINER, is_attached, lower, mark_attached


@given(st.text(max_size=8))
def test_lengths_are_kept(text: str) -> None:
    marked = mark_attached(text)
    assert len(marked) == len(text) == len(lower(text))
    assert all(a == b or b == ATTACHED for a, b in zip(text, marked))


def test_what_belongs_to_the_character_before() -> None:
    marks = [char for char in map(chr, range(0x11000)) if unicodedata.category(char) in ("Mn", "Mc", "Me")]
    assert all(map(is_attached, [*marks, JOINER, "\u200c", "\u00ad", "\u2060"]))
    assert not any(map(is_attached, "aß字1_,. \n\u00a0\u200b👍"))


def test_letters_whose_lower_case_is_longer_stay() -> None:
    assert lower("İSTANBUL") == "İstanbul" and lower("ΟΔΟΣ") == "οδος"
