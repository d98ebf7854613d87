"""Text categorizers: settings, class weights, rehearsal, averages, dropout."""

from pathlib import Path
from typing import Any, Dict, List

import numpy as np
import pytest
import spacy
from thinc.api import Adam

from ...helpers import component
from ..texts import (
    BOTH,
    CATS,
    NAMES,
    close,
    make_texts,
    read_cats,
    textcat_nlp,
    train_texts,
    trained_textcat,
    without_noise,
)


@pytest.mark.parametrize(
    ("exclusive", "settings", "message"),
    [
        (True, {"label_smoothing": 1.0}, "R005.*label_smoothing"),
        (False, {"threshold": 1.5}, "R005.*threshold"),
        (True, {"model": {"exclusive_classes": False}}, "R102.*exclusive_classes = true"),
        (False, {"model": {"exclusive_classes": True}}, "R102.*exclusive_classes = false"),
        (True, {"save_attention": True, "model": {"pooling": ["max"]}}, "R103.*'attention'"),
        (True, {"class_weights": "equal"}, "class_weights"),
        (True, {"class_weights": {"positive": -1.0}}, r"R005.*class_weights\['positive'\].*-1"),
    ],
)
def test_refused(exclusive: bool, settings: Dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        textcat_nlp(exclusive, **settings)


def test_class_weight_of_no_category_is_refused() -> None:
    nlp = textcat_nlp(class_weights={"positve": 2.0})
    with pytest.raises(ValueError, match="R104.*'positve'.*negative, positive"):
        train_texts(nlp, 1)


def test_class_weight_of_no_category_is_refused_after_training(tmp_path: Path) -> None:
    nlp = textcat_nlp()
    nlp.initialize(lambda: make_texts(nlp))
    nlp.to_disk(tmp_path)
    config = spacy.util.load_config(tmp_path / "config.cfg")
    config["components"]["rnn_textcat"]["class_weights"] = {"positve": 2.0}
    config.to_disk(tmp_path / "config.cfg")
    loaded = spacy.load(tmp_path)
    with pytest.raises(ValueError, match="R104.*'positve'"):
        loaded.update(make_texts(loaded), sgd=loaded.resume_training())


def test_class_weights_can_be_changed_after_training(tmp_path: Path) -> None:
    def weights(nlp: Any) -> List[float]:
        return list(nlp.get_pipe("rnn_textcat")._weights())

    def counted_with(class_weights: str) -> Any:
        nlp = textcat_nlp(class_weights=class_weights)
        nlp.initialize(lambda: make_texts(nlp, ["same"] * 4, [CATS[0], CATS[1], CATS[1], CATS[1]]))
        return nlp

    for before, after in (("balanced", "sqrt"), ("sqrt", "balanced")):
        counted_with(before).to_disk(tmp_path)
        loaded = spacy.load(tmp_path, config={"components.rnn_textcat.class_weights": after})
        assert weights(loaded) == pytest.approx(weights(counted_with(after)))
        assert weights(loaded) != pytest.approx(weights(counted_with(before)))


def test_class_weights_move_the_balance() -> None:
    """Contradictory data, three to one: the odds are the weights."""
    texts, cats = ["same"] * 4, [CATS[0], CATS[1], CATS[1], CATS[1]]

    def odds(class_weights: Any) -> float:
        nlp = textcat_nlp(class_weights=class_weights)
        train_texts(nlp, 60, examples=make_texts(nlp, texts, cats))
        found = nlp("same").cats
        return found["positive"] / found["negative"]

    assert odds(None) == pytest.approx(3.0, rel=0.15)
    assert odds("balanced") == pytest.approx(1.0, rel=0.15)
    assert odds("sqrt") == pytest.approx(3.0**0.5, rel=0.15)
    assert odds({"positive": 2.0}) == pytest.approx(6.0, rel=0.2)


def test_loss_that_is_no_number_stops_training() -> None:
    nlp = trained_textcat(steps=1)
    pipe = component(nlp, "rnn_textcat")
    with pytest.raises(ValueError, match="R013.*rnn_textcat"):
        pipe.get_loss(make_texts(nlp), np.full((4, 2), np.nan, dtype="f"))


# ---- learning on


@BOTH
def test_rehearsal_pulls_towards_the_teacher(exclusive: bool) -> None:
    nlp = without_noise(trained_textcat(exclusive))
    teacher = read_cats(nlp)
    optimizer = nlp.resume_training()
    optimizer.learn_rate = 0.01
    turned = [{label: 1.0 - value for label, value in own.items()} for own in CATS]
    for _ in range(10):
        nlp.update(make_texts(nlp, cats=turned), sgd=optimizer)

    def distance() -> float:
        return sum(abs(old[key] - new[key]) for old, new in zip(teacher, read_cats(nlp)) for key in old)

    before = distance()
    history = [nlp.rehearse(make_texts(nlp), sgd=optimizer)[NAMES[exclusive]] for _ in range(60)]
    assert before > 1.0 and distance() < 0.5 * before
    assert 0 < history[-1] < 0.3 * history[0]


def test_averages_are_used_and_put_back() -> None:
    nlp = textcat_nlp()
    examples = make_texts(nlp)
    nlp.initialize(lambda: examples)
    optimizer = Adam(0.02, use_averages=True)
    for _ in range(8):
        nlp.update(examples, sgd=optimizer)
    own = read_cats(nlp)
    with nlp.use_params(optimizer.averages):
        averaged = read_cats(nlp)
    assert not close(averaged, own)
    assert read_cats(nlp) == own


def test_dropout_acts_and_only_in_training() -> None:
    nlp = without_noise(trained_textcat(steps=5))
    pipe = component(nlp, "rnn_textcat")
    plain = [pipe.update(make_texts(nlp))["rnn_textcat"] for _ in range(3)]
    dropped = [pipe.update(make_texts(nlp), drop=0.5)["rnn_textcat"] for _ in range(3)]
    assert np.allclose(plain, plain[0], rtol=1e-5)
    assert len({round(loss, 4) for loss in dropped}) == 3
    assert read_cats(nlp) == read_cats(nlp)


def test_label_smoothing_keeps_probabilities_from_the_ends() -> None:
    nlp = without_noise(textcat_nlp(label_smoothing=0.2))
    train_texts(nlp, 80)
    for own in read_cats(nlp):
        assert max(own.values()) == pytest.approx(0.8, abs=0.05)
