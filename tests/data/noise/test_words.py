"""Noise in one word."""

import unicodedata
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacy_rnn.data.noise.keyboards import neighbours
from spacy_rnn.data.noise.words import characters, doubled, lowered, slip, uppered, without_diacritics

from ...helpers import ODD_TEXTS, words

LANGUAGES = st.sampled_from(["en", "de", "fr", "tr", "ru", "uk", "hi", "xx"])


@given(words | st.sampled_from([text for text in ODD_TEXTS if text]), LANGUAGES, st.integers())
def test_no_word_is_empty_or_broken(word: str, lang: str, seed: int) -> None:
    for changed in (
        lowered(word, lang),
        uppered(word, lang),
        without_diacritics(word, lang),
        slip(word, lang, Random(seed)),
        doubled(word, Random(seed)),
    ):
        assert changed.encode("utf8")
    assert "".join(characters(word)) == word


@given(words, LANGUAGES)
def test_diacritics_go_once(word: str, lang: str) -> None:
    once = without_diacritics(word, lang)
    assert without_diacritics(once, lang) == once


@pytest.mark.parametrize(
    ("lang", "word", "plain"),
    [
        ("pt", "coração", "coracao"),
        ("pt", unicodedata.normalize("NFD", "avó"), "avo"),
        ("pl", "Łódź", "Lodz"),
        ("da", "smørrebrød", "smorrebrod"),
        ("fr", "Œuvre", "Oeuvre"),
        ("de", "Überfälle", "Ueberfaelle"),
        ("de", unicodedata.normalize("NFD", "Größe"), "Groesse"),
        ("sv", "räksmörgås", "raksmorgas"),
        ("tr", "ışık İstanbul", "isik Istanbul"),
        ("vi", "Đường", "Duong"),
        ("el", "Καλημέρα", "Καλημερα"),
        ("ru", "ёлки мой", "елки мой"),
        ("ru", "за\u0301мок", "замок"),
        ("uk", "Київ", "Київ"),
        ("he", "שָׁלוֹם", "שלום"),
        ("ar", "كَتَبَ أب", "كتب أب"),
        ("hi", "हिन्दी", "हिन्दी"),
        ("th", "ที่นี่", "ที่นี่"),
        ("ja", "がぎぐ", "がぎぐ"),
        ("ko", "한국어", "한국어"),
        ("xx", "\u05b0", "\u05b0"),
        ("xx", "❤️", "❤️"),
    ],
)
def test_diacritics_by_language(lang: str, word: str, plain: str) -> None:
    assert without_diacritics(word, lang) == plain


def test_case_by_language() -> None:
    assert (lowered("IŞIK İZ", "tr"), uppered("ışık iz", "tr")) == ("ışık iz", "IŞIK İZ")
    assert (lowered("INK", "en"), uppered("straße", "de"), lowered("ΟΔΟΣ", "el")) == ("ink", "STRASSE", "οδος")


@pytest.mark.parametrize("word", ["", "a", "is", "I'm", "42", "10:30", "...", "🇧🇷🇧🇷🇧🇷", "👩‍👩‍👧"])
def test_short_words_and_signs_stay(word: str) -> None:
    for seed in range(20):
        assert slip(word, "en", Random(seed)) == word == doubled(word, Random(seed))


def test_slips_are_of_three_kinds() -> None:
    found = {slip("Thus", "en", Random(seed)) for seed in range(2000)}
    assert {"Tuhs", "Thsu", "Ths", "Thu", "Tus"} <= found
    keys = {word for word in found if len(word) == 4} - {"Tuhs", "Thsu"}
    assert keys == {
        *(f"T{key}us" for key in "yugjnb"), *(f"Th{key}s" for key in "yihj"), *(f"Thu{key}" for key in "awedzx"),
    }  # fmt: skip
    assert {word[0] for word in found} == {"T"}
    assert all(slip("THUS", "en", Random(seed)).isupper() for seed in range(100))


def test_slips_of_other_scripts() -> None:
    """Where no key is known, letters are swapped or left out, with their marks."""
    assert {slip("κοτ", "el", Random(seed)) for seed in range(200)} == {"κτο", "κτ", "κο"}
    whole = "n\u0303a\u0301e\u0300"
    assert {slip(whole, "xx", Random(seed)) for seed in range(200)} == {
        "n\u0303e\u0300a\u0301", "n\u0303e\u0300", "n\u0303a\u0301",
    }  # fmt: skip
    assert slip("aaa", "xx", Random(0)) != "aaa"


def test_letters_are_doubled_with_their_marks() -> None:
    found = {doubled("soo\u0301", Random(seed)) for seed in range(200)}
    times, marked = (2, 3, 4), "o\u0301"
    assert found == {f"{'s' * n}o{marked}" for n in times} | {f"s{'o' * n}{marked}" for n in times} | {
        f"so{marked * n}" for n in times
    }


@pytest.mark.parametrize("lang", ["en", "de", "fr", "tr", "ru", "uk", "nb", "xx"])
def test_keys_are_beside_each_other(lang: str) -> None:
    """If one key touches another, that touches it."""
    keys = neighbours(lang)
    assert all(others and letter not in others for letter, others in keys.items())
    assert all(letter in keys[other] for letter, others in keys.items() for other in others)
    assert {"q", "m", "й", "ю"} <= keys.keys()


def test_keyboards_differ() -> None:
    near = {lang: neighbours(lang) for lang in ("en", "de", "fr", "tr", "uk")}
    assert {lang for lang, keys in near.items() if "z" in keys["t"]} == {"de"}
    assert {lang for lang, keys in near.items() if "z" in keys["a"]} == {"en", "tr", "fr", "uk"}
    assert {lang for lang, keys in near.items() if "ş" in keys} == {"tr"}
    assert {lang for lang, keys in near.items() if "ї" in keys} == {"uk"}
