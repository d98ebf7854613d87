"""Whatever a caller has set in torch, components are built, trained, saved and called as without it."""

import pickle
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Callable, ContextManager, Dict, Iterator, List

import numpy as np
import pytest
import spacy
import torch
from spacy.language import Language
from spacy.tokens import Doc, Span
from spacy.training import Example
from thinc.api import fix_random_seed

from spacy_rnn.lm.evaluate import evaluate_lm
from spacy_rnn.lm.generate import generate
from spacy_rnn.lm.train import train_lm
from spacy_rnn.models.char_lm_file import load_lm

from ..helpers import encoder_config, tagger_config
from ..lm.helpers import tiny_settings, write_lm, write_text
from ..tree_helpers import tree_config
from .ner.entities import ner_config
from .parser.parsers import parser_config
from .spancat.nested import spancat_config
from .texts import textcat_config


@contextmanager
def default_dtype(dtype: torch.dtype) -> Iterator[None]:
    torch.set_default_dtype(dtype)
    try:
        yield
    finally:
        torch.set_default_dtype(torch.float32)


@contextmanager
def default_device(device: str) -> Iterator[None]:
    torch.set_default_device(device)
    try:
        yield
    finally:
        torch.set_default_device(None)


@contextmanager
def deterministic() -> Iterator[None]:
    torch.use_deterministic_algorithms(True)
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(False)


@contextmanager
def many_threads() -> Iterator[None]:
    torch.set_num_threads(3)
    try:
        yield
    finally:
        torch.set_num_threads(1)


STATES: Dict[str, Callable[[], ContextManager]] = {
    "float64": lambda: default_dtype(torch.float64),
    "bfloat16": lambda: default_dtype(torch.bfloat16),
    "default_meta": lambda: default_device("meta"),
    "meta": lambda: torch.device("meta"),
    "no_grad": torch.no_grad,
    "inference_mode": torch.inference_mode,
    "autocast": lambda: torch.autocast("cpu", dtype=torch.bfloat16),
    "deterministic": deterministic,
    "many_threads": many_threads,
}
STATE = pytest.mark.parametrize("state", STATES)


def pipeline(precision: str, lm: str) -> Language:
    """One component of each kind, with every layer that draws random numbers."""
    nlp = spacy.blank("en")
    tagger = tagger_config(precision=precision, token_dropout=0.2)
    context = {"@architectures": "spacy-rnn.CharLMEmbed.v1", "forward": lm, "width": 8, "precision": precision}
    tagger["model"]["tok2vec"]["embed"]["context"] = context
    nlp.add_pipe("rnn_tagger", config=tagger)
    nlp.add_pipe("tagger", config={"model": {"@architectures": "spacy.Tagger.v2", "tok2vec": encoder_config()}})
    small: Dict[str, Any] = {"width": 8, "hidden": 16, "scheduled_sampling": 0.5, "precision": precision}
    network = {"@architectures": "spacy-rnn.Lemmatizer.v1", **small, "tok2vec": encoder_config()}
    nlp.add_pipe("rnn_lemmatizer", config={"model": network, "dictionary": False})
    ngrams = {"hierarchy": "windows", "segment": 2, "ngrams": 2, "ngram_rows": 64, "hidden": 8, "precision": precision}
    nlp.add_pipe("rnn_textcat", config=textcat_config(model=ngrams, save_attention=True))
    nlp.add_pipe("tree_rnn", config=tree_config("attention", precision=precision, top_down=True, dep_width=4))
    nlp.add_pipe("rnn_parser", config=parser_config(precision=precision, save_probs=True))
    nlp.add_pipe("rnn_ner", config=ner_config(precision=precision, save_probs=True))
    nlp.add_pipe("rnn_spancat", config=spancat_config(precision=precision, threshold=0.1))
    nlp.add_pipe("rnn_transducer", config={"beams": 2, "model": {"@architectures": "spacy-rnn.Transducer.v1", **small}})
    return nlp


def make_docs(nlp: Language, **annotations: Any) -> List[Doc]:
    words, heads, deps = ["Dogs", "bark", "loudly"], [1, 1, 1], ["nsubj", "ROOT", "advmod"]
    return [Doc(nlp.vocab, words=words[:n], heads=heads[:n] if n > 1 else [0], deps=deps[:n],
                **{name: values[:n] for name, values in annotations.items()}) for n in (1, 2, 3)]  # fmt: skip


def make_examples(nlp: Language) -> List[Example]:
    morphs, tags = ["Number=Plur", "Tense=Pres", ""], ["NNS", "VBP", "RB"]
    pos, lemmas = ["NOUN", "VERB", "ADV"], ["dog", "bark", "loudly"]
    golds = make_docs(nlp, pos=pos, tags=tags, morphs=morphs, lemmas=lemmas)
    for n, gold in enumerate(golds):
        gold.cats = {"odd": float(n % 2), "even": 1.0 - n % 2}
        gold._.transduced = gold.text.upper()
        gold.set_ents([Span(gold, n // 2, n + 1, "X")])
        gold.spans["sc"] = [Span(gold, n // 2, n + 1, "X"), Span(gold, 0, n + 1, "Y")]
    return [Example(doc, gold) for doc, gold in zip(make_docs(nlp), golds)]


def read(nlp: Language, found: Dict[str, Any], name: str) -> None:
    docs = [*nlp.pipe(make_docs(nlp)), nlp(Doc(nlp.vocab, words=["Cats"], heads=[0], deps=["ROOT"]))]
    found[f"{name} tags"] = [(t.pos_, t.tag_, str(t.morph), t.lemma_) for doc in docs for t in doc]
    found[f"{name} arcs"] = [(t.head.i, t.dep_) for doc in docs for t in doc]
    found[f"{name} arc probabilities"] = np.array([t._.arc_prob for doc in docs for t in doc])
    found[f"{name} entities"] = [(e.start, e.end, e.label_) for doc in docs for e in doc.ents]
    found[f"{name} entity probabilities"] = np.concatenate([doc._.rnn_ent_probs for doc in docs])
    found[f"{name} spans"] = [(s.start, s.end, s.label_) for doc in docs for s in doc.spans["sc"]]
    found[f"{name} scores of spans"] = np.concatenate([doc.spans["sc"].attrs["scores"] for doc in docs])
    found[f"{name} texts"] = [doc._.transduced for doc in docs]
    found[f"{name} numbers"] = np.array([value for doc in docs for value in doc.cats.values()])
    found[f"{name} attention"] = np.concatenate([doc._.rnn_attention for doc in docs])
    found[f"{name} trees"] = np.concatenate([doc._.tree_rnn["scores"] for doc in docs])


def life(nlp: Language, found: Dict[str, Any]) -> None:
    """Train, save, load, copy and call a pipeline."""
    examples = make_examples(nlp)
    optimizer = nlp.initialize(lambda: examples)
    optimizer.learn_rate = 0.01
    optimizer.averages = {}
    losses: Dict[str, float] = {}
    for _ in range(3):
        nlp.update(examples, sgd=optimizer, losses=losses, drop=0.2)
    found.update(losses)
    read(nlp, found, "trained")
    with nlp.use_params(optimizer.averages):
        read(nlp, found, "averaged")
    nlp.resume_training()
    nlp.rehearse(examples, sgd=optimizer)
    read(nlp, found, "rehearsed")


def loaded(nlp: Language, found: Dict[str, Any]) -> List[Language]:
    """Copies of a pipeline, made in several ways."""
    copies = [type(nlp).from_config(nlp.config).from_bytes(nlp.to_bytes()), pickle.loads(pickle.dumps(nlp))]
    for number, other in enumerate(copies):
        for _, pipe in other.pipeline:
            pipe.model = pipe.model.copy()
        read(other, found, f"copy {number}")
    return copies


def assert_same(found: Dict[str, Any], expected: Dict[str, Any], tolerance: float) -> None:
    assert list(found) == list(expected)
    for name, value in expected.items():
        if isinstance(value, list):
            assert found[name] == value, name
        else:
            np.testing.assert_allclose(found[name], value, rtol=tolerance, atol=tolerance, err_msg=name)


@pytest.fixture(scope="module")
def lm(tmp_path_factory: pytest.TempPathFactory) -> str:
    return write_lm(tmp_path_factory.mktemp("lm") / "forward.safetensors")


@pytest.fixture(scope="module")
def expected(lm: str) -> Dict[str, Dict[str, Any]]:
    """By precision."""
    found: Dict[str, Dict[str, Any]] = {"fp32": {}, "bf16": {}}
    for precision, own in found.items():
        fix_random_seed(0)
        nlp = pipeline(precision, lm)
        life(nlp, own)
        loaded(nlp, own)
    return found


@pytest.mark.parametrize(("state", "precision"), [*((state, "fp32") for state in STATES), ("autocast", "bf16")])
def test_pipelines(state: str, precision: str, lm: str, expected: Dict[str, Dict[str, Any]]) -> None:
    found: Dict[str, Any] = {}
    with STATES[state]():
        nlp = pipeline(precision, lm)
        life(nlp, found)
        copies = loaded(nlp, found)
    assert_same(found, expected[precision], 1e-4 if state == "many_threads" else 1e-5)
    # What was made there works outside, too.
    for other in (nlp, *copies):
        after: Dict[str, Any] = {}
        read(other, after, "rehearsed")
        assert_same(after, {name: found[name] for name in after}, 1e-5)
        other.update(make_examples(other), sgd=other.resume_training())


@STATE
def test_language_models(state: str, tmp_path: Path) -> None:
    def run(folder: Path) -> List[Any]:
        folder.mkdir()
        text = write_text(folder / "text.txt")
        path = train_lm(text, folder, tiny_settings(epochs=0.3, dropout=0.2, precision="bf16"))
        found = [*evaluate_lm(path, text).values(), *evaluate_lm(path, text, adapt=0.01).values()]
        return [path.read_bytes(), found, generate(load_lm(path), n=2, max_chars=20)]

    expected = run(tmp_path / "plain")
    with STATES[state]():
        weights, scores, texts = run(tmp_path / "other")
    np.testing.assert_allclose(scores, expected[1], rtol=1e-3 if state == "many_threads" else 0.0)
    if state != "many_threads":
        assert [weights, texts] == [expected[0], expected[2]]


@STATE
def test_the_state_is_restored(state: str) -> None:
    from spacy_rnn.shim import plain_torch

    def now() -> List[Any]:
        return [torch.get_default_dtype(), torch.get_default_device(), torch.is_grad_enabled(),
                torch.is_inference_mode_enabled(), torch.is_autocast_enabled("cpu")]  # fmt: skip

    plain = now()
    with STATES[state]():
        before = now()
        with plain_torch(build=True):
            assert now() == plain
        assert now() == before
