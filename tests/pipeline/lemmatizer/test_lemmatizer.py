"""The lemmatizer as a component: what it learns, what it never does, and spaCy's conventions."""

import pickle
from pathlib import Path
from typing import Any, Dict, List, Tuple

import numpy as np
import pytest
import spacy
import srsly
from hypothesis import given
from hypothesis import strategies as st
from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example
from spacy.util import load_model_from_config
from thinc.api import Config, fix_random_seed

from spacy_rnn.pipeline.annotate import ATTRS
from spacy_rnn.pipeline.lemmatizer.examples import find_words
from spacy_rnn.pipeline.lemmatizer.table import TaggedWord

from ...helpers import ODD_TEXTS, encoder_config, train
from .lemmas import (
    SENTENCES,
    lemma_examples,
    lemmas,
    lemmatizer,
    lemmatizer_nlp,
    sentence,
    tagged_doc,
    trained_lemmatizer,
)

UNSEEN = [word for stem in ("milk", "park", "rock") for word in sentence(stem, "Nantes")]


@pytest.fixture(scope="module")
def nlp() -> Language:
    return trained_lemmatizer(120)


def test_learns_seen_and_unseen_words(nlp: Language) -> None:
    """The same form has another lemma with another part of speech."""
    for words in (*SENTENCES[:3], UNSEEN):
        assert lemmas(nlp, [(form, pos) for form, pos, _ in words]) == [lemma for *_, lemma in words]
    assert nlp.evaluate(lemma_examples(nlp))["lemma_acc"] == 1.0


def test_capitals_do_not_hide_a_word(nlp: Language) -> None:
    assert lemmas(nlp, [("WALKED", "VERB"), ("THE", "DET"), ("Walked", "ADJ")]) == ["walk", "the", "walked"]


def test_network_alone_knows_what_it_was_shown(nlp: Language) -> None:
    alone = spacy.blank("en")
    pipe: Any = alone.add_pipe("rnn_lemmatizer", config={**_config(nlp), "dictionary": False})
    pipe.from_bytes(nlp.get_pipe("rnn_lemmatizer").to_bytes())  # type: ignore[attr-defined]
    assert not pipe.cfg["dictionary"]
    scores = alone.evaluate(lemma_examples(alone))
    assert scores["lemma_acc"] > 0.95


def _config(nlp: Language) -> Dict[str, Any]:
    return {name: value for name, value in nlp.get_pipe_config("rnn_lemmatizer").items() if name != "factory"}


def test_saved_and_loaded(nlp: Language, tmp_path: Path) -> None:
    words = [(form, pos) for form, pos, _ in UNSEEN]
    nlp.to_disk(tmp_path)
    for other in (
        spacy.load(tmp_path),
        lemmatizer_nlp().from_bytes(nlp.to_bytes()),
        pickle.loads(pickle.dumps(nlp)),
    ):
        assert lemmas(other, words) == lemmas(nlp, words)
        assert lemmatizer(other).label_data == lemmatizer(nlp).label_data
    changed = spacy.load(tmp_path, config={"components": {"rnn_lemmatizer": {"overwrite": False}}})
    assert not lemmatizer(changed).cfg["overwrite"] and lemmatizer(changed).labels


@pytest.mark.parametrize("text", ODD_TEXTS, ids=range(len(ODD_TEXTS)))
def test_odd_texts(nlp: Language, text: str) -> None:
    for token in nlp(text):
        assert token.lemma_ and len(token.lemma_) <= max(40, len(token)) + 10
        assert not token.is_space or token.lemma_ == token.text


@given(
    st.lists(st.text(min_size=1, max_size=12), min_size=1, max_size=4), st.sampled_from(["NOUN", "VERB", "PROPN", ""])
)
def test_no_symbol_comes_from_nowhere(nlp: Language, words: List[str], pos: str) -> None:
    """Every character of a lemma is one of the alphabet or of the form, in one case or the other; and it ends."""
    known = set("".join(lemmatizer(nlp).labels))
    for word in (TaggedWord(form, pos) for form in words):
        (lemma,) = lemmatizer(nlp).lemmatize([word])
        assert 0 < len(lemma) <= len(word.form) + 20
        own = {*word.form, *word.form.lower(), *word.form.upper()}
        assert {*lemma} <= own | known | {letter.upper() for letter in known}


@pytest.mark.parametrize("form", ["👍🏽", "2024", "3.14", "x-ray", "-", "Ωμέγα", "字"])
def test_what_has_no_other_form_stays(nlp: Language, form: str) -> None:
    """Names of any script keep digits, hyphens, emoji and letters that training never showed."""
    assert lemmas(nlp, [(form, "PROPN")]) == [form]


def test_batches_order_and_processes(nlp: Language) -> None:
    docs = [[(form, pos) for form, pos, _ in words] for words in (*SENTENCES[:4], UNSEEN, [])]
    alone = [lemmas(nlp, words) for words in docs]
    fresh = lemmatizer_nlp().from_bytes(nlp.to_bytes())
    for size in (1, 2, 10):
        found = fresh.pipe([tagged_doc(fresh, words) for words in docs], batch_size=size)
        assert [[token.lemma_ for token in doc] for doc in found] == alone
    forked = fresh.pipe([tagged_doc(fresh, words) for words in docs], n_process=2, batch_size=2)
    assert [[token.lemma_ for token in doc] for doc in forked] == alone


def test_empty_documents(nlp: Language) -> None:
    assert not len(nlp(""))
    pipe = lemmatizer(nlp)
    assert [len(doc) for doc in nlp.pipe(["", "a", ""])] == [0, 1, 0]
    assert pipe.update([Example(Doc(nlp.vocab), Doc(nlp.vocab))]) == {"rnn_lemmatizer": 0.0}


@pytest.mark.parametrize(("overwrite", "expected"), [(True, "walk"), (False, "kept")])
def test_overwrite(overwrite: bool, expected: str) -> None:
    nlp = lemmatizer_nlp(overwrite=overwrite)
    nlp.initialize(lambda: lemma_examples(nlp))
    doc = tagged_doc(nlp, [("walked", "VERB"), ("The", "DET")])
    doc[0].lemma_ = "kept"
    assert [token.lemma_ for token in nlp(doc)] == [expected, "the"]


def test_works_without_tags_in_a_memory_zone(nlp: Language) -> None:
    fresh = lemmatizer_nlp().from_bytes(nlp.to_bytes())
    for _ in range(2):
        with fresh.memory_zone():
            assert [token.lemma_ for token in fresh("The walks xyzzied")][:2] == ["the", "walk"]


def test_in_a_pipeline_with_another_vocabulary(nlp: Language) -> None:
    other = spacy.blank("en")
    other.add_pipe("rnn_lemmatizer", source=nlp)
    words = [("zyxwvutsed", "VERB"), ("Quuxed", "ADJ")]
    assert lemmas(other, words) == lemmas(nlp, words)


def test_cache_follows_the_weights(nlp: Language) -> None:
    """Lemmas that were kept are dropped when training goes on, and the cache stays within its size."""
    fresh = lemmatizer_nlp(cache_size=3).from_bytes(nlp.to_bytes())
    words = [(form, pos) for form, pos, _ in UNSEEN]
    before = lemmas(fresh, words)
    assert len(lemmatizer(fresh)._cache) <= 3
    for name, parameter in lemmatizer(fresh).model.shims[0].module.named_parameters():  # type: ignore[attr-defined]
        if name.startswith("decide"):
            parameter.data.zero_()
            parameter.data += parameter.data.new_tensor([0.0, 9.0, 0.0, 0.0, 0.0]).view(5, *[1] * (parameter.dim() - 1))
    lemmatizer(fresh).model.shims[0].mark_changed()  # type: ignore[attr-defined]
    after = lemmas(fresh, words)
    assert before != after


def test_missing_lemmas_and_alignment(nlp: Language) -> None:
    """Tokens without a lemma, tokens that are two gold tokens, and lemmas that could not be given do not count."""
    other = lemmatizer_nlp()
    words, lengthy = ["don", "'t", "walks", "w"], "walk" + "y" * 30
    gold = Doc(other.vocab, words=words, spaces=[False, True, True, False], lemmas=["do", "not", "", lengthy])
    example = Example(Doc(other.vocab, words=["don't", "walks", "w"]), gold)
    with pytest.raises(ValueError, match="R171"):
        other.initialize(lambda: [example])
    other.initialize(lambda: [example, *lemma_examples(other)])
    assert lemmatizer(other).table.find(TaggedWord("don't")) is None
    assert lemmatizer(other).update([example]) == {"rnn_lemmatizer": 0.0}


def test_frozen_and_annotating(nlp: Language) -> None:
    """A frozen lemmatizer does not change, and what comes before it can predict the tags that it learns from."""
    weights = lemmatizer(nlp).to_bytes()
    nlp.update(lemma_examples(nlp), exclude=["rnn_lemmatizer"], sgd=nlp.create_optimizer())
    assert lemmatizer(nlp).to_bytes() == weights

    other = spacy.blank("en")
    Language.component("guess_tags", func=_guess_tags)
    other.add_pipe("guess_tags")
    other.add_pipe("rnn_lemmatizer", config={**_config(nlp), "train_on": "predicted"})
    examples = [Example(other.make_doc(example.text), example.reference) for example in lemma_examples(other)]
    train(other, examples, 3, rate=0.01, annotates=["guess_tags"])
    guessed = [Example(_guess_tags(example.predicted), example.reference) for example in examples]
    pairs = find_words(guessed, ATTRS, "predicted", max_extra=10)
    assert {found.word.pos for found in pairs} == {"VERB", "NOUN"}


def _guess_tags(doc: Doc) -> Doc:
    for token in doc:
        token.pos_ = "VERB" if token.text.endswith("ed") else "NOUN"
    return doc


def test_rehearsal_keeps_what_was_known(nlp: Language) -> None:
    fresh = lemmatizer_nlp().from_bytes(nlp.to_bytes())
    assert lemmatizer(fresh).rehearse(lemma_examples(fresh)) == {"rnn_lemmatizer": 0.0}
    optimizer = fresh.resume_training()
    losses: Dict[str, float] = {}
    fresh.rehearse(lemma_examples(fresh), sgd=optimizer, losses=losses)
    assert losses["rnn_lemmatizer"] > 0.0


def test_labels_from_a_file(nlp: Language, tmp_path: Path) -> None:
    """As `spacy init labels` writes them and a config names them."""
    path = tmp_path / "labels.json"
    srsly.write_json(path, lemmatizer(nlp).label_data)
    config = Config(lemmatizer_nlp().config)
    config["initialize"]["components"] = {
        "rnn_lemmatizer": {"labels": {"@readers": "spacy.read_labels.v1", "path": str(path)}}
    }
    loaded = load_model_from_config(config)
    loaded.initialize(lambda: lemma_examples(loaded)[:1])
    assert lemmatizer(loaded).label_data == lemmatizer(nlp).label_data
    with pytest.raises(ValueError, match="R173"):
        lemmatizer(loaded).initialize(lambda: lemma_examples(loaded), labels={"read": []})


def test_seed_repeats_training() -> None:
    found = []
    for _ in range(2):
        found.append(lemmatizer(trained_lemmatizer(3)).to_bytes())
    assert found[0] == found[1]


def test_not_initialized() -> None:
    with pytest.raises(ValueError, match="R172"):
        lemmatizer_nlp()("a")


@pytest.mark.parametrize(
    "settings",
    [
        {"attrs": ["lemma"]},
        {"train_on": "both"},
        {"beams": 0},
        {"max_chars": 0},
        {"max_extra": -1},
        {"cache_size": -1},
        {"attr_dropout": 1.0},
        {"model": {"attention": "none"}},
        {"model": {"hidden": 31}},
        {"model": {"scheduled_sampling": -0.1}},
    ],
    ids=str,
)
def test_bad_settings(settings: Dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"R00[156]|R170|train_on"):
        lemmatizer_nlp(**settings)


def test_loss_that_is_not_a_number(nlp: Language) -> None:
    scores: Any = np.full((1, 2), np.nan, dtype="f")
    with pytest.raises(ValueError, match="R013"):
        lemmatizer(nlp).get_loss([], scores)


AMBIGUOUS: List[Tuple[str, str, str]] = [
    ("he", "he", "see"),
    ("she", "she", "see"),
    ("the", "the", "saw"),
    ("a", "a", "saw"),
]


def contextual(**settings: Any) -> Language:
    """A lemmatizer without tags that looks at the words around; "saw" has one lemma after pronouns and another after
    articles."""
    model = {"tok2vec": encoder_config(width=16)}
    return lemmatizer_nlp(attrs=[], model=model, attr_dropout=0.0, **settings)


def ambiguous_examples(nlp: Language) -> List[Example]:
    sentences = [[(form, "", lemma), ("saw", "", of_saw), ("it", "", "it")] for form, lemma, of_saw in AMBIGUOUS]
    return lemma_examples(nlp, sentences)


def test_context_tells_lemmas_apart(tmp_path: Path) -> None:
    """What a dictionary cannot; batches, copies and saved pipelines say the same."""
    nlp = contextual()
    fix_random_seed(0)
    train(nlp, ambiguous_examples(nlp), 150, rate=0.01)
    texts = [f"{form} saw it" for form, _, _ in AMBIGUOUS]
    expected = [[lemma, of_saw, "it"] for _, lemma, of_saw in AMBIGUOUS]
    assert [[token.lemma_ for token in doc] for doc in nlp.pipe(texts)] == expected
    assert [[token.lemma_ for token in nlp(text)] for text in texts] == expected
    mixed = [*texts, "", "it", *texts]
    assert [[token.lemma_ for token in doc] for doc in nlp.pipe(mixed, batch_size=3)][-4:] == expected
    nlp.to_disk(tmp_path)
    loaded = spacy.load(tmp_path)
    assert [[token.lemma_ for token in doc] for doc in loaded.pipe(texts)] == expected
    taught = nlp.resume_training()
    losses = nlp.rehearse(ambiguous_examples(nlp), sgd=taught)
    assert 0 < losses["rnn_lemmatizer"] < 1


def test_context_from_a_shared_encoder() -> None:
    """A listener learns, and so does the encoder behind it."""
    nlp = spacy.blank("en")
    nlp.add_pipe("tok2vec", config={"model": encoder_config(width=16)})
    listener = {"@architectures": "spacy.Tok2VecListener.v1", "width": 16, "upstream": "*"}
    network = {"@architectures": "spacy-rnn.Lemmatizer.v1", "width": 16, "hidden": 32, "tok2vec": listener}
    nlp.add_pipe("rnn_lemmatizer", config={"model": network, "attrs": [], "attr_dropout": 0.0})
    fix_random_seed(0)
    examples = ambiguous_examples(nlp)
    optimizer = nlp.initialize(lambda: examples)
    before = nlp.get_pipe("tok2vec").to_bytes()  # type: ignore[attr-defined]
    for _ in range(80):
        optimizer.learn_rate = 0.01
        nlp.update(examples, sgd=optimizer)
    assert nlp.get_pipe("tok2vec").to_bytes() != before  # type: ignore[attr-defined]
    for form, _, of_saw in AMBIGUOUS:
        assert nlp(f"{form} saw it")[1].lemma_ == of_saw
    nlp.replace_listeners("tok2vec", "rnn_lemmatizer", ["model.tok2vec"])
    assert nlp("the saw")[1].lemma_ == "saw"
