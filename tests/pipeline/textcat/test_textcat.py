"""`rnn_textcat` and `rnn_textcat_multilabel`: learning by heart, saving, unknown categories, labels."""

from pathlib import Path
from typing import Any, Dict, List

import pytest
import spacy
from hypothesis import given
from hypothesis import strategies as st
from thinc.api import Adam, fix_random_seed

from ...helpers import ODD_TEXTS, component, torch_shims
from ..texts import (
    BAG_OF_WORDS,
    BOTH,
    CATS,
    NAMES,
    POLARITY,
    TEXTS,
    best,
    close,
    make_texts,
    read_cats,
    textcat_nlp,
    train_texts,
    trained_textcat,
)


@pytest.fixture(scope="module")
def trained() -> Dict[bool, Any]:
    fix_random_seed(0)
    return {exclusive: trained_textcat(exclusive) for exclusive in (True, False)}


@BOTH
def test_overfits_by_word_order(exclusive: bool) -> None:
    """The first two texts have the same words, so that no bag of words tells them apart."""
    nlp = textcat_nlp(exclusive)
    losses = train_texts(nlp, 60)
    assert losses[-1] < 0.05 * losses[0]
    assert best(nlp) == POLARITY
    bag = spacy.blank("xx")
    bag.add_pipe("textcat", config={"model": BAG_OF_WORDS})
    train_texts(bag, 20)
    first, second = read_cats(bag, TEXTS[:2])
    assert first == second


def test_characters_of_the_whole_text() -> None:
    embed = {"@architectures": "spacy-rnn.TextEmbed.v1", "unit": "char", "width": 8, "rows": 100}
    encode = {"@architectures": "spacy-rnn.RNN.v1", "width": 16, "precision": "fp32"}
    tok2vec = {"@architectures": "spacy-rnn.RNNEncoder.v1", "embed": embed, "encode": encode}
    nlp = textcat_nlp(model={"tok2vec": tok2vec, "pooling": ["last"]})
    names = ["Abel", "Lebba", "Adeb", "Bedda"]
    train_texts(nlp, 80, examples=make_texts(nlp, names))
    assert best(nlp, names) == POLARITY
    # An unknown letter, a blank, several words, a very long name: all have an answer.
    for cats in read_cats(nlp, ["Жbel", " ", "Abel Adeb", "ab" * 3000, ""]):
        assert sum(cats.values()) == pytest.approx(1.0, abs=1e-5)


@BOTH
@given(texts=st.lists(st.sampled_from([*TEXTS, "", " ", "x " * 70, *ODD_TEXTS]), min_size=1, max_size=6))
def test_batch_equals_one_by_one(trained: Dict[bool, Any], exclusive: bool, texts: List[str]) -> None:
    """An empty document has the same answer alone as beside others."""
    nlp = trained[exclusive]
    alone = [nlp(text).cats for text in texts]
    assert close(read_cats(nlp, texts, batch_size=3), alone)
    assert close(read_cats(nlp, texts, batch_size=100), alone)
    assert read_cats(nlp, texts) == read_cats(nlp, texts)
    for cats in alone:
        assert list(cats) == list(CATS[0])
        assert all(0.0 <= value <= 1.0 for value in cats.values())


@BOTH
def test_empty_documents_teach_nothing_and_stop_nothing(exclusive: bool) -> None:
    nlp = textcat_nlp(exclusive)
    train_texts(nlp, 2)
    before = component(nlp, NAMES[exclusive]).model.to_bytes()
    empty = make_texts(nlp, ["", ""])
    assert nlp.update(empty, sgd=Adam(0.1)) == {NAMES[exclusive]: 0.0}
    assert component(nlp, NAMES[exclusive]).model.to_bytes() == before
    assert nlp.update([*empty, *make_texts(nlp)], sgd=Adam(0.1))[NAMES[exclusive]] > 0.0
    assert list(nlp.pipe([])) == []


@BOTH
def test_saved_and_loaded(exclusive: bool, trained: Dict[bool, Any], tmp_path: Path) -> None:
    nlp = trained[exclusive]
    nlp.to_disk(tmp_path)
    assert close(read_cats(spacy.load(tmp_path)), read_cats(nlp), 1e-7)
    assert close(read_cats(textcat_nlp(exclusive).from_bytes(nlp.to_bytes())), read_cats(nlp), 1e-7)
    # What the config says at loading is in force; what training found out is kept.
    name = NAMES[exclusive]
    settings = {"threshold": 0.75, "label_smoothing": 0.1, "class_weights": "balanced"}
    loaded = component(spacy.load(tmp_path, config={"components": {name: settings}}), name)
    assert {key: loaded.cfg[key] for key in settings} == settings
    assert loaded.labels == component(nlp, name).labels
    with pytest.raises(ValueError, match="R107.*class_weights"):
        loaded.update(make_texts(nlp))


# ---- unknown categories


def frozen_weights(nlp: Any) -> List[Any]:
    return [p.detach().clone() for shim in torch_shims(nlp.pipeline[-1][1].model) for p in shim.module.parameters()]


@BOTH
def test_unknown_categories_do_not_count(exclusive: bool) -> None:
    nlp = textcat_nlp(exclusive)
    train_texts(nlp, 5)
    before = frozen_weights(nlp)
    loss = nlp.update(make_texts(nlp, cats=[{}] * 4), sgd=Adam(0.1))[NAMES[exclusive]]
    assert loss == 0.0
    assert all((old == new).all() for old, new in zip(before, frozen_weights(nlp)))


def test_an_unknown_category_keeps_its_probability() -> None:
    """Of any number of categories, the one that nobody mentions is not pushed to 0."""
    nlp = textcat_nlp(False)
    known = [{"positive": 1.0, "other": 1.0}, {"positive": 0.0, "other": 1.0}, {"positive": 1.0}, {"positive": 0.0}]
    train_texts(nlp, 40, examples=make_texts(nlp, cats=known))
    cats = read_cats(nlp)
    assert all(own["other"] > 0.9 for own in cats)
    assert [own["positive"] > 0.5 for own in cats] == [True, False, True, False]


def test_what_a_text_is_not_teaches_as_well() -> None:
    """Exactly one of three categories: to know that it is not two of them is to know the third."""
    nlp = textcat_nlp()
    labels = ["a", "b", "c"]
    cats = [{own: 0.0 for own in labels if own != right} for right in ("a", "b", "c", "a")]
    train_texts(nlp, 60, examples=make_texts(nlp, cats=cats))
    assert best(nlp) == ["a", "b", "c", "a"]


# ---- labels


@BOTH
def test_label_added_after_training(exclusive: bool) -> None:
    nlp = trained_textcat(exclusive)
    pipe = component(nlp, NAMES[exclusive])
    before = read_cats(nlp)
    assert pipe.add_label("neutral") == 1
    assert pipe.add_label("neutral") == 0
    after = read_cats(nlp)
    for old, new in zip(before, after):
        assert list(new) == [*old, "neutral"]
        assert new["negative"] / new["positive"] == pytest.approx(old["negative"] / old["positive"], rel=1e-3)
    assert close(read_cats(textcat_nlp(exclusive).from_bytes(nlp.to_bytes())), after, 1e-7)
    # And it is learned, beside what was known.
    optimizer = nlp.resume_training()
    optimizer.learn_rate = 0.02
    texts = [*TEXTS, "so so"]
    cats = [{**own, "neutral": 0.0} for own in CATS] + [{"negative": 0.0, "positive": 0.0, "neutral": 1.0}]
    for _ in range(40):
        nlp.update(make_texts(nlp, texts, cats), sgd=optimizer)
    assert best(nlp, texts) == [*POLARITY, "neutral"]
    # The teacher of rehearsal knows only the old categories.
    assert nlp.rehearse(make_texts(nlp), sgd=optimizer)[NAMES[exclusive]] >= 0.0


@BOTH
def test_labels_are_given_or_collected(exclusive: bool) -> None:
    nlp = textcat_nlp(exclusive)
    pipe = component(nlp, NAMES[exclusive])
    pipe.initialize(lambda: make_texts(nlp), nlp=nlp, labels=["positive", "negative", "other"])
    assert pipe.labels == ("positive", "negative", "other") == tuple(pipe.label_data)
    assert list(nlp("x").cats) == ["positive", "negative", "other"]
    again = textcat_nlp(exclusive)
    train_texts(again, 1)
    assert component(again, NAMES[exclusive]).labels == ("negative", "positive")


@BOTH
def test_initialized_twice(exclusive: bool) -> None:
    """With other labels and other data, from new weights, which a seed repeats."""
    nlp = trained_textcat(exclusive, 3)
    fix_random_seed(1)
    nlp.initialize(lambda: make_texts(nlp, cats=[{**own, "more": 0.0} for own in CATS]))
    first = component(nlp, NAMES[exclusive]).model.to_bytes()
    assert list(nlp("x").cats) == ["negative", "positive", "more"]
    fix_random_seed(1)
    nlp.initialize(lambda: make_texts(nlp))
    assert component(nlp, NAMES[exclusive]).model.to_bytes() == first


@BOTH
def test_component_without_labels_says_so(exclusive: bool) -> None:
    with pytest.raises(ValueError, match=f"R016.*{NAMES[exclusive]}"):
        textcat_nlp(exclusive)("a text")


def test_positive_label_is_scored() -> None:
    nlp = textcat_nlp()
    examples = make_texts(nlp)
    nlp.config["initialize"]["components"]["rnn_textcat"] = {"positive_label": "positive"}
    nlp.initialize(lambda: examples)
    scores = nlp.evaluate(make_texts(nlp))
    assert scores["cats_score_desc"] == "F (positive)"
    assert scores["cats_score"] == scores["cats_f_per_type"]["positive"]["f"]
    with pytest.raises(ValueError, match="E920"):
        component(nlp, "rnn_textcat").initialize(lambda: examples, nlp=nlp, positive_label="good")


def test_two_categories_at_once_are_refused_where_one_applies() -> None:
    nlp = textcat_nlp()
    with pytest.raises(ValueError, match="E895"):
        train_texts(nlp, 1, examples=make_texts(nlp, cats=[{"a": 1.0, "b": 1.0}] * 4))


def test_threshold_decides_what_counts_as_predicted() -> None:
    scores = []
    for threshold in (0.0, 1.0):
        nlp = textcat_nlp(False, threshold=threshold)
        train_texts(nlp, 1)
        scores.append(nlp.evaluate(make_texts(nlp)))
    assert scores[0]["cats_macro_f"] == pytest.approx(2 / 3)  # everything
    assert scores[1]["cats_macro_f"] == 0.0  # nothing
