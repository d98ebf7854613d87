"""The encoder inside spaCy's own components: learn, save, load, predict the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Callable, Dict, List

import numpy as np
import pytest
import spacy
from spacy.language import Language
from spacy.pipeline.tok2vec import Tok2VecListener
from spacy.tokens import Doc, Span
from spacy.training import Example
from spacy.util import load_model_from_config

from ..helpers import SENTENCES, component, encoder_config, gold_doc, scatter_weights, tagger_config, torch_shims, train

LISTENER = {"@architectures": "spacy.Tok2VecListener.v1", "width": 16, "upstream": "*"}
TOK2VEC_V2 = {
    "@architectures": "spacy.Tok2Vec.v2",
    "embed": {
        "@architectures": "spacy.MultiHashEmbed.v2",
        "width": 12,
        "attrs": ["NORM", "SUFFIX"],
        "rows": [100, 100],
        "include_static_vectors": False,
    },
    "encode": {"@architectures": "spacy-rnn.RNN.v1", "width": 16, "token_dropout": 0.0, "precision": "fp32"},
}


def parser_model(tok2vec: Any, state: str) -> Dict[str, Any]:
    return {
        "@architectures": "spacy.TransitionBasedParser.v2",
        "state_type": state,
        "extra_state_tokens": False,
        "hidden_width": 16,
        "maxout_pieces": 2,
        "use_upper": True,
        "nO": None,
        "tok2vec": tok2vec,
    }


MODELS: Dict[str, Callable[[Any], Dict[str, Any]]] = {
    "tagger": lambda tok2vec: {"@architectures": "spacy.Tagger.v2", "nO": None, "tok2vec": tok2vec},
    "morphologizer": lambda tok2vec: {"@architectures": "spacy.Tagger.v2", "nO": None, "tok2vec": tok2vec},
    "ner": lambda tok2vec: parser_model(tok2vec, "ner"),
    "parser": lambda tok2vec: parser_model(tok2vec, "parser"),
    "textcat": lambda tok2vec: {
        "@architectures": "spacy.TextCatReduce.v1",
        "exclusive_classes": True,
        "use_reduce_first": False,
        "use_reduce_last": False,
        "use_reduce_max": False,
        "use_reduce_mean": True,
        "nO": None,
        "tok2vec": tok2vec,
    },
    "rnn_tagger": lambda tok2vec: {"@architectures": "spacy-rnn.Tagger.v1", "precision": "fp32", "tok2vec": tok2vec},
    "rnn_parser": lambda tok2vec: {"@architectures": "spacy-rnn.Parser.v1", "precision": "fp32", "tok2vec": tok2vec},
    "rnn_ner": lambda tok2vec: {"@architectures": "spacy-rnn.NER.v1", "precision": "fp32", "tok2vec": tok2vec},
    "rnn_spancat": lambda tok2vec: {
        "@architectures": "spacy-rnn.SpanCat.v1",
        "edge_width": 16,
        "precision": "fp32",
        "tok2vec": tok2vec,
    },
}
READ: Dict[str, Callable[[Doc], Any]] = {
    "tagger": lambda doc: [token.tag_ for token in doc],
    "morphologizer": lambda doc: [(token.pos_, str(token.morph)) for token in doc],
    "ner": lambda doc: [(ent.text, ent.label_) for ent in doc.ents],
    "parser": lambda doc: [(token.head.i, token.dep_) for token in doc],
    "rnn_parser": lambda doc: [(token.head.i, token.dep_) for token in doc],
    "rnn_ner": lambda doc: [(ent.text, ent.label_) for ent in doc.ents],
    "rnn_spancat": lambda doc: sorted((span.start, span.end, span.label_) for span in doc.spans["sc"]),
    "textcat": lambda doc: max(doc.cats, key=doc.cats.__getitem__),
    "rnn_tagger": lambda doc: [(token.pos_, token.tag_, str(token.morph)) for token in doc],
}

# Components that listen to one encoder.
SHARED = ["tagger", "rnn_tagger", "rnn_parser", "rnn_ner", "rnn_spancat"]


def add(nlp: Language, name: str, tok2vec: Any) -> None:
    if name == "tok2vec":
        nlp.add_pipe("tok2vec", config={"model": tok2vec})
    else:
        rare_actions = {"min_action_freq": 1} if name == "parser" else {}
        nlp.add_pipe(name, config={"model": MODELS[name](tok2vec), **rare_actions})


def examples(nlp: Language) -> List[Example]:
    """Sentences with every kind of annotation, and the same without annotations."""
    golds = []
    for i, sentence in enumerate(SENTENCES):
        verb = max(0, len(sentence) - 2)
        deps = ["ROOT" if j == verb else "dep" for j in range(len(sentence))]
        gold = gold_doc(nlp, sentence, heads=[verb] * len(sentence), deps=deps)
        gold.set_ents([gold[0:1].char_span(0, len(gold[0]), label="FIRST")])
        gold.spans["sc"] = [Span(gold, 0, verb + 1, "UP"), Span(gold, verb, len(gold), "END")]
        gold.cats = {"even": float(i % 2 == 0), "odd": float(i % 2)}
        golds.append(gold)
    return [Example(Doc(nlp.vocab, words=[token.text for token in gold]), gold) for gold in golds]


def bare(nlp: Language) -> List[Doc]:
    docs = [Doc(nlp.vocab, words=[row[0] for row in sentence]) for sentence in SENTENCES]
    return [*docs, Doc(nlp.vocab), nlp.make_doc(" \n "), nlp.make_doc("Something else .")]


def read(nlp: Language, name: str) -> List[Any]:
    return [READ[name](doc) for doc in nlp.pipe(bare(nlp))]


def assert_reloads(nlp: Language, names: List[str], path: Path) -> None:
    """From disk, and from bytes into a pipeline built from the config alone."""
    nlp.to_disk(path)
    rebuilt = load_model_from_config(nlp.config).from_bytes(nlp.to_bytes())
    for loaded in (spacy.load(path), rebuilt):
        for name in names:
            assert read(loaded, name) == read(nlp, name)


@pytest.mark.parametrize("tok2vec", [encoder_config(), TOK2VEC_V2], ids=["RNNEncoder", "Tok2Vec.v2"])
@pytest.mark.parametrize("name", MODELS)
def test_overfits_and_reloads(name: str, tok2vec: Any, tmp_path: Path) -> None:
    nlp = spacy.blank("xx")
    add(nlp, name, tok2vec)
    data = examples(nlp)
    losses = train(nlp, data, 30)
    assert losses[-1] < 0.2 * losses[0]
    assert read(nlp, name)[: len(data)] == [READ[name](example.reference) for example in data]
    assert_reloads(nlp, [name], tmp_path)


@pytest.fixture
def shared(tmp_path: Path) -> Language:
    """Listeners on one encoder, trained."""
    nlp = spacy.blank("xx")
    for name in ("tok2vec", *SHARED):
        add(nlp, name, encoder_config() if name == "tok2vec" else LISTENER)
    train(nlp, examples(nlp), 60)
    return nlp


def assert_knows(nlp: Language, names: List[str]) -> None:
    data = examples(nlp)
    for name in names:
        assert read(nlp, name)[: len(data)] == [READ[name](example.reference) for example in data]


def test_listeners_share_an_encoder(shared: Language, tmp_path: Path) -> None:
    assert_knows(shared, SHARED)
    assert_reloads(shared, SHARED, tmp_path)


@pytest.mark.parametrize("name", SHARED)
def test_an_encoder_learns_from_sums(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a component teaches it about a token does not depend on how many others are in the batch, so that all
    components count alike."""
    nlp = spacy.blank("xx")
    encoder = encoder_config()
    encoder["embed"]["words"]["word_dropout"] = encoder["embed"]["chars"]["char_dropout"] = 0.0
    add(nlp, "tok2vec", encoder)
    add(nlp, name, LISTENER)
    data = examples(nlp)
    train(nlp, data, 3)
    sent: List[Any] = []
    receive = Tok2VecListener.receive

    def receive_and_tell(self: Any, batch_id: int, outputs: Any, backprop: Any) -> None:
        def tell(gradient: Any) -> Any:
            sent.append([*gradient])
            return backprop(gradient)

        receive(self, batch_id, outputs, tell)

    monkeypatch.setattr(Tok2VecListener, "receive", receive_and_tell)
    for batch in (data[:1], data[:3], [*data[:3], *data[:3]]):
        nlp.update(batch, drop=0.0, sgd=False)  # type: ignore[arg-type]
    first = [gradients[0] for gradients in sent]
    assert np.abs(first[0]).max() > 1e-3
    for other in first[1:]:
        np.testing.assert_allclose(other, first[0], rtol=1e-5, atol=1e-5)


def test_replaced_listeners_go_their_own_way(shared: Language, tmp_path: Path) -> None:
    expected = [read(shared, name) for name in SHARED]
    for name in SHARED:
        shared.replace_listeners("tok2vec", name, ["model.tok2vec"])
    ids = [shim.id for name in ("tok2vec", *SHARED) for shim in torch_shims(component(shared, name).model)]
    assert len(ids) == len(set(ids))
    shared.remove_pipe("tok2vec")
    assert [read(shared, name) for name in SHARED] == expected
    assert_reloads(shared, SHARED, tmp_path)
    frozen = component(shared, "tagger").model.to_bytes()
    optimizer = shared.resume_training()
    shared.update(examples(shared), sgd=optimizer, exclude=["tagger"])
    assert component(shared, "tagger").model.to_bytes() == frozen


def test_frozen_encoder_stays_as_it_is() -> None:
    """`frozen_components` and `annotating_components` as the training loop uses them."""
    nlp = spacy.blank("xx")
    for name in ("tok2vec", "rnn_tagger"):
        add(nlp, name, encoder_config() if name == "tok2vec" else LISTENER)
    data = examples(nlp)
    optimizer = nlp.initialize(lambda: data)
    scatter_weights(component(nlp, "tok2vec").model)
    optimizer.learn_rate = 0.05
    encoder = component(nlp, "tok2vec").model.to_bytes()
    head = component(nlp, "rnn_tagger").model.to_bytes()
    for _ in range(150):
        nlp.update(data, sgd=optimizer, exclude=["tok2vec"], annotates=["tok2vec"])
    assert component(nlp, "tok2vec").model.to_bytes() == encoder
    assert component(nlp, "rnn_tagger").model.to_bytes() != head
    assert_knows(nlp, ["rnn_tagger"])


def test_annotating_tagger_feeds_the_next_component() -> None:
    """A component that reads `token.pos` in training sees the tagger's predictions."""
    nlp = spacy.blank("xx")
    nlp.add_pipe("rnn_tagger", config=tagger_config())
    seen: List[str] = []
    train(nlp, examples(nlp), 30)
    add(nlp, "tagger", encoder_config())
    tagger = component(nlp, "tagger")
    tagger.initialize(lambda: examples(nlp), nlp=nlp)
    update = tagger.update

    def spy(batch: List[Example], **kwargs: Any) -> Any:
        seen.extend(token.pos_ for example in batch for token in example.predicted)
        return update(batch, **kwargs)

    tagger.update = spy
    nlp.update(examples(nlp), sgd=nlp.create_optimizer(), exclude=["rnn_tagger"], annotates=["rnn_tagger"])
    assert seen == [row[1] for sentence in SENTENCES for row in sentence]


def test_empty_documents_in_a_shared_update(shared: Language) -> None:
    docs = [Doc(shared.vocab), shared.make_doc("  "), Doc(shared.vocab)]
    optimizer = shared.resume_training()
    shared.update([Example(doc.copy(), doc) for doc in docs], sgd=optimizer)
    shared.update([Example(doc.copy(), doc) for doc in docs[::2]], sgd=optimizer)
    assert [len(doc) for doc in shared.pipe([Doc(shared.vocab) for _ in range(3)])] == [0, 0, 0]
