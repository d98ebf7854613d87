"""The recursive encoder as a tok2vec architecture: shapes, gradients, other components above it."""

from pathlib import Path
from typing import Any, Dict, List

import numpy as np
import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example
from spacy.util import registry
from thinc.api import Model

from spacy_rnn.data.gold_parse import with_gold_parse
from spacy_rnn.models.tree import build_tree_encoder_v1

from ..helpers import assert_all_close, build, encoder_config, scatter_weights, train
from ..tree_helpers import REVIEWS, tree_doc, tree_encoder_config

NLP = spacy.blank("xx")
VARIANTS: List[Dict[str, Any]] = [
    {},
    {"cell": "gru", "dep_width": 4, "top_down": True},
    {"cell": "rnn_tanh", "dep_matrices": True, "attention": True},
]


def docs() -> List[Doc]:
    return [tree_doc(NLP, words, heads) for words, heads, _ in REVIEWS]


def encoder(**settings: Any) -> Model:
    model = build(tree_encoder_config(**settings))
    model.initialize(X=docs())
    return scatter_weights(model, 0.3)


@pytest.mark.parametrize("settings", VARIANTS, ids=str)
def test_one_array_a_document(settings: Dict[str, Any]) -> None:
    model = encoder(**settings)
    batch = [Doc(NLP.vocab), *docs(), Doc(NLP.vocab)]
    found = model.predict(batch)
    assert [array.shape for array in found] == [(len(doc), 16) for doc in batch]
    assert model.get_dim("nO") == 16
    assert_all_close(found, [model.predict([doc])[0] for doc in batch])
    assert model.predict([]) == []


@pytest.mark.parametrize("settings", VARIANTS, ids=str)
def test_groups_do_not_matter(settings: Dict[str, Any]) -> None:
    whole, parts = encoder(**settings), encoder(max_tokens=4, **settings)
    assert_all_close(parts.predict(docs()), whole.predict(docs()))


@pytest.mark.parametrize("settings", VARIANTS, ids=str)
def test_training_agrees_with_prediction(settings: Dict[str, Any]) -> None:
    """Without dropout; a step against the gradient makes a loss smaller."""
    model = encoder(**settings)
    for node in model.walk():
        if "word_dropout" in node.attrs:
            node.attrs["word_dropout"] = 0.0
        if "char_dropout" in node.attrs:
            node.attrs["char_dropout"] = 0.0
    model.begin_update(docs())  # the words get their rows
    from thinc.api import SGD

    optimizer = SGD(0.05)
    losses = []
    for _ in range(5):
        found, backprop = model.begin_update(docs())
        assert_all_close(found, model.predict(docs()), 1e-4)
        losses.append(float(sum((array**2).sum() for array in found)))
        backprop(found)
        model.finish_update(optimizer)
    assert losses == sorted(losses, reverse=True) and losses[-1] < 0.9 * losses[0]


def test_a_word_tells_of_its_subtree_only_unless_the_pass_goes_down_too() -> None:
    first, second = tree_doc(NLP, "a good film", [2, 2, 2]), tree_doc(NLP, "a bad film", [2, 2, 2])
    upward = encoder()
    one, other = upward.predict([first, second])
    np.testing.assert_allclose(one[0], other[0], atol=1e-6)
    assert not np.allclose(one[2], other[2], atol=1e-3)
    both = encoder(top_down=True)
    one, other = both.predict([first, second])
    assert not np.allclose(one[0], other[0], atol=1e-3)


def test_the_parse_matters() -> None:
    model = encoder(dep_width=4)
    flat, deep = tree_doc(NLP, "a good film", [2, 2, 2]), tree_doc(NLP, "a good film", [1, 2, 2])
    one, other = model.predict([flat, deep])
    assert not np.allclose(one[2], other[2], atol=1e-3)
    model.begin_update([flat])
    relabelled = tree_doc(NLP, "a good film", [2, 2, 2])
    relabelled[0].dep_ = "dep1"
    assert not np.allclose(model.predict([flat])[0][0], model.predict([relabelled])[0][0], atol=1e-3)


def test_any_encoder_below() -> None:
    """A sequence network reads the words first, the trees fold what it says."""
    config = {**tree_encoder_config(), "embed": encoder_config(width=12)}
    model = build(config)
    model.initialize(X=docs())
    assert model.get_dim("nI") == 12
    found, backprop = model.begin_update(docs())
    assert backprop(found) is not None
    assert_all_close(model.predict(docs()), [model.predict([doc])[0] for doc in docs()])


def test_unparsed_documents_are_refused() -> None:
    model = encoder()
    bare = Doc(NLP.vocab, words=["not", "parsed"])
    with pytest.raises(ValueError, match="R150.*not parsed"):
        model.predict([bare])
    with pytest.raises(ValueError, match="R150"):
        model.begin_update([docs()[0], bare])


def test_sample_may_be_unparsed() -> None:
    """Layers above may look at the output for the sample of `initialize`, once; nothing else may."""
    sample = [Doc(NLP.vocab, words=["not", "parsed"])]
    model = build(tree_encoder_config())
    model.initialize(X=sample)
    assert model.predict(sample)[0].shape == (2, 16)
    model.predict(docs())
    with pytest.raises(ValueError, match="R150"):
        model.predict(sample)
    assert model.copy().predict(docs())[0].shape == (3, 16)


def tagging_examples(nlp: Language) -> List[Example]:
    """The tag of a word depends on the word that hangs from it."""
    rows = [("x good", [1, 1], "A"), ("y good", [1, 1], "B"), ("x bad", [1, 1], "A"), ("y bad", [1, 1], "B")]
    examples = []
    for words, heads, tag in rows:
        doc = tree_doc(nlp, words, heads)
        doc[0].tag_, doc[1].tag_ = "X", tag
        examples.append(with_gold_parse(doc))
    return examples


@pytest.mark.parametrize("listener", [False, True], ids=["own", "shared"])
def test_under_the_tagger_of_spacy(listener: bool, tmp_path: Path) -> None:
    nlp = spacy.blank("xx")
    encoder_block: Any = tree_encoder_config()
    if listener:
        nlp.add_pipe("tok2vec", config={"model": encoder_block})
        encoder_block = {"@architectures": "spacy.Tok2VecListener.v1", "width": 16}
    nlp.add_pipe("tagger", config={"model": {"@architectures": "spacy.Tagger.v2", "tok2vec": encoder_block}})
    examples = tagging_examples(nlp)
    train(nlp, examples, 40)
    assert nlp.evaluate(examples)["tag_acc"] == 1.0
    nlp.to_disk(tmp_path)
    loaded = spacy.load(tmp_path)
    assert [token.tag_ for token in loaded(tree_doc(loaded, "y bad", [1, 1]))] == ["X", "B"]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"cell": "elman"}, "R001.*cell"),
        ({"width": 0}, "R005.*width"),
        ({"width": 7, "top_down": True}, "R006"),
        ({"dep_width": -1}, "R005.*dep_width"),
        ({"dep_rows": 1}, "R005.*dep_rows"),
        ({"dep_min_count": 0}, "R005.*dep_min_count"),
        ({"max_tokens": 0}, "R005.*max_tokens"),
        ({"dep_matrices": True}, "R151.*'lstm'.*rnn_tanh"),
        ({"precision": "fp8"}, "R001.*precision"),
    ],
)
def test_settings_are_checked(settings: Dict[str, Any], message: str) -> None:
    embed = build(encoder_config()["embed"])
    with pytest.raises(ValueError, match=message):
        build_tree_encoder_v1(embed, **settings)


def test_pooling_is_checked() -> None:
    build_rnn = registry.get("architectures", "spacy-rnn.TreeRNN.v1")
    with pytest.raises(ValueError, match="R001.*pooling"):
        build_rnn(build(tree_encoder_config()), pooling="max")
