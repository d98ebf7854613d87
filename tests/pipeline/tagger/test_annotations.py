"""What is written to documents: overwriting, extending, whitespace, probabilities."""

from typing import Any, Dict, List, Optional, Tuple

import numpy as np
import pytest
import spacy
from hypothesis import given
from hypothesis import strategies as st
from spacy.morphology import Morphology
from spacy.tokens import Doc

from ...helpers import (
    ODD_TEXTS,
    SENTENCES,
    TEXTS,
    annotations,
    component,
    gold_doc,
    make_examples,
    tag,
    tagger_nlp,
    trained_tagger,
)

FEATURES = {"Case": ["Nom", "Acc"], "Number": ["Sing", "Plur"], "Tense": ["Past"]}
POS = ["NOUN", "VERB"]

feature_sets = st.fixed_dictionaries({}, optional={name: st.sampled_from(vs) for name, vs in FEATURES.items()})
predicted = st.tuples(st.sampled_from(POS), feature_sets)
existing = st.tuples(st.one_of(st.none(), st.sampled_from(POS)), st.one_of(st.none(), feature_sets))


@pytest.fixture(scope="module")
def trained() -> Any:
    return trained_tagger(60)


def fill(doc: Doc, rows: List[Tuple[Optional[str], Optional[Dict[str, str]]]]) -> Doc:
    for token, (pos, features) in zip(doc, rows):
        if pos is not None:
            token.pos_ = pos
        if features is not None:
            token.set_morph(features)  # type: ignore[attr-defined]
    return doc


def read(doc: Doc) -> List[Tuple[str, str, bool]]:
    return [(token.pos_, str(token.morph), token.has_morph()) for token in doc]


@pytest.mark.parametrize("overwrite", [True, False])
@pytest.mark.parametrize("extend", [True, False])
@given(rows=st.lists(st.tuples(existing, predicted), min_size=1, max_size=6))
def test_overwrite_and_extend_as_the_morphologizer(overwrite: bool, extend: bool, rows: List[Any]) -> None:
    """The same predictions over the same annotations leave the same behind."""
    nlp = spacy.blank("xx")
    settings = {"overwrite": overwrite, "extend": extend}
    stock = nlp.add_pipe("morphologizer", config=settings)
    ours = component(tagger_nlp(attrs=["pos", "morph"], **settings))
    ours.vocab = nlp.vocab
    for pos in POS:
        ours.add_label(f"pos={pos}")
    for name, values in FEATURES.items():
        for value in values:
            ours.add_label(f"morph={name}={value}")
    for _, (pos, features) in rows:
        stock.add_label(Morphology.dict_to_feats({**features, "POS": pos}))  # type: ignore[attr-defined]

    words = [f"w{i}" for i in range(len(rows))]
    old = [fill(Doc(nlp.vocab, words=words), [row[0] for row in rows]) for _ in range(2)]
    new = fill(Doc(nlp.vocab, words=words), [row[1] for row in rows])
    labels = [stock.labels.index(Morphology.dict_to_feats({**f, "POS": p})) for _, (p, f) in rows]  # type: ignore
    stock.set_annotations([old[0]], [np.array(labels)])  # type: ignore[attr-defined]
    ours.set_annotations([old[1]], ({attr: new.to_array(attr.upper()) for attr in ("pos", "morph")}, None))
    assert read(old[1]) == read(old[0])


@pytest.mark.parametrize("attrs", [["pos"], ["tag"], ["morph"], ["morph", "pos"], ["tag", "pos"]], ids=str)
def test_only_the_attributes_asked_for(attrs: List[str]) -> None:
    nlp = trained_tagger(40, attrs=attrs)
    doc = nlp(TEXTS[0])
    assert component(nlp).attrs == [attr for attr in ("pos", "tag", "morph") if attr in attrs]
    for attr in ("pos", "tag", "morph"):
        assert doc.has_annotation(attr.upper()) is (attr in attrs)
    gold = gold_doc(nlp, SENTENCES[0])
    for attr in attrs:
        assert doc.to_array(attr.upper()).tolist() == gold.to_array(attr.upper()).tolist()


def test_keeps_annotations_of_others(trained: Any) -> None:
    """A component before it set lemmas, entities and heads."""
    words = [row[0] for row in SENTENCES[0]]
    doc = Doc(trained.vocab, words=words, lemmas=words, heads=[1, 2, 2, 2], deps=["d"] * 4, ents=["O", "B-X", "O", "O"])
    trained.get_pipe("rnn_tagger")(doc)
    assert annotations(doc) == SENTENCES[0]
    assert [token.lemma_ for token in doc] == words
    assert [token.head.i for token in doc] == [1, 2, 2, 2]
    assert [(ent.text, ent.label_) for ent in doc.ents] == [("cats", "X")]


def test_whitespace_tokens(trained: Any) -> None:
    doc = trained("A  dog \n\n barked")
    spaces = [token for token in doc if token.is_space]
    assert len(spaces) == 2
    assert {(token.pos_, token.tag_, str(token.morph)) for token in spaces} == {("SPACE", "_SP", "")}
    assert doc.has_annotation("MORPH")
    assert all(token.pos_ != "SPACE" for token in doc if not token.is_space)


def test_one_word_texts(trained: Any) -> None:
    """No features is not the same as no annotation."""
    doc = trained("Yes")
    assert annotations(doc) == [("Yes", "INTJ", "UH", "")]
    assert doc[0].has_morph()


@pytest.mark.parametrize("place", range(3))
def test_odd_texts_anywhere_in_a_batch(trained: Any, place: int) -> None:
    alone = {text: tag(trained, [text])[0] for text in [*ODD_TEXTS, *TEXTS]}
    for odd in ODD_TEXTS:
        batch = [*TEXTS[:place], odd, *TEXTS[place:], odd]
        assert tag(trained, batch) == [alone[text] for text in batch]
    assert tag(trained, ODD_TEXTS, batch_size=4) == [alone[text] for text in ODD_TEXTS]
    assert tag(trained, ["", ""]) == [[], []]
    assert all(row[1] for rows in alone.values() for row in rows)


def test_lone_surrogates_never_reach_the_tagger(trained: Any) -> None:
    """spaCy itself refuses them; should that change, this test says so."""
    with pytest.raises(UnicodeEncodeError):
        trained("a\ud800b")


def test_probabilities() -> None:
    nlp = trained_tagger(60, save_scores=True)
    tagger = component(nlp)
    for doc in nlp.pipe([*TEXTS, "unheard-of words", " \n "]):
        scores = doc._.rnn_scores
        features = tagger.label_data["morph"]
        assert set(scores) == {"pos", "tag", "morph", *(f"morph={name}" for name in features)}
        assert scores["pos"].shape == (len(doc), len(tagger.label_data["pos"]))
        assert scores["tag"].shape == (len(doc), len(tagger.label_data["tag"]))
        assert scores["morph"].shape == (len(doc), 1 + len(tagger.label_data["morph_sets"]))
        for name, values in features.items():
            assert scores[f"morph={name}"].shape == (len(doc), 1 + len(values))
        for group in scores.values():
            assert group.dtype == np.float32
            np.testing.assert_allclose(group.sum(axis=1), 1.0, atol=1e-5)
        for i, token in enumerate(doc):
            if not token.is_space:
                assert token.pos_ == tagger.label_data["pos"][scores["pos"][i].argmax()]
                assert token.tag_ == tagger.label_data["tag"][scores["tag"][i].argmax()]


def test_probabilities_of_tokens() -> None:
    """Those of the labels that were predicted; of composed features, the product of their parts."""
    nlp = trained_tagger(60, save_scores=True)
    composed = 0
    for doc in nlp.pipe([*TEXTS, "unheard-of words"]):
        scores = doc._.rnn_scores
        for i, token in enumerate(doc):
            assert token._.pos_prob == pytest.approx(scores["pos"][i].max())
            assert token._.tag_prob == pytest.approx(scores["tag"][i].max())
            expected = scores["morph"][i].max()
            if scores["morph"][i].argmax() == 0:
                composed += 1
                for name in component(nlp).label_data["morph"]:
                    expected *= scores[f"morph={name}"][i].max()
            assert token._.morph_prob == pytest.approx(expected)
    assert composed
    with doc.retokenize() as retokenizer:
        retokenizer.merge(doc[:2])
    assert doc[0]._.pos_prob is doc[0]._.morph_prob is None


def test_two_taggers_keep_the_probabilities_of_both() -> None:
    nlp = trained_tagger(5, save_scores=True, attrs=["pos"])
    other = trained_tagger(5, save_scores=True, attrs=["tag", "morph"])
    nlp.add_pipe("rnn_tagger", source=other, name="second")
    doc = nlp(TEXTS[0])
    assert {"pos", "tag", "morph"} <= set(doc._.rnn_scores)
    assert None not in (doc[0]._.pos_prob, doc[0]._.tag_prob, doc[0]._.morph_prob)
    nlp.remove_pipe("second")
    assert set(nlp(TEXTS[0])._.rnn_scores) == {"pos"} and nlp(TEXTS[0])[0]._.tag_prob is None


def test_probabilities_are_off_by_default(trained: Any) -> None:
    assert "rnn_scores" not in trained(TEXTS[0]).user_data
    assert component(trained).predict([trained.make_doc("a")])[1] is None


def test_empty_document_has_no_probabilities() -> None:
    nlp = trained_tagger(1, save_scores=True)
    assert [len(doc) for doc in nlp.pipe(["", "a", ""])] == [0, 1, 0]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"attrs": ["lemma"]}, "R001.*'lemma'.*pos, tag, morph"),
        ({"attrs": []}, "R001.*or null"),
        ({"label_smoothing": 1.0}, "R005.*label_smoothing"),
    ],
)
def test_settings_that_cannot_work(settings: Dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        tagger_nlp(**settings)


def test_prediction_needs_labels_and_a_model() -> None:
    nlp = tagger_nlp()
    with pytest.raises(ValueError, match="R016.*'rnn_tagger'"):
        nlp("word")
    component(nlp).add_label("pos=NOUN")
    with pytest.raises(ValueError, match="R018"):
        nlp("word")
    assert len(nlp("")) == 0


def test_training_data_must_have_what_is_asked_for() -> None:
    bare: List[Any] = [[("a", "X", None, None)]]
    nlp = tagger_nlp(attrs=["pos", "tag"])
    with pytest.raises(ValueError, match=r"R011.*'rnn_tagger'.*'tag'.*attrs = null"):
        nlp.initialize(lambda: make_examples(nlp, bare))
    nlp = tagger_nlp()
    with pytest.raises(ValueError, match="R012.*'rnn_tagger'.*debug data"):
        nlp.initialize(lambda: make_examples(nlp, [[("a", None, None, None)]]))
    nlp = tagger_nlp()
    nlp.initialize(lambda: make_examples(nlp, bare))
    assert component(nlp).attrs == ["pos"]


def test_missing_attributes_are_named(caplog: pytest.LogCaptureFixture) -> None:
    nlp = tagger_nlp()
    with caplog.at_level("INFO", logger="spacy"):
        spacy.util.logger.addHandler(caplog.handler)
        nlp.initialize(lambda: make_examples(nlp, [[("a", "X", None, "A=B")]]))
        spacy.util.logger.removeHandler(caplog.handler)
    assert "rnn_tagger: the training data has no tag, so only pos and morph will be trained" in caplog.text
