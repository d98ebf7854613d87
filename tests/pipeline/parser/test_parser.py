"""The parser as a part of a pipeline: learning, saving, loading, streaming, scoring."""

from pathlib import Path
from typing import Any, Dict, List

import numpy as np
import pytest
import spacy
from spacy.language import Language
from spacy.pipeline._parser_internals.nonproj import is_nonproj_tree
from spacy.tokens import Doc
from spacy.training import Example
from spacy.util import load_model_from_config

from spacy_rnn.errors import AnnotationError, NotInitializedError, SettingError
from spacy_rnn.models.parser import build_parser_v1

from ...helpers import component, tiny_encoder, torch_shims, train
from ...tree_helpers import REVIEWS, trained_tree
from ..texts import without_noise
from .parsers import (
    TREES,
    assert_well_formed,
    bare_doc,
    gold_rows,
    joined,
    parse,
    parser_nlp,
    rows_of,
    trained_parser,
    tree_doc,
    tree_examples,
)

UNSEEN = ["A cat saw the dog .", "", "Dogs", "She barked which today a a a", "Yes Yes"]


@pytest.fixture(scope="module")
def trained() -> Language:
    return trained_parser(60)


def parser(nlp: Language) -> Any:
    return component(nlp, "rnn_parser")


def unseen(nlp: Language) -> List[Doc]:
    return [bare_doc(nlp, words) for words in UNSEEN]


@pytest.mark.parametrize("settings", [{}, {"precision": "bf16"}, {"sentences": "predict"}], ids=str)
def test_learns_trees_and_reloads(settings: Dict[str, Any], tmp_path: Path) -> None:
    """From disk and from bytes, into pipelines that were never initialized."""
    nlp = trained_parser(80, **settings)
    found = parse(nlp, [bare_doc(nlp, words) for words, _, _ in TREES])
    assert found == [gold_rows(tree) for tree in TREES]
    nlp.to_disk(tmp_path)
    expected = parse(nlp, unseen(nlp))
    for loaded in (spacy.load(tmp_path), load_model_from_config(nlp.config).from_bytes(nlp.to_bytes())):
        assert parse(loaded, unseen(loaded)) == expected
        assert parser(loaded).label_data == parser(nlp).label_data


def test_default_component_trains() -> None:
    """`nlp.add_pipe("rnn_parser")` and nothing else."""
    nlp = spacy.blank("en")
    nlp.add_pipe("rnn_parser")
    losses = train(nlp, tree_examples(nlp), 12, rate=0.003)
    assert losses[-1] < 0.2 * losses[0]


def test_crossing_arcs_are_learned_as_they_are() -> None:
    """Not lifted; a parser of projective trees gives a tree without any."""
    crossing = TREES[2]
    nlp = trained_parser(60, [crossing])
    assert parse(nlp, [bare_doc(nlp, crossing[0])]) == [gold_rows(crossing)]
    assert parser(nlp).labels == ("ROOT", "acl:relcl", "det", "nsubj", "obj", "obl")
    parser(nlp).cfg["decoder"] = "projective"
    (doc,) = nlp.pipe([bare_doc(nlp, crossing[0])])
    assert_well_formed(doc)
    assert rows_of(doc) != gold_rows(crossing)
    assert not is_nonproj_tree([token.head.i for token in doc])


@pytest.mark.parametrize("batch_size", [1, 3, 100])
def test_batches_do_not_matter(trained: Language, batch_size: int) -> None:
    expected = [parse(trained, [doc])[0] for doc in unseen(trained)]
    for docs in (unseen(trained) * 2, unseen(trained)[::-1]):
        found = {doc.text: rows_of(doc) for doc in trained.pipe(docs, batch_size=batch_size)}
        assert [found[doc.text] for doc in unseen(trained)] == expected


def test_untrained_parser_gives_trees() -> None:
    nlp = parser_nlp(save_probs=True)
    nlp.initialize(lambda: tree_examples(nlp))
    for doc in nlp.pipe([*unseen(nlp), bare_doc(nlp, "a " * 70)]):
        assert_well_formed(doc)
        # All trees are equally good.
        assert all(0 < token._.arc_prob <= 1 for token in doc)


def test_scores(trained: Language) -> None:
    """Those of spaCy's parser, with its weights."""
    scores = trained.evaluate(tree_examples(trained))
    assert scores["dep_uas"] == scores["dep_las"] == scores["sents_f"] == 1.0
    assert {"nsubj", "acl:relcl", "root"} <= set(scores["dep_las_per_type"])
    ours, spacys = (Language.get_factory_meta(name).default_score_weights for name in ("rnn_parser", "parser"))
    assert ours == spacys


def test_labels_by_init_labels(trained: Language) -> None:
    labels = parser(trained).label_data
    assert labels == {"arcs": ["acl:relcl", "det", "nsubj", "obj", "obl", "punct"], "roots": ["ROOT"]}
    nlp = parser_nlp()
    parser(nlp).initialize(lambda: tree_examples(nlp)[:1], labels=labels)
    assert parser(nlp).label_data == labels
    wrongs: List[Any] = [["nsubj"], {"arcs": []}, {"arcs": "x", "roots": []}, {"arcs": [1], "roots": []}]
    for wrong in wrongs:
        with pytest.raises(AnnotationError, match="R121"):
            parser(nlp).initialize(lambda: tree_examples(nlp), labels=wrong)


def test_labels_are_added_before_training() -> None:
    nlp = parser_nlp()
    assert [parser(nlp).add_label(label) for label in ("vocative", "vocative", "ROOT")] == [1, 0, 1]
    with pytest.raises(AnnotationError, match="R158"):
        parser(nlp).add_label("")
    train(nlp, tree_examples(nlp), 1)
    assert parser(nlp).label_data["arcs"][0] == "vocative"
    assert parser(nlp).add_label("det") == 0
    with pytest.raises(AnnotationError, match="R019"):
        parser(nlp).add_label("other")


def test_roots_keep_their_own_labels() -> None:
    """Data may have other labels of roots than spaCy's."""
    trees = [("a b", [0, 0], ["top", "x"]), ("c d", [1, 1], ["x", "frag"])]
    nlp = trained_parser(60, trees)
    assert parser(nlp).label_data == {"arcs": ["x"], "roots": ["frag", "top"]}
    assert parse(nlp, [bare_doc(nlp, words) for words, _, _ in trees]) == [gold_rows(tree) for tree in trees]
    for doc in nlp.pipe(unseen(nlp)):
        assert all((token.dep_ == "x") == (token.head.i != token.i) for token in doc)


def test_only_roots() -> None:
    """Sentences of one word teach no label of arcs; longer ones get the label that spaCy has for that."""
    nlp = trained_parser(5, [TREES[3]])
    (doc,) = nlp.pipe([bare_doc(nlp, "Yes no yes")])
    assert_well_formed(doc)
    assert sorted(token.dep_ for token in doc) == ["ROOT", "dep", "dep"]


def test_not_initialized() -> None:
    nlp = parser_nlp()
    with pytest.raises(NotInitializedError, match="R016"):
        nlp("a")
    assert len(nlp("")) == 0
    with pytest.raises(AnnotationError, match="R120"):
        nlp.initialize(lambda: [Example(bare_doc(nlp, "a"), bare_doc(nlp, "a"))])


@pytest.mark.parametrize("settings", [{"decoder": "greedy"}, {"sentences": "roots"}, {"max_length": 0}], ids=str)
def test_settings_out_of_range(settings: Dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(settings))):
        parser_nlp(**settings)
    nlp = parser_nlp()
    with pytest.raises(SettingError, match="R00[15]"):
        type(parser(nlp))(nlp.vocab, parser(nlp).model, **settings)


def test_model_settings_out_of_range() -> None:
    for settings in ({"arc_width": 0}, {"label_width": -1}, {"dropout": 1.0}, {"precision": "fp16"}):
        with pytest.raises(SettingError, match=f"R00[15].*{next(iter(settings))}"):
            build_parser_v1(tiny_encoder(), **settings)


def test_dropout_acts() -> None:
    """The rate of the config, where it has one, is that of the parser's own vectors."""
    nlp = without_noise(trained_parser(5))

    def losses(drop: float) -> List[float]:
        return [parser(nlp).update(tree_examples(nlp), drop=drop)["rnn_parser"] for _ in range(2)]

    plain = losses(0.0)
    assert plain[0] == pytest.approx(plain[1], rel=1e-5)
    assert losses(0.5)[0] != pytest.approx(plain[0], rel=1e-3)
    parser(nlp).model.attrs["own_dropout"] = 0.0
    (shim,) = parser(nlp).model.shims
    parser(nlp).update(tree_examples(nlp), drop=0.5)
    assert shim.module.dropout.p == 0.0


def test_rehearsal_pulls_towards_the_teacher() -> None:
    nlp = without_noise(trained_parser(60))
    expected = [gold_rows(tree) for tree in TREES]
    optimizer = nlp.resume_training()
    optimizer.learn_rate = 0.01
    other = [(words, [max(0, i - 1) for i in range(len(heads))], ["ROOT", *["det"] * (len(heads) - 1)])
             for words, heads, _ in TREES]  # fmt: skip
    for _ in range(20):
        nlp.update(tree_examples(nlp, other), sgd=optimizer)
    bare = [Example(bare_doc(nlp, words), bare_doc(nlp, words)) for words, _, _ in TREES]
    assert parse(nlp, [example.predicted.copy() for example in bare]) != expected
    history = [nlp.rehearse(bare, sgd=optimizer)["rnn_parser"] for _ in range(150)]
    assert 0 < history[-1] < 0.3 * history[0]
    assert parse(nlp, [example.predicted.copy() for example in bare]) == expected


def test_averages_act_on_the_parser() -> None:
    nlp = trained_parser(1)
    optimizer = nlp.resume_training()
    optimizer.averages = {}
    for _ in range(5):
        nlp.update(tree_examples(nlp), sgd=optimizer)
    shims = torch_shims(parser(nlp).model)
    names = {(shim.id, name) for shim in shims for name, weight in shim.module.named_parameters()}
    start = {key for key in names if key[1].startswith("start.")}
    assert names - start <= set(optimizer.averages) and not start & set(optimizer.averages)


@pytest.mark.parametrize("n_process", [1, 2])
def test_processes(trained: Language, n_process: int) -> None:
    docs = unseen(trained) * 4
    expected = parse(trained, [doc.copy() for doc in docs])
    assert parse(trained, docs, n_process=n_process, batch_size=5) == expected


def test_trees_that_are_there() -> None:
    nlp = trained_parser(60, overwrite=False)
    kept = ("The cats sleep .", [0, 0, 1, 0], ["ROOT", "x", "y", "z"])
    assert parse(nlp, [tree_doc(nlp, kept), bare_doc(nlp, TREES[1][0])]) == [gold_rows(kept), gold_rows(TREES[1])]
    parser(nlp).cfg["overwrite"] = True
    assert parse(nlp, [tree_doc(nlp, kept)]) == [gold_rows(TREES[0])]


def test_infinite_loss_stops() -> None:
    nlp = trained_parser(1)
    parser(nlp).model.shims[0].module.root_arc.data.fill_(float("nan"))
    with pytest.raises(ValueError, match=r"R013.*rnn_parser"):
        nlp.update(tree_examples(nlp), sgd=nlp.create_optimizer())
    for doc in nlp.pipe(unseen(nlp)):
        assert_well_formed(doc)


def test_frozen_and_annotating() -> None:
    """A component after the parser sees its trees in training."""
    nlp = trained_parser(60)
    seen: List[Any] = []

    @Language.component("spy_on_trees")
    def spy(doc: Doc) -> Doc:
        seen.append(rows_of(doc))
        return doc

    nlp.add_pipe("spy_on_trees")
    weights = parser(nlp).model.to_bytes()
    examples = tree_examples(nlp)
    nlp.update(examples, sgd=nlp.create_optimizer(), exclude=["rnn_parser"], annotates=["rnn_parser", "spy_on_trees"])
    assert seen == [gold_rows(tree) for tree in TREES]
    assert parser(nlp).model.to_bytes() == weights


def test_probabilities(trained: Language) -> None:
    """Those of a parser that is sure are high; each is about the arc that was chosen."""
    parser(trained).cfg["save_probs"] = True
    try:
        doc = trained(bare_doc(trained, TREES[0][0]))
        other = trained(bare_doc(trained, "dog which A cats"))
    finally:
        parser(trained).cfg["save_probs"] = False
    assert min(token._.arc_prob for token in doc) > 0.8
    assert doc._.rnn_arc_probs.shape == (4,) and doc._.rnn_arc_probs.dtype == np.float32
    assert min(token._.arc_prob for token in other) < 0.99
    assert trained(bare_doc(trained, "Yes"))[0]._.arc_prob is None
    copied = Doc(trained.vocab).from_bytes(doc.to_bytes())
    assert [token._.arc_prob for token in copied] == [token._.arc_prob for token in doc]


def test_joined_documents_need_sentences(trained: Language) -> None:
    """The sentences of a document are parsed each by itself."""
    tree = joined(TREES)
    starts = [i in (0, 4, 7, 14) for i in range(15)]
    docs = [bare_doc(trained, tree[0], starts), bare_doc(trained, tree[0])]
    given, whole = trained.pipe(docs)
    assert [sent.start for sent in given.sents] == [0, 4, 7, 14] and len(list(whole.sents)) == 1
    for doc in (given, whole):
        assert_well_formed(doc)


def test_initialize_with_other_labels() -> None:
    """Weights and labels of an earlier training are forgotten, except for labels that were there."""
    nlp = trained_parser(2)
    new = [("The cats sleep .", [2, 2, 3, 3], ["a", "b", "c", "d"])]
    train(nlp, tree_examples(nlp, new), 60, rate=0.02)
    assert {"a", "b", "c", "det"} <= set(parser(nlp).label_data["arcs"])
    assert parser(nlp).label_data["roots"] == ["ROOT", "d"]
    assert parse(nlp, [bare_doc(nlp, new[0][0])]) == [gold_rows(new[0])]


def test_tree_networks_run_on_its_trees() -> None:
    nlp = trained_parser(60, [(words, heads, list("abcdef")[: len(heads)]) for words, heads, _ in REVIEWS])
    tree = trained_tree(2)
    nlp.add_pipe("tree_rnn", source=tree)
    for words, heads, _ in REVIEWS:
        (doc,) = nlp.pipe([bare_doc(nlp, words)])
        assert [token.head.i for token in doc] == heads
        assert doc.cats and doc[0]._.tree_label is not None
