"""The component over parsed documents: labels of documents, sentences and subtrees."""

from pathlib import Path
from typing import Any, Dict, List

import numpy as np
import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Doc, Span
from spacy.training import Example
from spacy.util import load_model_from_config

from spacy_rnn.base import parses, trees
from spacy_rnn.data.gold_parse import with_gold_parse

from ...helpers import component, train
from ...tree_helpers import (
    LABELS,
    REVIEWS,
    annotate,
    cats_of,
    parsed_reviews,
    review,
    reviews,
    trained_tree,
    tree_config,
    tree_doc,
    tree_nlp,
)

ENCODERS: List[Dict[str, Any]] = [
    {},
    {"cell": "gru"},
    {"cell": "rnn_tanh"},
    {"cell": "rnn_relu", "dep_matrices": True, "dep_min_count": 5},
    {"cell": "lstm", "dep_width": 5, "top_down": True},
    {"cell": "gru", "attention": True},
]


@pytest.fixture(scope="module")
def trained() -> Language:
    return trained_tree()


def tree(nlp: Language) -> Any:
    return component(nlp, "tree_rnn")


def test_documents_and_subtrees_are_labelled(trained: Language) -> None:
    docs = annotate(trained, parsed_reviews(trained))
    for doc, (_, _, phrases) in zip(docs, REVIEWS):
        assert max(doc.cats, key=doc.cats.__getitem__) == phrases[-1][2]
        assert sum(doc.cats.values()) == pytest.approx(1.0)
        for start, end, label in phrases:
            (head,) = [token for token in doc if [token.left_edge.i, token.right_edge.i + 1] == [start, end]]
            assert head._.tree_label == label
            assert head._.tree_scores[label] > 0.5 and set(head._.tree_scores) == set(LABELS)


def test_sentences_have_the_labels_of_their_roots(trained: Language) -> None:
    """And the document is the mean over its sentences, before the softmax."""
    doc = tree_doc(trained, "not good a good film", [1, 1, 4, 4, 4])
    first, second = (tree_doc(trained, *row[:2]) for row in (REVIEWS[3], REVIEWS[0]))
    doc, first, second = annotate(trained, [doc, first, second])
    assert [sent._.tree_label for sent in doc.sents] == ["low", "high"]
    assert [sent.root._.tree_label for sent in doc.sents] == ["low", "high"]
    apart = np.log(cats_of([first, second])).mean(axis=0)
    np.testing.assert_allclose(cats_of([doc])[0], np.exp(apart) / np.exp(apart).sum(), rtol=1e-4)
    assert doc[:2]._.tree_scores == pytest.approx(first.cats, rel=1e-4)


def test_vectors_and_spans_on_request() -> None:
    nlp = trained_tree(component={"save_vectors": True, "save_spans": True, "spans_key": "tree"})
    (doc,) = annotate(nlp, [tree_doc(nlp, "a good film", [2, 2, 2])])
    assert all(token._.tree_vector.shape == (16,) for token in doc)
    assert doc[:]._.tree_vector is not None and (doc[:]._.tree_vector == doc[2]._.tree_vector).all()
    assert [(span.start, span.end, span.label_) for span in doc.spans["tree"]] == REVIEWS[0][2]


def test_spans_leave_out_subtrees_with_gaps() -> None:
    nlp = trained_tree(5, component={"save_spans": True})
    (doc,) = annotate(nlp, [tree_doc(nlp, "a b c d", [2, 3, 3, 3])])
    assert [(span.start, span.end) for span in doc.spans["tree"]] == [(0, 1), (1, 2), (0, 4)]


def test_nothing_is_kept_unless_asked_for() -> None:
    nlp = trained_tree(5, component={"save_scores": False})
    (doc,) = annotate(nlp, [tree_doc(nlp, "a good film", [2, 2, 2])])
    assert doc.cats and doc.user_data == {} and not len(doc.spans)
    assert doc[0]._.tree_label is None and doc[0]._.tree_scores is None and doc[0]._.tree_vector is None


@pytest.mark.parametrize("settings", [*ENCODERS, {"pooling": "attention"}, {"precision": "bf16"}], ids=str)
def test_learns_and_reloads(settings: Dict[str, Any], tmp_path: Path) -> None:
    nlp = trained_tree(40, **settings)
    assert nlp.evaluate(reviews(nlp))["tree_acc"] == 1.0
    nlp.to_disk(tmp_path)
    docs = parsed_reviews(nlp)
    expected = annotate(nlp, docs)
    for loaded in (spacy.load(tmp_path), load_model_from_config(nlp.config).from_bytes(nlp.to_bytes())):
        found = annotate(loaded, [Doc(loaded.vocab).from_bytes(doc.to_bytes()) for doc in docs])
        np.testing.assert_array_equal(cats_of(found), cats_of(expected))
        assert [[token._.tree_scores for token in doc] for doc in found] == [
            [token._.tree_scores for token in doc] for doc in expected
        ]
        assert tree(loaded).labels == tree(nlp).labels


@pytest.mark.parametrize("settings", ENCODERS, ids=str)
def test_batch_does_not_matter(settings: Dict[str, Any]) -> None:
    nlp = trained_tree(10, max_tokens=7, **settings)
    docs = [*parsed_reviews(nlp), Doc(nlp.vocab), *parsed_reviews(nlp)]
    expected = cats_of([nlp(doc.copy()) for doc in docs])
    for size in (1, 3, 100):
        np.testing.assert_allclose(cats_of(annotate(nlp, docs, batch_size=size)), expected, atol=1e-5)


def test_default_component(tmp_path: Path) -> None:
    """`nlp.add_pipe("tree_rnn")` and nothing else."""
    nlp = spacy.blank("en")
    nlp.add_pipe("tree_rnn")
    losses = train(nlp, reviews(nlp), 15, rate=0.005)
    assert losses[-1] < 0.3 * losses[0]


# ---- what it learns from


def test_learns_from_phrases_alone() -> None:
    nlp = tree_nlp()
    train(nlp, reviews(nlp, cats=False), 40)
    scores = nlp.evaluate(reviews(nlp, cats=False))
    assert scores["tree_phrase_acc"] == 1.0 and scores["tree_score"] == 1.0
    assert "tree_acc" not in scores and "cats_score" not in scores


def test_learns_from_documents_alone() -> None:
    nlp = tree_nlp(component={"spans_key": None})
    train(nlp, reviews(nlp), 40)
    scores = nlp.evaluate(reviews(nlp))
    assert scores["tree_acc"] == 1.0 and "tree_phrase_acc" not in scores


def test_weight_of_phrases() -> None:
    """With none, only documents count; the gradient of a phrase grows with its weight."""
    gradients = {}
    for weight in (0.0, 1.0, 3.0):
        nlp = tree_nlp(component={"phrase_weight": weight})
        examples = reviews(nlp)
        nlp.initialize(lambda examples=examples: examples)  # type: ignore[misc]
        scores = tree(nlp).model.predict([example.x for example in examples])
        gradients[weight] = tree(nlp).get_loss(examples, scores)[1]
    n_docs, n_phrases = len(REVIEWS), sum(len(row[2]) for row in REVIEWS)
    assert not gradients[0.0].nodes.any() and gradients[0.0].docs.any()
    first, second = (gradients[weight].nodes * (n_docs + weight * n_phrases) for weight in (1.0, 3.0))
    np.testing.assert_allclose(3 * first, second, rtol=1e-5)


def test_phrases_that_are_no_subtrees_do_not_count(caplog: pytest.LogCaptureFixture) -> None:
    nlp = tree_nlp()
    examples = [review(nlp, "a good film", [2, 2, 2], [(1, 3, "high"), (0, 3, "low")], cats=False)]
    with caplog.at_level("INFO", "spacy"):
        spacy.util.logger.propagate = True
        try:
            train(nlp, examples, 5)
        finally:
            spacy.util.logger.propagate = False
    assert "1 of 2 labelled phrases (50.0%) are subtrees" in caplog.text
    assert nlp.evaluate(examples)["tree_phrase_matched"] == 0.5


def test_missing_labels_do_not_count() -> None:
    """A document without categories has no gradient; with several labels, each by itself."""
    nlp = tree_nlp()
    examples = reviews(nlp)
    nlp.initialize(lambda: examples)
    bare = [with_gold_parse(tree_doc(nlp, "a good film", [2, 2, 2]))]
    loss, gradient = tree(nlp).get_loss(bare, tree(nlp).model.predict([bare[0].x]))
    assert loss == 0 and not gradient.nodes.any() and not gradient.docs.any()


def test_other_tokens_than_the_gold_ones() -> None:
    """Phrases are carried over to the tokens of the predicted document."""
    nlp = tree_nlp(component={"target": "exclusive"})
    gold = review(nlp, "a good film", [2, 2, 2], [(0, 1, "low"), (0, 3, "high")]).reference
    predicted = Doc(
        nlp.vocab,
        words=["a", "go", "od", "film"],
        spaces=[True, False, True, False],
        heads=[3, 2, 3, 3],
        deps=["x", "x", "x", "ROOT"],
    )
    examples = [Example(predicted, gold)]
    nlp.initialize(lambda: [*examples, *reviews(nlp)])
    scores = tree(nlp).model.predict([predicted])
    gradient = tree(nlp).get_loss(examples, scores)[1]
    assert gradient.nodes.any(axis=1).tolist() == [True, False, False, True]


@pytest.mark.parametrize("settings", [{}, {"top_down": True, "dep_width": 4}], ids=str)
def test_parses_are_read_once(settings: Dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """A batch that is learnt from or annotated, with phrases and spans, is checked, read and measured once."""
    nlp = tree_nlp(component={"save_spans": True}, **settings)
    examples = reviews(nlp)
    optimizer = nlp.initialize(lambda: examples)
    calls: List[str] = []

    def count(module: Any, name: str) -> None:
        function = getattr(module, name)

        def counted(*args: Any) -> Any:
            calls.append(name)
            return function(*args)

        monkeypatch.setattr(module, name, counted)

    for module, name in ((parses, "check_parsed"), (parses, "read_trees"), (trees, "node_heights")):
        count(module, name)
    tree(nlp).update(examples, sgd=optimizer)
    assert sorted(calls) == ["check_parsed", "node_heights", "read_trees"]
    calls.clear()
    list(tree(nlp).pipe([example.x for example in examples]))
    assert sorted(calls) == ["check_parsed", "node_heights", "read_trees"]


def test_trees_under_a_listener() -> None:
    """A `tree_rnn` above a shared encoder learns, though the two are components that read the trees for themselves."""
    nlp = spacy.blank("xx")
    config = tree_config()
    nlp.add_pipe("tok2vec", config={"model": config["model"]["tok2vec"]})
    config["model"]["tok2vec"] = {"@architectures": "spacy.Tok2VecListener.v1", "width": 16}
    nlp.add_pipe("tree_rnn", config=config)
    train(nlp, reviews(nlp), 40)
    assert nlp.evaluate(reviews(nlp))["tree_acc"] == 1.0


# ---- what cannot be used


def test_unparsed_documents_are_refused() -> None:
    nlp = trained_tree(2)
    with pytest.raises(ValueError, match="R150.*'tree_rnn'.*annotating_components"):
        nlp("not parsed")
    gold = reviews(nlp)[0].reference
    with pytest.raises(ValueError, match="R150"):
        nlp.update([Example(Doc(nlp.vocab, words=["not", "parsed"]), gold)], sgd=nlp.resume_training())


def test_empty_documents(trained: Language) -> None:
    """Alone and beside others; they have no subtree, and the cats of nothing."""
    empty = Doc(trained.vocab)
    assert sum(trained(empty).cats.values()) == pytest.approx(1.0)
    assert list(trained.pipe([])) == []
    docs = annotate(trained, [empty, *parsed_reviews(trained), empty])
    assert len(docs) == len(REVIEWS) + 2
    nlp = tree_nlp()
    optimizer = nlp.initialize(lambda: reviews(nlp))
    nlp.update([Example(Doc(nlp.vocab), Doc(nlp.vocab))], sgd=optimizer)
    nlp.update([Example(Doc(nlp.vocab), Doc(nlp.vocab)), *reviews(nlp)], sgd=optimizer)


def test_trees_of_every_kind(trained: Language) -> None:
    """One word, several roots in a sentence, crossing edges, a deep chain."""
    deep = Doc(trained.vocab, words=["film"] * 2000, heads=[*range(1, 2000), 1999], deps=["dep"] * 2000)
    roots = Doc(trained.vocab, words=["good", "bad"], heads=[0, 1], deps=["ROOT"] * 2, sent_starts=[True, False])
    crossing = tree_doc(trained, "a b c d", [2, 3, 3, 3])
    for doc in annotate(trained, [deep, roots, crossing, tree_doc(trained, "good", [0])]):
        assert sum(doc.cats.values()) == pytest.approx(1.0)
        assert all(token._.tree_label in LABELS for token in doc)


def test_no_labels() -> None:
    nlp = tree_nlp()
    with pytest.raises(ValueError, match="R016"):
        nlp(tree_doc(nlp, "good", [0]))
    with pytest.raises(ValueError, match=r"R153.*doc.spans\['tree'\]"):
        nlp.initialize(lambda: [with_gold_parse(tree_doc(nlp, "good", [0]))])


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"target": "both"}, "R001.*target"),
        ({"threshold": 1.5}, "R005.*threshold"),
        ({"phrase_weight": -1.0}, "R005.*phrase_weight"),
        ({"save_spans": True, "spans_key": None}, "R157.*spans_key"),
    ],
)
def test_settings_are_checked(settings: Dict[str, Any], message: str) -> None:
    nlp = spacy.blank("xx")
    model = tree_nlp().get_pipe("tree_rnn").model  # type: ignore[attr-defined]
    from spacy_rnn.pipeline.tree.component import TreeRNN

    with pytest.raises(ValueError, match=message):
        TreeRNN(nlp.vocab, model, **settings)


def test_labels_can_be_added_before_initialize_only() -> None:
    nlp = tree_nlp()
    assert tree(nlp).add_label("other") == 1 and tree(nlp).add_label("other") == 0
    with pytest.raises(ValueError, match="R158"):
        tree(nlp).add_label("")
    nlp.initialize(lambda: reviews(nlp))
    assert tree(nlp).labels == ("other", *LABELS)
    with pytest.raises(ValueError, match="R019"):
        tree(nlp).add_label("new")


def test_labels_can_be_given() -> None:
    nlp = tree_nlp()
    tree(nlp).initialize(lambda: reviews(nlp), labels=["low", "mid", "high"])
    assert tree(nlp).label_data == ["low", "mid", "high"]


def test_one_label_is_not_enough() -> None:
    nlp = tree_nlp()
    with pytest.raises(ValueError, match="R155.*at least 2 labels, found: high"):
        nlp.initialize(lambda: [review(nlp, "good", [0], [(0, 1, "high")], cats=False)])


def test_config_keeps_every_setting() -> None:
    settings = {"target": "multilabel", "threshold": 0.4, "spans_key": "x", "phrase_weight": 0.5, "save_vectors": True}
    nlp = tree_nlp(component=settings)
    config = nlp.config["components"]["tree_rnn"]
    kept = {name: value for name, value in tree(nlp).cfg.items() if name not in ("labels", "configured")}
    assert {name: config[name] for name in kept} == kept
    with pytest.raises(ValueError, match="unknown"):
        spacy.blank("xx").add_pipe("tree_rnn", config={**tree_config(), "unknown": 1})


def test_settings_can_be_changed_when_loading(trained: Language, tmp_path: Path) -> None:
    trained.to_disk(tmp_path)
    loaded = spacy.load(tmp_path, config={"components.tree_rnn.save_vectors": True})
    (doc,) = annotate(loaded, [tree_doc(loaded, "good", [0])])
    assert doc[0]._.tree_vector.shape == (16,)
    assert tree(loaded).labels == tree(trained).labels


def test_processes(trained: Language) -> None:
    """Annotations travel between processes."""
    docs = parsed_reviews(trained)
    found = annotate(trained, docs, n_process=2)
    np.testing.assert_allclose(cats_of(found), cats_of(annotate(trained, docs)), atol=1e-6)
    assert found[0][2]._.tree_label == "high"


def test_after_a_parser_that_annotates() -> None:
    """`annotating_components` lets the parser make the trees in training."""
    nlp = spacy.blank("xx")

    @Language.component("last_word_is_root")
    def parse(doc: Doc) -> Doc:
        for token in doc:
            token.head = doc[len(doc) - 1]
            token.dep_ = "ROOT" if token.i == len(doc) - 1 else "dep"
        return doc

    nlp.add_pipe("last_word_is_root")
    nlp.add_pipe("tree_rnn", config=tree_config())
    golds = [example.reference for example in reviews(nlp)]
    examples = [Example(Doc(nlp.vocab, words=[token.text for token in gold]), gold) for gold in golds]
    optimizer = nlp.initialize(lambda: examples)
    optimizer.learn_rate = 0.02
    for _ in range(40):
        nlp.update(examples, sgd=optimizer, annotates=["last_word_is_root"])
    assert nlp.evaluate(examples)["tree_acc"] == 1.0
    assert nlp("not good").cats["low"] > 0.5
    assert isinstance(nlp("not good")[:], Span)
