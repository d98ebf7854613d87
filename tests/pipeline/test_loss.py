"""Losses and gradients over groups of labels, and which tokens count."""

from typing import Any, List, Optional, Tuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from spacy.tokens import Doc
from spacy.training import Example

from spacy_rnn.pipeline.gold import aligned_keys
from spacy_rnn.pipeline.losses import grouped_cross_entropy, softmax_groups
from spacy_rnn.pipeline.tagger.labels import MISSING, NEGATIVE

from ..helpers import SENTENCES, Row, component, gold_doc, make_examples, tagger_nlp

group_sizes = st.lists(st.integers(1, 4), min_size=1, max_size=3)


def as_slices(sizes: List[int]) -> List[slice]:
    ends = np.cumsum(sizes).tolist()
    return [slice(end - size, end) for size, end in zip(sizes, ends)]


def random_truths(data: st.DataObject, sizes: List[int], rows: int) -> np.ndarray:
    """A right label, a label that is wrong, or nothing."""
    columns = [
        st.one_of(st.integers(MISSING, size - 1), st.integers(0, size - 1).map(lambda i: NEGATIVE - i))
        if size > 1
        else st.integers(MISSING, 0)
        for size in sizes
    ]
    drawn = [[data.draw(column) for column in columns] for _ in range(rows)]
    return np.array(drawn, dtype=np.int64).reshape(rows, len(sizes))


@given(sizes=group_sizes, rows=st.integers(1, 4), smoothing=st.sampled_from([0.0, 0.2]), data=st.data())
def test_gradient_agrees_with_finite_differences(
    sizes: List[int], rows: int, smoothing: float, data: st.DataObject
) -> None:
    groups, truths = as_slices(sizes), random_truths(data, sizes, rows)
    scores: Any = np.random.default_rng(rows).normal(size=(rows, sum(sizes)))

    def loss() -> float:
        return grouped_cross_entropy(scores, truths, groups, label_smoothing=smoothing)[0]

    _, gradient = grouped_cross_entropy(scores, truths, groups, label_smoothing=smoothing)
    for place in np.ndindex(scores.shape):
        value = scores[place]
        scores[place] = value + 1e-5
        above = loss()
        scores[place] = value - 1e-5
        assert gradient[place] == pytest.approx((above - loss()) / 2e-5, abs=1e-6)
        scores[place] = value


@given(sizes=group_sizes, rows=st.integers(1, 4), data=st.data())
def test_missing_annotation_has_no_gradient(sizes: List[int], rows: int, data: st.DataObject) -> None:
    groups, truths = as_slices(sizes), random_truths(data, sizes, rows)
    scores: Any = np.random.default_rng(rows).normal(size=(rows, sum(sizes)))
    _, gradient = grouped_cross_entropy(scores, truths, groups, label_smoothing=0.1)
    for column, group in enumerate(groups):
        assert not gradient[truths[:, column] == MISSING, group].any()
    nothing = np.full_like(truths, MISSING)
    loss, gradient = grouped_cross_entropy(scores, nothing, groups)
    assert loss == 0.0 and not gradient.any()


def test_loss_is_the_negative_logarithm() -> None:
    scores: Any = np.log(np.array([[0.2, 0.8, 0.5, 0.5]]))
    groups = as_slices([2, 2])
    loss, _ = grouped_cross_entropy(scores, np.array([[1, MISSING]]), groups)
    assert loss == pytest.approx(-np.log(0.8))
    loss, _ = grouped_cross_entropy(scores, np.array([[NEGATIVE - 1, MISSING]]), groups)
    assert loss == pytest.approx(-np.log(0.2))


def test_extreme_scores_stay_finite() -> None:
    scores: Any = np.array([[1e4, -1e4, 0.0]], dtype="f")
    gradient: Any
    for truth in (1, NEGATIVE - 0):
        loss, gradient = grouped_cross_entropy(scores, np.array([[truth]]), [slice(0, 3)])
        assert np.isfinite(loss) and np.isfinite(gradient).all()


@given(sizes=group_sizes, rows=st.integers(0, 4))
def test_each_group_is_a_distribution(sizes: List[int], rows: int) -> None:
    scores: Any = np.random.default_rng(0).normal(0, 5, size=(rows, sum(sizes))).astype("f")
    probabilities: Any = softmax_groups(scores, as_slices(sizes))
    assert (probabilities >= 0).all()
    for group in as_slices(sizes):
        np.testing.assert_allclose(probabilities[:, group].sum(axis=1), 1.0, atol=1e-6)


def column(examples: List[Example], attr: str) -> List[str]:
    strings = examples[0].reference.vocab.strings
    return [strings[key] if key else "" for key in aligned_keys(examples, [attr])[attr].tolist()]


def example(predicted: List[str], gold: List[Tuple[str, Optional[str]]]) -> Example:
    nlp = tagger_nlp()
    rows: List[Row] = [(word, "X", tag, "") for word, tag in gold]
    reference = gold_doc(nlp, rows, spaces=[False] * len(rows))
    return Example(Doc(nlp.vocab, words=predicted, spaces=[False] * len(predicted)), reference)


def test_aligned_annotations() -> None:
    """The same tokens; one token for several; several for one; nothing in common."""
    gold: List[Tuple[str, Optional[str]]] = [("do", "A"), ("n't", "B"), ("go", "C"), ("!", None)]
    assert column([example(["do", "n't", "go", "!"], gold)], "tag") == ["A", "B", "C", ""]
    assert column([example(["don't", "go!"], gold)], "tag") == ["", ""]
    assert column([example(["d", "o", "n't", "go", "!"], gold)], "tag") == ["A", "A", "B", "C", ""]
    assert column([example(["don", "'t", "go", "!"], gold)], "tag") == ["", "B", "C", ""]
    assert column([example(["don't", "go"], [("do", "A"), ("n't", "A"), ("go", "C")])], "tag") == ["A", "C"]


def test_examples_are_joined_in_order() -> None:
    nlp = tagger_nlp()
    examples = make_examples(nlp)
    empty = Example(Doc(nlp.vocab), Doc(nlp.vocab))
    found = column([empty, examples[1], empty, examples[0]], "tag")
    assert found == [row[2] for sentence in (SENTENCES[1], SENTENCES[0]) for row in sentence]


def gradient_of(sentence: List[Row]) -> Tuple[float, Any, Any]:
    """Loss and gradient for one sentence, by a tagger that knows all labels."""
    nlp = tagger_nlp()
    nlp.initialize(lambda: make_examples(nlp))
    tagger = component(nlp)
    examples = make_examples(nlp, [sentence])
    scores, _ = tagger.model.begin_update([example.predicted for example in examples])
    return (*tagger.get_loss(examples, scores), tagger.codec)


def test_tokens_without_annotation_do_not_count() -> None:
    loss, gradient, codec = gradient_of([("a", None, "NN", None), ("b", None, None, None), ("c", "NOUN", "??", "")])
    pos, tag, *morph = codec.groups.values()
    rows = {name: [bool(gradient[i, group].any()) for i in range(3)] for name, group in [("pos", pos), ("tag", tag)]}
    assert rows == {"pos": [False, False, True], "tag": [True, False, False]}
    assert all([bool(gradient[i, group].any()) for i in range(3)] == [False, False, True] for group in morph)
    assert loss > 0


def test_nothing_annotated_changes_nothing() -> None:
    loss, gradient, _ = gradient_of([("a", None, None, None), ("b", None, None, None)])
    assert loss == 0.0 and not gradient.any()


def test_negative_tag_lowers_its_probability() -> None:
    nlp = tagger_nlp(attrs=["tag"])
    sentences: List[List[Row]] = [[("a", None, "A", None), ("b", None, "B", None), ("c", None, "C", None)]]
    nlp.initialize(lambda: make_examples(nlp, sentences))
    optimizer = nlp.create_optimizer()
    optimizer.learn_rate = 0.02
    for _ in range(30):
        nlp.update(make_examples(nlp, [[("a", None, "!A", None)]]), sgd=optimizer)
    tagger = component(nlp)
    (scores,) = softmax_groups(tagger.model.predict([nlp.make_doc("a")]), tagger.codec.groups.values())
    assert scores[0] < 0.05
    assert scores[1] == pytest.approx(scores[2], abs=0.05)
