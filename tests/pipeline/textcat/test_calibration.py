"""Temperatures and the expected calibration error."""

from pathlib import Path
from typing import Any, List

import numpy as np
import pytest
import spacy
from hypothesis import given
from hypothesis import strategies as st
from spacy.tokens import DocBin
from spacy.training import Corpus
from spacy.training.initialize import init_nlp
from spacy.training.loop import train
from spacy.util import load_config, registry

from spacy_rnn.base.arrays import activate
from spacy_rnn.pipeline.calibration import calibration_error
from spacy_rnn.pipeline.textcat.calibration import (
    COLDEST,
    HOTTEST,
    at_temperature,
    build_calibrate_v1,
    decisions,
    fit_temperature,
    held_out_errors,
    to_logits,
)
from spacy_rnn.pipeline.textcat.scoring import score_textcat, score_textcat_multilabel

from ...helpers import ROOT, component
from ..texts import BAG_OF_WORDS, BOTH, CATS, NAMES, TEXTS, make_texts, read_cats, train_texts, trained_textcat

CONFIG = ROOT / "project" / "texts" / "configs" / "textcat_sentiment.cfg"


@pytest.mark.parametrize("exclusive", [True, False])
@given(temperature=st.floats(0.3, 5.0), seed=st.integers(0, 99))
def test_temperature_divides_scores(exclusive: bool, temperature: float, seed: int) -> None:
    """Those of a model, and those that are recovered from the probabilities of a model that gives no others."""
    scores = np.random.default_rng(seed).normal(size=(5, 3))
    p = activate(scores, exclusive)
    tempered = at_temperature(scores, temperature, exclusive)
    np.testing.assert_allclose(tempered, activate(scores / temperature, exclusive), atol=1e-5)
    np.testing.assert_allclose(at_temperature(to_logits(p, exclusive), temperature, exclusive), tempered, atol=1e-5)
    assert (tempered.argmax(axis=1) == p.argmax(axis=1)).all()
    assert (at_temperature(scores, 1.0, exclusive) == p).all()


@pytest.mark.parametrize("exclusive", [True, False])
@pytest.mark.parametrize("temperature", [COLDEST, HOTTEST])
def test_certain_predictions_at_the_ends(exclusive: bool, temperature: float) -> None:
    """Scores so far apart that one of the probabilities is 1 count as those probabilities do."""
    scores = np.array([[60.0, -60.0], [0.0, 0.0]], dtype="f")
    p = at_temperature(scores, temperature, exclusive)
    assert np.isfinite(p).all() and p[0, 0] > 0.5 > p[0, 1]
    np.testing.assert_allclose(p[1], 0.5)
    recovered = to_logits(activate(scores, exclusive), exclusive)
    np.testing.assert_allclose(at_temperature(recovered, temperature, exclusive), p, atol=0.005)


@pytest.mark.parametrize("exclusive", [True, False])
@pytest.mark.parametrize("temperature", [0.5, 1.0, 3.0])
def test_fitted_temperature_is_the_one_that_was_applied(exclusive: bool, temperature: float) -> None:
    """Outcomes are drawn with the probabilities at temperature 1; a model that is too sure or not sure enough is put
    right."""
    generator = np.random.default_rng(0)
    scores = generator.normal(size=(20_000, 3), scale=1.5)
    p = activate(scores, exclusive)
    if exclusive:
        truths = np.eye(3)[(p.cumsum(axis=1) < generator.random((len(p), 1))).sum(axis=1)]
    else:
        truths = (generator.random(p.shape) < p).astype(float)
    wrong = activate(scores * temperature, exclusive)
    known = generator.random(p.shape) < 0.7
    known |= (truths > 0) & exclusive
    assert fit_temperature(wrong, truths, known, exclusive) == pytest.approx(temperature, rel=0.05)


@pytest.mark.parametrize("exclusive", [True, False])
@pytest.mark.parametrize("confidence", [0.6, 0.9, 0.999])
@pytest.mark.parametrize("n", [1, 8, 98])
def test_without_errors_the_number_of_texts_bounds_the_certainty(exclusive: bool, confidence: float, n: int) -> None:
    """However sure the model is, n right predictions prove 1 - 1/(n + 2)."""
    truths = np.tile([1.0, 0.0], (n, 1))
    p = np.where(truths > 0, confidence, 1.0 - confidence)
    known = np.ones((n, 2), dtype=bool) if exclusive else truths > 0
    found = at_temperature(to_logits(p, exclusive), fit_temperature(p, truths, known, exclusive), exclusive)
    np.testing.assert_allclose(found[:, 0], 1 - 1 / (n + 2), atol=1e-3)


@pytest.mark.parametrize("exclusive", [True, False])
def test_calibration_error_on_other_data(exclusive: bool) -> None:
    """A model that is far too sure gets better on the half that its temperature was not fitted on."""
    generator = np.random.default_rng(1)
    scores = generator.normal(size=(2_000, 3))
    p = activate(scores, exclusive)
    if exclusive:
        truths = np.eye(3)[(p.cumsum(axis=1) < generator.random((len(p), 1))).sum(axis=1).clip(0, 2)]
    else:
        truths = (generator.random(p.shape) < p).astype(float)
    sure = activate(scores * 4.0, exclusive)
    errors = held_out_errors(sure, truths, np.ones_like(truths, dtype=bool), exclusive)
    assert errors is not None and errors[0] > 0.15 and errors[1] < 0.04
    whole = calibration_error(decisions(sure, truths, np.ones_like(truths), exclusive))
    assert errors[0] == pytest.approx(whole)
    assert held_out_errors(sure[:1], truths[:1], np.ones((1, 3)), exclusive) is None


def test_too_few_errors_are_told(caplog: pytest.LogCaptureFixture) -> None:
    nlp = trained_textcat(steps=60)
    with caplog.at_level("INFO", "spacy"):
        build_calibrate_v1(lambda nlp: make_texts(nlp, TEXTS, CATS))(nlp)
    assert "rnn_textcat: only 0 predictions of the held-out data are wrong" in caplog.text
    assert "rnn_textcat: calibration error" in caplog.text
    n = len(TEXTS)
    assert np.mean([max(cats.values()) for cats in read_cats(nlp)]) < 1 - 0.5 / (n + 2)


@pytest.mark.parametrize("exclusive", [True, False])
def test_nothing_known_leaves_probabilities_alone(exclusive: bool) -> None:
    p = np.full((2, 2), 0.5, dtype="f")
    assert fit_temperature(p, np.zeros((2, 2)), np.zeros((2, 2), dtype=bool), exclusive) == 1.0


@pytest.mark.parametrize(
    ("confidences", "hits", "expected"),
    [
        ([], [], None),
        ([1.0, 1.0], [True, True], 0.0),
        ([1.0, 1.0], [True, False], 0.5),
        ([0.75] * 4, [True, True, True, False], 0.0),
        # Two bins: 0.1 too sure in one, 0.4 too unsure in the other.
        ([0.6] * 2 + [0.1], [True, False, False], (2 * 0.1 + 0.1) / 3),
        ([0.0], [True], 1.0),
    ],
)
def test_calibration_error(confidences: List[float], hits: List[bool], expected: Any) -> None:
    assert calibration_error(list(zip(confidences, hits))) == (None if expected is None else pytest.approx(expected))


def scored(nlp: Any, predicted: List[Any], gold: List[Any], scorer: Any) -> Any:
    examples = make_texts(nlp, ["x"] * len(gold), gold)
    for example, cats in zip(examples, predicted):
        example.predicted.cats = cats
    return scorer(examples, labels=["a", "b"], threshold=0.5)


def test_scores_of_one_category_leave_out_the_unknown() -> None:
    predicted = [{"a": 0.9, "b": 0.1}, {"a": 0.2, "b": 0.8}, {"a": 0.7, "b": 0.3}, {"a": 0.6, "b": 0.4}]
    gold: List[Any] = [{"a": 1.0, "b": 0.0}, {"a": 1.0}, {}, {"a": 0.0}]
    scores = scored(spacy.blank("xx"), predicted, gold, score_textcat)
    assert scores["cats_micro_f"] == 0.5
    assert scores["cats_ece"] == pytest.approx((0.1 + 0.8) / 2)


def test_scores_of_several_categories_leave_out_the_unknown() -> None:
    predicted = [{"a": 0.9, "b": 0.6}, {"a": 0.2, "b": 0.8}]
    scores = scored(spacy.blank("xx"), predicted, [{"a": 1.0}, {"b": 1.0, "a": 0.0}], score_textcat_multilabel)
    assert scores["cats_macro_f"] == 1.0
    assert scores["cats_ece"] == pytest.approx((0.1 + 0.2 + 0.2) / 3)


@BOTH
def test_temperature_of_a_model_that_gives_probabilities_only(exclusive: bool) -> None:
    nlp = spacy.blank("xx")
    pipe: Any = nlp.add_pipe(NAMES[exclusive], config={"model": {**BAG_OF_WORDS, "exclusive_classes": exclusive}})
    train_texts(nlp, 5)
    docs = [nlp.make_doc(text) for text in TEXTS]
    p = pipe.model.predict(docs)
    np.testing.assert_array_equal(pipe.predict(docs), p)
    pipe.cfg["temperature"] = 2.0
    odds = np.sqrt(p) if exclusive else np.sqrt(p / (1 - p))
    np.testing.assert_allclose(pipe.predict(docs), odds / (odds.sum(1, keepdims=True) if exclusive else 1 + odds), 1e-4)


def test_callback_fits_all_categorizers_on_the_corpus() -> None:
    nlp = trained_textcat(steps=60)
    # The corpus contradicts itself, so that no probability should be far from one half.
    turned = [{label: 1.0 - value for label, value in own.items()} for own in CATS]
    calibrate = build_calibrate_v1(lambda nlp: make_texts(nlp, TEXTS * 2, CATS + turned))
    before = read_cats(nlp)
    assert calibrate(nlp) is nlp
    pipe = component(nlp, "rnn_textcat")
    assert pipe.cfg["temperature"] > 3.0
    for old, new in zip(before, read_cats(nlp)):
        assert max(new.values()) < max(old.values()) and sum(new.values()) == pytest.approx(1.0)
    assert read_cats(spacy.blank("xx").from_config(nlp.config).from_bytes(nlp.to_bytes())) == read_cats(nlp)
    # Fitting again starts from the scores, not from what was fitted before.
    found = pipe.cfg["temperature"]
    calibrate(nlp)
    assert pipe.cfg["temperature"] == pytest.approx(found)
    with pytest.raises(ValueError, match=r"R105.*'other'.*rnn_textcat"):
        build_calibrate_v1(lambda nlp: [], "other")(nlp)


def test_callback_of_a_training_config(tmp_path: Path) -> None:
    """As `spacy train` runs it, with the dev corpus of the config."""
    docs = DocBin(attrs=["ORTH"], store_user_data=True)
    for example in make_texts(spacy.blank("en")):
        docs.add(example.reference)
    docs.to_disk(tmp_path / "corpus.spacy")
    config = load_config(CONFIG)
    config["paths"].update(train=str(tmp_path / "corpus.spacy"), dev=str(tmp_path / "corpus.spacy"))
    config["training"].update(max_steps=4, eval_frequency=2)
    config["training"]["logger"] = {"@loggers": "spacy.ConsoleLogger.v1", "progress_bar": False}
    config["training"]["before_to_disk"] = {"@callbacks": "spacy-rnn.Calibrate.v1", "corpus": "${corpora.dev}"}
    config.to_disk(tmp_path / "config.cfg")
    nlp = init_nlp(load_config(tmp_path / "config.cfg"))
    (tmp_path / "out").mkdir()
    train(nlp, tmp_path / "out")
    loaded = spacy.load(tmp_path / "out" / "model-last")
    assert component(loaded, "rnn_textcat").cfg["temperature"] != 1.0
    assert "cats_ece" in loaded.evaluate(list(Corpus(tmp_path / "corpus.spacy")(loaded)))
    assert registry.callbacks.get("spacy-rnn.Calibrate.v1") is build_calibrate_v1
