"""What is kept between predictions depends on all settings: one that is changed at run time gives what a pipeline gives
that had it from the start."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any, Callable, Dict, List

import pytest
import spacy
from spacy.language import Language
from thinc.api import Model

from spacy_rnn.apply.columns import Row, columns_of
from spacy_rnn.base.cache import empty_caches
from spacy_rnn.models.embed.features import build_word_features_v1
from spacy_rnn.models.embed.word import build_word_embed_v1

from ..helpers import TEXTS, component, make_doc, torch_shims, trained_tagger
from ..tree_helpers import REVIEWS, trained_tree, tree_doc
from .lemmatizer.lemmas import SENTENCES, tagged_doc, trained_lemmatizer
from .ner.entities import trained_ner
from .spancat.nested import trained_spancat
from .texts import trained_textcat
from .transducer.transducers import CHARS, trained_transducer

MAKE: Dict[str, Callable[[], Language]] = {
    "tagger": lambda: trained_tagger(5, save_scores=True),
    "textcat": lambda: trained_textcat(steps=5, save_attention=True),
    "ner": lambda: trained_ner(30, save_probs=True),
    "spancat": lambda: trained_spancat(20, threshold=0.01, save_probs=True),
    "tree": lambda: trained_tree(5),
    "lemmatizer": lambda: trained_lemmatizer(20),
    "transducer": lambda: trained_transducer(CHARS, "char", 20),
}

# Settings of the component, and of the layers that have them.
SETTINGS: Dict[str, List[Dict[str, Any]]] = {
    "tagger": [{"save_scores": False}, {"neg_prefix": "N"}],
    "textcat": [{"temperature": 3.0}, {"save_attention": False}],
    "ner": [{"max_length": 2}, {"save_probs": False}],
    "spancat": [{"max_width": 1}, {"threshold": 0.1}, {"allow_crossing": False}, {"max_positive": 1}],
    "tree": [{"threshold": 0.9}, {"save_scores": False}],
    "lemmatizer": [{"dictionary": False}, {"beams": 3}, {"max_chars": 2}, {"max_extra": 0}, {"attrs": []}],
    "transducer": [{"beams": 1}, {"length_penalty": 0.0}, {"max_ratio": 0.0, "max_extra": 1}, {"max_read": 2}],
}
LAYERS: List[Dict[str, Any]] = [{"max_chars": 2}, {"unicode_form": "NFD"}, {"attr": "LOWER"}, {"precision": "bf16"}]
CASES = [(name, own) for name, all_own in SETTINGS.items() for own in [*all_own, *LAYERS]]


def documents(nlp: Language, name: str) -> List[Any]:
    if name == "tree":
        return [tree_doc(nlp, words, heads) for words, heads, _ in REVIEWS]
    if name == "lemmatizer":
        unknown = [("Strangenesses", "NOUN"), ("wug", "VERB")]
        return [tagged_doc(nlp, [*((form, pos) for form, pos, _ in words), *unknown]) for words in SENTENCES]
    return [nlp.make_doc(text) for text in [*TEXTS, "THE CATS é sleeping sleeping", "abc bca abca"]]


def results(nlp: Language, name: str) -> List[Any]:
    row = Row(columns_of(nlp), nlp.vocab)
    return [row("", doc) for doc in nlp.pipe(documents(nlp, name))]


def change(nlp: Language, settings: Dict[str, Any]) -> None:
    pipe: Any = component(nlp, nlp.pipe_names[-1])
    for setting, value in settings.items():
        if setting == "precision":
            for shim in torch_shims(pipe.model):
                shim.precision = value
        elif settings in LAYERS:
            for node in pipe.model.walk():
                if setting in node.attrs:
                    node.attrs[setting] = value
        else:
            pipe.cfg[setting] = value


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("saved")
    for name, make in MAKE.items():
        make().to_disk(folder / name)
    return folder


@pytest.mark.parametrize(("name", "settings"), CASES, ids=str)
def test_setting_that_is_changed_at_run_time(saved: Path, name: str, settings: Dict[str, Any]) -> None:
    used, fresh = spacy.load(saved / name), spacy.load(saved / name)
    results(used, name)
    for nlp in (used, fresh):
        change(nlp, settings)
    assert results(used, name) == results(fresh, name)


def test_features_of_other_packages_are_not_kept() -> None:
    """Nobody tells when the weights of a layer of Thinc change."""

    def forward(model: Model, X: Any, is_train: bool) -> Any:
        table = model.ops.xp.ones((len(X.orths), 2), dtype="f")
        return table * model.get_param("W"), lambda d: []

    other: Any = Model("other", forward, params={"W": None}, dims={"nO": 2})
    other.set_param("W", other.ops.alloc1f(2) + 1)
    model = build_word_features_v1(words=build_word_embed_v1(width=4), chars=other, width=None)
    model.initialize(X=[make_doc(["a"])])
    before = model.predict([make_doc(["a"])]).vectors[:, 4:].tolist()
    other.get_param("W")[:] = 5
    assert before == [[1.0, 1.0]] and model.predict([make_doc(["a"])]).vectors[:, 4:].tolist() == [[5.0, 5.0]]


def test_caches_are_emptied() -> None:
    nlp = trained_tagger(1)
    nlp(TEXTS[0])
    caches = [node.attrs["cache"] for node in component(nlp).model.walk() if "cache" in node.attrs]
    assert caches and all(map(len, caches))
    empty_caches()
    assert not any(map(len, caches))


PRINT = """
import logging
logging.disable(logging.WARNING)
import torch
torch.set_num_threads(1)
from thinc.api import fix_random_seed
from spacy_rnn.base.hashing import sha256
from tests.pipeline.test_caches import MAKE
for name, make in MAKE.items():
    fix_random_seed(0)
    nlp = make()
    print(name, sha256(nlp.to_bytes(exclude=["vocab", "tokenizer"])))
"""


def test_training_does_not_depend_on_the_order_of_sets() -> None:
    """Equal weights, labels and settings in processes that hash strings differently."""
    found = set()
    for seed in ("1", "2"):
        environment = {**os.environ, "PYTHONHASHSEED": seed, "OMP_NUM_THREADS": "1"}
        command = [sys.executable, "-W", "ignore", "-c", PRINT]
        found.add(subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout)
    assert len(found) == 1 and found.pop().count("\n") == len(MAKE)
