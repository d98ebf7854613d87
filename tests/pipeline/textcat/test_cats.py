"""The losses of a text categorizer, against differences and formulas."""

from typing import Any, List, Tuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from spacy.vocab import Vocab

from spacy_rnn.base.arrays import activate
from spacy_rnn.pipeline.textcat.cats import (
    balanced_weights,
    count_cats,
    exclusive_loss,
    listed_weights,
    multilabel_loss,
    truth_arrays,
)

from ...helpers import make_doc
from ..texts import make_texts

UNKNOWN = None


def arrays(rows: List[Any]) -> Tuple[Any, Any]:
    truths = np.array([[float(value or 0) for value in row] for row in rows])
    return truths, np.array([[value is not None for value in row] for row in rows])


def exclusive_rows(draw: Any, n: int) -> List[Any]:
    """One row of gold values: one category applies, or none is known to, and some are unknown."""
    row: List[Any] = draw(st.lists(st.sampled_from([0, UNKNOWN]), min_size=n, max_size=n))
    if draw(st.booleans()):
        row[draw(st.integers(0, n - 1))] = 1
    return row


@given(data=st.data())
@pytest.mark.parametrize("exclusive", [True, False])
def test_gradient_is_that_of_the_loss(exclusive: bool, data: st.DataObject) -> None:
    n = data.draw(st.integers(2, 4))
    if exclusive:
        rows = [exclusive_rows(data.draw, n) for _ in range(3)]
    else:
        rows = data.draw(
            st.lists(st.lists(st.sampled_from([0, 1, UNKNOWN]), min_size=n, max_size=n), min_size=1, max_size=3)
        )
    truths, known = arrays(rows)
    seed, smoothing = data.draw(st.integers(0, 99)), data.draw(st.sampled_from([0.0, 0.2]))
    scores = np.random.default_rng(seed).normal(size=truths.shape)
    weights = np.linspace(0.5, 2.0, n)
    loss_of = exclusive_loss if exclusive else multilabel_loss

    def loss(scores: Any) -> float:
        return loss_of(activate(scores, exclusive), truths, known, weights, smoothing)[0]

    _, gradient = loss_of(activate(scores, exclusive), truths, known, weights, smoothing)
    step = 1e-6
    for place in np.ndindex(*scores.shape):
        moved = np.zeros_like(scores)
        moved[place] = step
        slope = (loss(scores + moved) - loss(scores - moved)) / (2 * step)
        assert gradient[place] == pytest.approx(slope, abs=1e-4)


def test_known_category_makes_the_others_known() -> None:
    p, weights = np.array([[0.5, 0.3, 0.2]]), np.ones(3)
    rows = ([1, UNKNOWN, UNKNOWN], [1, 0, 0])
    partly, fully = (exclusive_loss(p, *arrays([row]), weights, 0.0) for row in rows)
    assert partly[0] == fully[0] == pytest.approx(-np.log(0.5))
    np.testing.assert_array_equal(partly[1], fully[1])


def test_excluded_categories() -> None:
    p = np.array([[0.5, 0.3, 0.2]])
    loss, gradient = exclusive_loss(p, *arrays([[0, 0, UNKNOWN]]), np.ones(3), 0.0)
    assert loss == pytest.approx(-np.log(0.2))
    np.testing.assert_allclose(gradient, [[0.5, 0.3, -0.8]])


def test_rows_that_teach_nothing() -> None:
    loss, gradient = exclusive_loss(np.array([[0.9, 0.1]]), *arrays([[UNKNOWN, UNKNOWN]]), np.ones(2), 0.1)
    assert loss == 0.0
    np.testing.assert_array_equal(gradient, 0.0)


def test_in_no_category() -> None:
    loss, gradient = exclusive_loss(np.array([[0.9, 0.1]]), *arrays([[0, 0]]), np.ones(2), 0.1)
    assert loss == pytest.approx(-np.log(0.9 * 0.1) / 2)
    np.testing.assert_allclose(gradient, [[0.4, -0.4]])


def test_certain_mistakes_have_a_finite_loss() -> None:
    p = np.array([[1.0, 0.0]], dtype="f")
    for loss_of in (exclusive_loss, multilabel_loss):
        for row in ([0, 1], [0, UNKNOWN]):
            loss, gradient = loss_of(p, *arrays([row]), np.ones(2), 0.0)
            assert 0 < loss < 1e3 and np.isfinite(gradient).all()


def test_weights() -> None:
    assert balanced_weights([30, 10, 0], [10, 30, 40], True) == [pytest.approx(2 / 3), 2.0, 1.0]
    assert balanced_weights([30, 10, 0], [10, 30, 40], False) == [pytest.approx(1 / 3), 3.0, 1.0]
    # Half way: three times as many count sqrt(3) times as much, and all documents together as many as they are.
    few, many = balanced_weights([30, 10, 0], [10, 30, 40], True, 0.5)[1::-1]
    assert few / many == pytest.approx(3**0.5) and 30 * many + 10 * few == pytest.approx(40)
    assert balanced_weights([30, 10, 0], [10, 30, 40], False, 0.5) == [
        pytest.approx(3**-0.5),
        pytest.approx(3**0.5),
        1.0,
    ]
    assert listed_weights({"b": 2.0}, ["a", "b"]) == [1.0, 2.0]


def test_gold_values_and_counts() -> None:
    nlp = type("Nlp", (), {"make_doc": staticmethod(lambda text: make_doc(text.split(), Vocab()))})()
    examples = make_texts(nlp, ["x", "y", "z"], [{"a": 1.0}, {"a": 0.0, "b": 1.0}, {"c": 1.0}])
    truths, known = truth_arrays(examples, ["a", "b"], np)
    assert truths.tolist() == [[1, 0], [0, 1], [0, 0]]
    assert known.tolist() == [[True, False], [True, True], [False, False]]
    assert count_cats(examples, ["a", "b"]) == {"a": [1, 1], "b": [1, 0]}
