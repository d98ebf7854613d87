"""A task that needs structure, at depths that training never saw."""

import random
from typing import Any, Dict

import numpy as np
import spacy
from spacy.language import Language
from thinc.api import Adam

from ...helpers import component
from ...logic import logic_examples, make_expression

WORDS: Dict[str, Any] = {
    "@architectures": "spacy-rnn.WordFeatures.v1",
    "words": {"@architectures": "spacy-rnn.WordEmbed.v1", "width": 16, "rows": 20, "word_dropout": 0.0},
    "chars": None,
    "lexical": None,
    "vectors": None,
    "width": None,
}
TREE = {"@architectures": "spacy-rnn.TreeEncoder.v1", "embed": WORDS, "width": 32}
SEQUENCE = {
    "@architectures": "spacy-rnn.RNNEncoder.v1",
    "embed": WORDS,
    "encode": {"@architectures": "spacy-rnn.RNN.v1", "width": 64, "precision": "fp32"},
}


def trained(tok2vec: Dict[str, Any], epochs: int = 20) -> Language:
    """On expressions of depth 1 to 4, with the truth of every expression within them."""
    nlp = spacy.blank("xx")
    nlp.add_pipe("tree_rnn", config={"model": {"@architectures": "spacy-rnn.TreeRNN.v1", "tok2vec": tok2vec}})
    examples = logic_examples(nlp, [1, 2, 3, 4], 400, seed=0)
    nlp.initialize(lambda: examples)
    optimizer = Adam(0.01, L2=0.0)
    rng = np.random.default_rng(0)
    for _ in range(epochs):
        order = rng.permutation(len(examples))
        for start in range(0, len(examples), 40):
            component(nlp, "tree_rnn").update([examples[i] for i in order[start : start + 40]], sgd=optimizer)
    return nlp


def accuracy(nlp: Language, depths: list[int]) -> float:
    return float(nlp.evaluate(logic_examples(nlp, depths, 300, seed=1))["tree_acc"])


def test_trees_generalize_to_greater_depths() -> None:
    nlp = trained(TREE)
    assert accuracy(nlp, [1, 2, 3, 4]) == 1.0
    assert accuracy(nlp, [6, 7, 8]) >= 0.99


def test_a_sequence_network_does_not() -> None:
    """The same words, labels and output layer; brackets are there to be read."""
    nlp = trained(SEQUENCE, epochs=10)
    assert accuracy(nlp, [1, 2]) > 0.9
    assert accuracy(nlp, [6, 7, 8]) < 0.9


def test_expressions() -> None:
    """What they are worth is what Python says."""
    rng = random.Random(0)
    for depth in range(6):
        expression = make_expression(depth, rng)
        for start, end, value in expression.truths:
            words = [{"true": "True", "false": "False"}.get(word, word) for word in expression.words[start:end]]
            assert eval(" ".join(words)) == value
        assert sum(head == i for i, head in enumerate(expression.heads)) == 1
        levels = np.cumsum([{"(": 1, ")": -1}.get(word, 0) for word in expression.words])
        assert levels.max() == depth and levels[-1] == 0
