"""Labels, ordered labels and values: probabilities, decisions, losses, and learning each."""

from typing import Any, List

import numpy as np
import pytest
import spacy
from hypothesis import given
from hypothesis import strategies as st
from spacy.language import Language
from spacy.tokens import Span
from spacy.training import Example

from spacy_rnn.data.gold_parse import with_gold_parse
from spacy_rnn.pipeline.tree.scoring import score_trees
from spacy_rnn.pipeline.tree.targets import TARGETS, best_label, score_width, to_values, tree_loss

from ...helpers import component, train
from ...tree_helpers import REVIEWS, tree_doc, tree_nlp

N_LABELS = 4
seeds = st.integers(0, 1000)


def some(seed: int, target: str, rows: int = 3) -> tuple[np.ndarray, np.ndarray]:
    """Scores, and truths of the kind that the target has."""
    rng = np.random.default_rng(seed)
    scores = rng.normal(0, 2, size=(rows, score_width(target, N_LABELS)))
    if target == "regression":
        return scores, rng.normal(size=(rows, N_LABELS))
    if target == "multilabel":
        return scores, rng.integers(0, 2, size=(rows, N_LABELS)).astype(float)
    return scores, np.eye(N_LABELS)[rng.integers(0, N_LABELS, size=rows)]


@pytest.mark.parametrize("target", TARGETS)
@given(seed=seeds)
def test_gradient_is_that_of_the_loss(target: str, seed: int) -> None:
    scores, truths = some(seed, target)
    if target in ("multilabel", "regression"):
        truths[0, 1] = np.nan
    else:
        truths[0] = np.nan
    _, gradient = tree_loss(scores, truths, target)
    for index in np.ndindex(*scores.shape):
        step = np.zeros_like(scores)
        step[index] = 1e-5
        above, below = (tree_loss(scores + sign * step, truths, target)[0].sum() for sign in (1, -1))
        assert gradient[index] == pytest.approx((above - below) / 2e-5, abs=1e-5)


@pytest.mark.parametrize("target", TARGETS)
@given(seed=seeds)
def test_missing_truths_cost_nothing(target: str, seed: int) -> None:
    scores, truths = some(seed, target)
    losses, gradient = tree_loss(scores, np.full_like(truths, np.nan), target)
    assert not losses.any() and not gradient.any()


@pytest.mark.parametrize("target", ["exclusive", "ordinal"])
@given(seed=seeds)
def test_probabilities_sum_to_one(target: str, seed: int) -> None:
    scores, _ = some(seed, target)
    values = to_values(scores, target)
    assert values.shape == (3, N_LABELS) and (values >= 0).all()
    np.testing.assert_allclose(values.sum(axis=1), 1.0)


@pytest.mark.parametrize("target", ["exclusive", "ordinal", "multilabel"])
@given(seed=seeds)
def test_the_truth_is_where_the_loss_is_least(target: str, seed: int) -> None:
    """Scores that follow the gradient end at the truth."""
    scores, truths = some(seed, target)
    for _ in range(200):
        scores = scores - tree_loss(scores, truths, target)[1]
    values = to_values(scores, target)
    np.testing.assert_allclose(values, truths, atol=0.1)
    if target != "multilabel":
        assert best_label(values, target, 0.5).tolist() == truths.argmax(axis=1).tolist()


def test_ordinal_by_hand() -> None:
    """Log odds of lying above the first and the second threshold."""
    scores = np.log(np.array([[0.8, 0.4]]) / (1 - np.array([[0.8, 0.4]])))
    values = to_values(scores, "ordinal")
    np.testing.assert_allclose(values, [[0.2, 0.4, 0.4]])
    assert best_label(values, "ordinal", 0.5).tolist() == [1]
    losses, _ = tree_loss(scores, np.array([[0.0, 1.0, 0.0]]), "ordinal")
    assert losses[0] == pytest.approx(-np.log(0.8) - np.log(0.6))
    # Where the second threshold seems likelier than the first, the first holds.
    assert to_values(scores[:, ::-1], "ordinal").min() == 0


def test_best_of_several() -> None:
    values = np.array([[0.2, 0.4], [0.9, 0.6]])
    assert best_label(values, "multilabel", 0.5).tolist() == [-1, 0]
    assert best_label(values, "multilabel", 0.3).tolist() == [1, 0]
    assert best_label(values, "regression", 0.5).tolist() == [-1, -1]


# ---- through the component

STEPS = {"low": 0, "mid": 1, "high": 2}


def examples_for(nlp: Language, target: str) -> List[Example]:
    """The reviews, labelled in the way of the target."""
    examples = []
    for words, heads, phrases in REVIEWS:
        doc = tree_doc(nlp, words, heads)
        last = STEPS[phrases[-1][2]]
        if target == "multilabel":
            doc.cats = {"good": float(last > 0), "bad": float(last < 2)}
            names = {"low": ["bad"], "mid": ["good", "bad"], "high": ["good"]}
        elif target == "ordinal":
            doc.cats = {str(step): float(step == last) for step in range(3)}
            names = {name: [str(step)] for name, step in STEPS.items()}
        else:
            doc.cats = {"score": float(last)}
            names = {name: [f"{step}"] for name, step in STEPS.items()}
        doc.spans["tree"] = [Span(doc, a, b, label=name) for a, b, label in phrases for name in names[label]]
        examples.append(with_gold_parse(doc))
    return examples


@pytest.mark.parametrize("target", ["multilabel", "ordinal", "regression"])
def test_learns(target: str) -> None:
    nlp = tree_nlp(component={"target": target})
    examples = examples_for(nlp, target)
    train(nlp, examples, 80)
    scores = nlp.evaluate(examples)
    assert scores["tree_score"] > 0.98
    if target == "regression":
        assert scores["tree_mae"] < 0.2 and scores["tree_phrase_mae"] < 0.2
        doc = nlp(tree_doc(nlp, "not bad", [1, 1]))
        assert doc[1]._.tree_scores["score"] == pytest.approx(2, abs=0.3) and doc[1]._.tree_label == ""
    else:
        assert scores["tree_acc"] == scores["tree_phrase_acc"] == 1.0
    if target == "ordinal":
        assert component(nlp, "tree_rnn").labels == ("0", "1", "2") and scores["tree_mae"] == 0
    if target == "multilabel":
        doc = nlp(tree_doc(nlp, "a film", [1, 1]))
        assert min(doc.cats.values()) > 0.5


def test_order_needs_numbers_or_a_list() -> None:
    nlp = tree_nlp(component={"target": "ordinal"})
    examples = examples_for(nlp, "ordinal")
    for example in examples:
        example.reference.cats = {f"x{name}": value for name, value in example.reference.cats.items()}
        example.reference.spans["tree"] = []
    with pytest.raises(ValueError, match="R154.*x0, x1, x2"):
        nlp.initialize(lambda: examples)
    component(nlp, "tree_rnn").initialize(lambda: examples, labels=["x2", "x1", "x0"])
    assert component(nlp, "tree_rnn").labels == ("x2", "x1", "x0")


def test_numbers_are_ordered_by_size() -> None:
    nlp = tree_nlp(component={"target": "ordinal"})
    doc = tree_doc(nlp, "good", [0])
    doc.cats = {"10": 1.0, "9": 0.0, "-1": 0.0}
    nlp.initialize(lambda: [with_gold_parse(doc)])
    assert component(nlp, "tree_rnn").labels == ("-1", "9", "10")


def test_values_of_phrases_are_numbers() -> None:
    nlp = tree_nlp(component={"target": "regression"})
    doc = tree_doc(nlp, "good film", [1, 1])
    doc.spans["tree"] = [Span(doc, 0, 1, label="joy=0.5"), Span(doc, 0, 2, label="anger=-1")]
    examples = [with_gold_parse(doc)]
    train(nlp, examples, 40)
    assert component(nlp, "tree_rnn").labels == ("anger", "joy")
    found = nlp(examples[0].predicted.copy())
    assert found[0]._.tree_scores["joy"] == pytest.approx(0.5, abs=0.2)
    doc.spans["tree"] = [Span(doc, 0, 1, label="0.5")]
    with pytest.raises(ValueError, match="R156.*anger, joy.*'0.5'"):
        nlp.update([with_gold_parse(doc)])


def test_scores_by_hand() -> None:
    nlp = spacy.blank("xx")
    doc = tree_doc(nlp, "a b", [1, 1])
    doc.cats = {"0": 1.0, "2": 0.0, "5": 0.0}
    doc.spans["tree"] = [Span(doc, 0, 1, label="5"), Span(doc, 1, 2, label="0")]
    example = with_gold_parse(doc)
    example.predicted.cats = {"0": 0.2, "2": 0.3, "5": 0.5}
    nodes: Any = np.array([[0.1, 0.1, 0.8], [0.6, 0.2, 0.2]])
    example.predicted._.tree_rnn = {"labels": ["0", "2", "5"], "scores": nodes}
    scores = score_trees([example], labels=["0", "2", "5"], target="ordinal", spans_key="tree")
    assert scores["tree_acc"] == 0.0 and scores["tree_mae"] in (1.0, 2.0)
    assert scores["tree_phrase_acc"] == 1.0 and scores["tree_phrase_matched"] == 0.5
    assert scores["tree_score"] == 0.0
