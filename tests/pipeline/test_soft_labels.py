"""Learning from soft labels: the loss, whose labels are known, and what a student becomes."""

from typing import Any, Dict, List, Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example
from spacy.vocab import Vocab

from spacy_rnn.errors import AnnotationError
from spacy_rnn.pipeline.losses import soft_cross_entropy, softmax_groups
from spacy_rnn.pipeline.soft_labels import SoftLabels, Taught, sparse_labels, write_soft_labels
from spacy_rnn.pipeline.tagger.soft import soft_targets
from spacy_rnn.pipeline.textcat.soft import soft_cats_loss

from ..helpers import SENTENCES, component, gold_doc, make_examples, tagger_nlp, train
from .test_loss import as_slices, group_sizes
from .texts import BOTH, CATS, TEXTS, make_texts, textcat_nlp

temperatures = st.sampled_from([0.5, 1.0, 2.0])


def random_targets(sizes: Sequence[int], rows: int) -> np.ndarray:
    """Distributions, and every third one unknown."""
    generator = np.random.default_rng(rows)
    parts = [generator.dirichlet(np.ones(size), size=rows) for size in sizes]
    for i, part in enumerate(parts):
        part[i % 3 :: 3] = 0.0
    return np.concatenate(parts, axis=1)


def assert_gradient(loss: Any, scores: np.ndarray, gradient: np.ndarray) -> None:
    for place in np.ndindex(scores.shape):
        value = scores[place]
        scores[place] = value + 1e-5
        above = loss()
        scores[place] = value - 1e-5
        assert gradient[place] == pytest.approx((above - loss()) / 2e-5, abs=1e-6)
        scores[place] = value


@given(sizes=group_sizes, rows=st.integers(1, 4), temperature=temperatures)
def test_gradient_agrees_with_finite_differences(sizes: List[int], rows: int, temperature: float) -> None:
    """Unless the loss is divided by the square of the temperature, its gradient shrinks with it."""
    groups, targets = as_slices(sizes), random_targets(sizes, rows)
    scores: Any = np.random.default_rng(0).normal(size=targets.shape)
    each: Any = np.full((rows, 1), temperature)
    weights = [0.5] * len(groups)

    def loss() -> float:
        return float(soft_cross_entropy(scores, targets, groups, weights=weights, temperature=each)[0].sum())

    _, gradient = soft_cross_entropy(scores, targets, groups, weights=weights, temperature=each)
    assert_gradient(loss, scores, gradient)


@given(sizes=group_sizes, rows=st.integers(1, 4), temperature=temperatures)
def test_a_student_like_its_teacher_has_no_gradient(sizes: List[int], rows: int, temperature: float) -> None:
    groups = as_slices(sizes)
    scores: Any = np.random.default_rng(0).normal(size=(rows, sum(sizes)))
    _, gradient = soft_cross_entropy(scores, softmax_groups(scores, groups), groups, temperature=temperature)
    np.testing.assert_allclose(gradient, 0.0, atol=1e-6)


def soft_doc(vocab: Vocab, words: List[str], labels: Dict[str, Dict[str, List[float]]], **settings: float) -> Doc:
    """labels: of each attribute, the probabilities of each label, one for each word."""
    doc = Doc(vocab, words=words)
    attrs: Dict[str, SoftLabels] = {}
    for attr, own in labels.items():
        table: Any = np.array(list(own.values()), dtype="f").T
        (attrs[attr],) = sparse_labels(list(own), table, [len(words)], top=9, least=0.0)
    write_soft_labels(doc, Taught(attrs, **settings))
    return doc


def taught_example(nlp: Language, doc: Doc) -> Example:
    return Example(Doc(nlp.vocab, words=[token.text for token in doc]), doc)


def targets_of(nlp: Language, labels: Dict[str, Dict[str, List[float]]]) -> Dict[str, np.ndarray]:
    codec = component(nlp).codec
    attrs = {
        attr: sparse_labels(list(own), np.array(list(own.values()), dtype="f").T, [1], top=9, least=0.0)[0]
        for attr, own in labels.items()
    }
    found = soft_targets(codec, [(Taught(attrs), 1)])
    return {name: found[0, group] for name, group in codec.groups.items()}


def initialized() -> Language:
    nlp = tagger_nlp()
    nlp.initialize(lambda: make_examples(nlp))
    return nlp


def test_labels_are_found_by_name() -> None:
    """What the student does not know is left out and the rest scaled, or all of it if too little is left."""
    nlp = initialized()
    tags = component(nlp).label_data["tag"]
    found = targets_of(nlp, {"tag": {"NN": [0.3], "DT": [0.3], "OTHER": [0.4]}})["tag"]
    expected = {"NN": 0.5, "DT": 0.5}
    np.testing.assert_allclose(found, [expected.get(tag, 0.0) for tag in tags], atol=1e-3)
    assert not targets_of(nlp, {"tag": {"NN": [0.3], "OTHER": [0.7]}})["tag"].any()
    everything = targets_of(nlp, {"pos": {"NOUN": [1.0]}})
    assert everything["pos"].sum() == 1.0 and not everything["tag"].any() and not everything["morph"].any()


def test_features_are_sums_over_sets() -> None:
    """Sets that are no labels are composed ones, and each feature has the probability of all sets with it."""
    nlp = initialized()
    labels = component(nlp).label_data
    found = targets_of(nlp, {"morph": {"Number=Sing|Tense=Pres": [0.6], "Number=Plur": [0.2], "_": [0.2]}})
    number = dict(zip(["", *labels["morph"]["Number"]], found["morph=Number"]))
    assert number == pytest.approx({"": 0.2, "Plur": 0.2, "Sing": 0.6}, abs=1e-3)
    tense = dict(zip(["", *labels["morph"]["Tense"]], found["morph=Tense"]))
    assert tense == pytest.approx({"": 0.4, "Past": 0.0, "Pres": 0.6}, abs=1e-3)
    whole = dict(zip(["composed", *labels["morph_sets"]], found["morph"]))
    assert whole == pytest.approx({"composed": 0.8, "_": 0.2}, abs=1e-3)


def test_student_becomes_its_teacher() -> None:
    """Without any gold annotation, through another vocabulary that lacks the student's strings."""
    nlp = initialized()
    doc = soft_doc(Vocab(), ["cats", "sleep"], {"tag": {"VBP": [0.3, 0.9], "XYZ": [0.0, 0.0], "NNS": [0.7, 0.1]}})
    optimizer = nlp.create_optimizer()
    optimizer.learn_rate = 0.02
    for _ in range(60):
        nlp.update([taught_example(nlp, doc)], sgd=optimizer)
    component(nlp).cfg["save_scores"] = True
    scores = dict(zip(component(nlp).label_data["tag"], nlp("cats sleep")._.rnn_scores["tag"].T))
    np.testing.assert_allclose(scores["VBP"], [0.3, 0.9], atol=0.05)
    np.testing.assert_allclose(scores["NNS"], [0.7, 0.1], atol=0.05)


@given(st.floats(0.1, 3.0))
def test_weight_and_gold(weight: float) -> None:
    """The gradient grows with the weight, adds to that of gold annotation, and changes nothing of other documents."""
    (gold, other, *_), nlp = make_examples(NLP), NLP
    pipe = component(nlp)
    scores: Any = np.random.default_rng(0).normal(size=(len(gold) + len(other), pipe.codec.width)).astype("f")
    words = [token.text for token in gold.reference]

    def gradient(reference: Doc, **settings: float) -> Any:
        return pipe.get_loss([Example(gold.predicted, reference), other], scores)[1]

    plain = soft_doc(nlp.vocab, words, {"pos": {"NOUN": [0.5] * 4, "VERB": [0.5] * 4}})
    heavy = soft_doc(nlp.vocab, words, {"pos": {"NOUN": [0.5] * 4, "VERB": [0.5] * 4}}, weight=weight)
    both = gold_doc(nlp, SENTENCES[0])
    both._.rnn_soft_labels = plain._.rnn_soft_labels
    expected = weight * gradient(plain)[: len(gold)]
    np.testing.assert_allclose(gradient(heavy)[: len(gold)], expected, atol=1e-6)
    np.testing.assert_allclose(gradient(heavy)[len(gold) :], gradient(plain)[len(gold) :])
    gold_alone = gradient(gold.reference)[: len(gold)]
    np.testing.assert_allclose(gradient(both)[: len(gold)], gold_alone + gradient(plain)[: len(gold)], atol=1e-6)


NLP = initialized()


def test_tokens_that_differ_teach_nothing() -> None:
    nlp = initialized()
    doc = soft_doc(nlp.vocab, ["cats", "sleep"], {"pos": {"NOUN": [1.0, 1.0]}})
    scores: Any = np.zeros((1, component(nlp).codec.width), dtype="f")
    loss, gradient = component(nlp).get_loss([Example(Doc(nlp.vocab, words=["catssleep"]), doc)], scores)
    assert loss == 0.0 and not gradient.any()
    with doc.retokenize() as retokenizer:
        retokenizer.merge(doc[:2])
    with pytest.raises(AnnotationError, match="R025"):
        component(nlp).get_loss([taught_example(nlp, doc)], scores)


@BOTH
@given(temperature=temperatures, data=st.data())
def test_gradient_of_categories(exclusive: bool, temperature: float, data: st.DataObject) -> None:
    """Agrees with finite differences of the scores; categories that the teacher does not know have none."""
    generator = np.random.default_rng(data.draw(st.integers(0, 9)))
    scores: Any = generator.normal(size=(3, 3))
    targets: Any = generator.dirichlet(np.ones(3), size=3) if exclusive else generator.random((3, 3))
    known: Any = np.array([[True, True, True], [True, True, False], [False] * 3])
    targets[1, :2] = [0.6, 0.4]
    weights, each = np.array([1.0, 2.0, 0.5]), np.full((3, 1), temperature)

    def compute() -> Any:
        p: Any = softmax_groups(scores, [slice(0, 3)]) if exclusive else 1 / (1 + np.exp(-scores))
        return soft_cats_loss(p, targets * known, known, weights, exclusive, each)

    gradient = compute()[1].copy()
    assert not gradient[~known].any()
    assert_gradient(lambda: float(compute()[0].sum()), scores, gradient)


def soft_texts(nlp: Language, cats: Dict[str, float], **settings: float) -> List[Example]:
    examples = make_texts(nlp, TEXTS, [cats] * len(TEXTS))
    for example in examples:
        write_soft_labels(example.reference, Taught({}, **settings))
    return examples


@BOTH
def test_categorizer_becomes_its_teacher(exclusive: bool) -> None:
    """Which knows one category more, and is not sure of any."""
    nlp = textcat_nlp(exclusive)
    soft = soft_texts(nlp, {"negative": 0.3, "positive": 0.7, "other": 0.0})
    optimizer = nlp.initialize(lambda: [*soft, *make_texts(nlp)])
    optimizer.learn_rate = 0.02
    for _ in range(60):
        nlp.update(soft, sgd=optimizer)
    for text in TEXTS:
        assert nlp(text).cats == pytest.approx({"negative": 0.3, "positive": 0.7}, abs=0.05)


@BOTH
def test_only_teachers_are_unsure(exclusive: bool) -> None:
    """spaCy refuses other values than 0 and 1 in gold annotation. Without any, labels come from teachers."""
    nlp = textcat_nlp(exclusive)
    with pytest.raises(ValueError, match="E851"):
        nlp.initialize(lambda: make_texts(nlp, TEXTS, [{"negative": 0.3, "positive": 0.7}] * len(TEXTS)))
    nlp = textcat_nlp(exclusive)
    nlp.initialize(lambda: soft_texts(nlp, {"a": 0.3, "b": 0.7}))
    assert component(nlp, nlp.pipe_names[0]).labels == ("a", "b")


@BOTH
def test_weight_of_categories(exclusive: bool) -> None:
    nlp = textcat_nlp(exclusive)
    nlp.initialize(lambda: make_texts(nlp))
    pipe = component(nlp, nlp.pipe_names[0])
    cats = {"negative": 0.3, "positive": 0.7}
    scores: Any = np.full((4, 2), 0.5, dtype="f")
    plain, heavy = (pipe.get_loss(soft_texts(nlp, cats, weight=weight), scores) for weight in (1.0, 3.0))
    assert heavy[0] == pytest.approx(3 * plain[0]) and plain[0] > 0
    np.testing.assert_allclose(heavy[1], 3 * plain[1], atol=1e-6)
    # Of an undecided student, the loss of hard labels is the same by either way.
    sure, gold = (
        pipe.get_loss(own, scores) for own in (soft_texts(nlp, CATS[0]), make_texts(nlp, TEXTS, [CATS[0]] * 4))
    )
    assert sure[0] == pytest.approx(gold[0], abs=1e-5)
    np.testing.assert_allclose(sure[1], gold[1], atol=1e-6)
    examples = make_texts(nlp)
    examples[0].reference._.rnn_soft_labels = "nonsense"
    with pytest.raises(AnnotationError, match="R025"):
        nlp.update(examples)


def test_learning_by_heart_from_both() -> None:
    """Gold and soft examples in one batch: each is learned."""
    nlp = tagger_nlp()
    gold = make_examples(nlp, SENTENCES[1:])
    words = [row[0] for row in SENTENCES[0]]
    soft = soft_doc(nlp.vocab, words, {"pos": {"NOUN": [0.1, 0.9, 0.1, 0.1], "VERB": [0.9, 0.1, 0.9, 0.9]}})
    train(nlp, [*gold, taught_example(nlp, soft)], 40)
    assert [token.pos_ for token in nlp(" ".join(words))] == ["VERB", "NOUN", "VERB", "VERB"]
    for example in gold:
        assert [t.tag_ for t in nlp(example.text)] == [t.tag_ for t in example.reference]
