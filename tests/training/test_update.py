"""A step of training that copies no documents."""

from __future__ import annotations

from typing import Any, Dict, List

import numpy as np
import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example
from thinc.api import Adam, fix_random_seed

from spacy_rnn.training.update import add_gradients

from ..helpers import torch_shims

WORDS = ["Ann", "saw", "old", "Rome", "."]
GOLD: Dict[str, Any] = {
    "heads": [1, 1, 3, 1, 1],
    "deps": ["nsubj", "ROOT", "amod", "obj", "punct"],
    "tags": ["NNP", "VBD", "JJ", "NNP", "."],
    "pos": ["PROPN", "VERB", "ADJ", "PROPN", "PUNCT"],
    "lemmas": ["Ann", "see", "old", "Rome", "."],
    "entities": ["U-PERSON", "O", "O", "U-LOC", "O"],
    "spans": {"sc": [(0, 3, "PERSON"), (8, 16, "LOC"), (12, 16, "LOC")]},
    "cats": {"good": 1.0, "bad": 0.0},
}
OURS = ("rnn_tagger", "rnn_ner", "rnn_spancat", "rnn_textcat", "rnn_lemmatizer", "tree_rnn")
SPACYS = ("tok2vec", "tagger", "morphologizer", "parser", "ner", "textcat", "trainable_lemmatizer")


def pipeline(*names: str) -> Language:
    fix_random_seed(0)
    nlp = spacy.blank("en")
    for name in names:
        nlp.add_pipe(name, config={"min_action_freq": 1} if name == "parser" else {})
    nlp.initialize(lambda: examples_of(nlp))
    return nlp


def examples_of(nlp: Language) -> List[Example]:
    examples = []
    for size in (5, 5, 0):
        doc = Doc(nlp.vocab, words=WORDS[:size])
        if size and "tree_rnn" in nlp.pipe_names:  # which learns from parses
            for token, head, dep in zip(doc, GOLD["heads"], GOLD["deps"]):
                token.head, token.dep_ = doc[head], dep
        examples.append(Example.from_dict(doc, GOLD) if size else Example(doc, doc.copy()))
    return examples


def all_weights(nlp: Language) -> List[np.ndarray]:
    found = []
    for _, pipe in nlp.pipeline:
        model: Any = pipe.model  # type: ignore[attr-defined]
        found += [np.asarray(node.get_param(name)) for node in model.walk() for name in node.param_names]
        found += [tensor.numpy() for shim in torch_shims(model) for tensor in shim.module.state_dict().values()]
    return found


@pytest.mark.parametrize("name", [*OURS, *SPACYS])
def test_learns_the_same_and_leaves_documents_alone(name: str) -> None:
    ways = []
    for update in (add_gradients, lambda nlp, examples, **rest: nlp.update(examples, sgd=False, **rest)):
        nlp = pipeline(name)
        fix_random_seed(1)
        optimizer, examples, losses = Adam(0.01), examples_of(nlp), {}  # type: ignore[var-annotated]
        before = [example.predicted.to_bytes() for example in examples]
        for _ in range(3):
            update(nlp, examples, drop=0.2, losses=losses)
            nlp.get_pipe(name).finish_update(optimizer)  # type: ignore[attr-defined]
        assert [example.predicted.to_bytes() for example in examples] == before
        ways.append((all_weights(nlp), losses))
    (ours, our_losses), (spacys, spacys_losses) = ways
    assert our_losses == pytest.approx(spacys_losses) and len(ours) == len(spacys) > 2
    for one, other in zip(ours, spacys):
        np.testing.assert_array_equal(one, other)


@Language.factory("test_writes")
class Writer:
    """What learns, and writes while it does."""

    def __init__(self, nlp: Language, name: str) -> None:
        pass

    def __call__(self, doc: Doc) -> Doc:
        doc.user_data["seen"] = True
        return doc

    def update(self, examples: List[Example], **settings: Any) -> None:
        for example in examples:
            example.predicted.user_data["seen"] = True


@pytest.mark.parametrize(
    ("names", "annotates"), [(["test_writes"], []), (["rnn_tagger", "rnn_textcat"], ["rnn_tagger"])]
)
def test_copies_where_documents_may_be_written_to(names: List[str], annotates: List[str]) -> None:
    nlp = pipeline(*names)
    examples = examples_of(nlp)
    before = [example.predicted.to_bytes() for example in examples]
    add_gradients(nlp, examples, drop=0.0, losses={}, annotates=annotates)
    assert [example.predicted.to_bytes() for example in examples] == before


def test_what_is_excluded_learns_nothing() -> None:
    nlp = pipeline("rnn_tagger", "rnn_textcat")
    losses: Any = {}
    add_gradients(nlp, examples_of(nlp), drop=0.0, losses=losses, exclude=["rnn_textcat"])
    assert list(losses) == ["rnn_tagger"]


def test_examples_are_checked() -> None:
    nlp = pipeline("rnn_tagger")
    with pytest.raises(TypeError, match="E978"):
        add_gradients(nlp, [nlp.make_doc("no example")], drop=0.0, losses={})  # type: ignore[list-item]
