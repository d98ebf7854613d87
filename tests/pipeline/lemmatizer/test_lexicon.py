"""Lemmas of a dictionary, of which the network chooses."""

from pathlib import Path
from typing import Dict, List

import pytest
import spacy
from hypothesis import given
from hypothesis import strategies as st
from spacy.language import Language

from spacy_rnn.base.lexicon import Analysis
from spacy_rnn.base.lexicon_builder import LexiconBuilder
from spacy_rnn.models.lexicon_file import load_lexicon, save_lexicon
from spacy_rnn.models.types import SequenceInput
from spacy_rnn.pipeline.lemmatizer.candidates import find_lemmas, spellings
from spacy_rnn.pipeline.lemmatizer.casing import Casing
from spacy_rnn.pipeline.lemmatizer.table import TaggedWord

from ...helpers import ODD_TEXTS, encoder_config
from .lemmas import lemmas, lemmatizer, lemmatizer_nlp, tagged_doc, trained_lemmatizer

ENTRIES = {
    "geese": ["goose"],
    "went": ["walk"],
    "wolfed": ["wolf", "wolfed"],
    "mice": ["mouse", "mousse"],
    "Oslos": ["Oslo"],
    "odd": ["Ж"],
}
WORDS = [("geese", "NOUN"), ("Went", "VERB"), ("GEESE", "NOUN"), ("wolfed", "ADJ"), ("wolfed", "VERB"), ("mice", "X")]


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> str:
    builder = LexiconBuilder()
    for form, found in ENTRIES.items():
        builder.add(form, [Analysis(lemma, "") for lemma in found])
    file = tmp_path_factory.mktemp("lexicon") / "tiny.lexicon"
    save_lexicon(file, builder.build())
    return str(file)


@pytest.fixture(scope="module")
def nlp(path: str) -> Language:
    return trained_lemmatizer(model={"lexicon": path})


def test_lemmas_are_those_of_the_dictionary(nlp: Language) -> None:
    """The tags decide between several."""
    found = [lemma.lower() for lemma in lemmas(nlp, WORDS)]
    assert found[:5] == ["goose", "walk", "goose", "wolfed", "wolf"]
    assert found[5] in ENTRIES["mice"]


def test_the_choice_is_the_likeliest(nlp: Language) -> None:
    """All spellings are scored one by one."""
    pipe = lemmatizer(nlp)

    def score(word: TaggedWord, lemma: str) -> float:
        found = pipe.model.predict(SequenceInput(*pipe._coder.encode_pairs([word], [lemma])))
        return float(found.sum())

    for form, pos in WORDS:
        scores: Dict[str, float] = {
            lemma: score(TaggedWord(form, pos), lemma) for lemma in spellings(form, ENTRIES[form.lower()], Casing("en"))
        }
        assert lemmas(nlp, [(form, pos)]) == [max(scores, key=scores.__getitem__)]


def test_what_the_network_cannot_write_is_not_chosen(nlp: Language) -> None:
    assert lemmas(nlp, [("odd", "NOUN")]) != ["Ж"]


def test_training_comes_first(nlp: Language) -> None:
    """Words that training showed are looked up there."""
    assert lemmas(nlp, [("walked", "VERB"), ("walked", "ADJ")]) == ["walk", "walked"]


def test_saved_with_the_pipeline(nlp: Language, path: str, tmp_path: Path) -> None:
    nlp.to_disk(tmp_path)
    missing = {"lexicon": "nothing"}
    for loaded in (spacy.load(tmp_path), lemmatizer_nlp(model=missing).from_bytes(nlp.to_bytes())):
        assert lemmas(loaded, WORDS) == lemmas(nlp, WORDS)
    with pytest.raises(ValueError, match="R210"):
        trained_lemmatizer(1, model=missing)


def test_words_in_context(path: str) -> None:
    """A network that reads the context chooses for each word where it stands, whatever is in the batch beside it."""
    nlp = trained_lemmatizer(3, model={"lexicon": path, "tok2vec": encoder_config()})
    docs = [tagged_doc(nlp, words) for words in (WORDS, [("new", "ADJ"), ("mice", "NOUN")], [(" ", "X")], WORDS[:1])]
    alone = [[token.lemma_ for token in nlp(doc.copy())] for doc in docs]
    assert [[token.lemma_ for token in doc] for doc in nlp.pipe(docs)] == alone
    assert alone[1][1].lower() in ENTRIES["mice"] and alone[3][0].lower() == "goose"


def test_odd_words(nlp: Language) -> None:
    """Whatever a form is, it has a lemma."""
    assert all(lemmas(nlp, [(text, "X") for text in ODD_TEXTS if text]))


def test_forms_in_other_cases(path: str) -> None:
    forms = ["Oslos", "oslos", "GEESE", "new", ""]
    found = find_lemmas(forms, load_lexicon(Path(path)), Casing("en"))
    assert found == [["Oslo"], [], ["goose"], [], []]


@given(form=st.text(min_size=1, max_size=5), found=st.lists(st.text(min_size=1, max_size=5), max_size=3))
def test_spellings(form: str, found: List[str]) -> None:
    """They are the lemmas but for their case, and each can be reached."""
    casing = Casing("en")
    lowered = list(map(casing.lower, found))
    for lemma in spellings(form, found, casing):
        assert casing.lower(lemma) in lowered
        assert casing.apply(casing.decide(form, lemma), form, casing.lower(lemma)) == lemma
    assert set(lowered) <= set(spellings(form, found, casing))
