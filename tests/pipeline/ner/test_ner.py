"""The recognizer as a part of a pipeline: learning, saving, loading, streaming, scoring."""

from pathlib import Path
from typing import Any, Dict, List

import numpy as np
import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Doc, DocBin, Span
from spacy.training import Example
from spacy.util import load_model_from_config

from spacy_rnn.errors import AnnotationError, NotInitializedError, SettingError
from spacy_rnn.models.spans import build_ner_v1

from ...helpers import component, tiny_encoder, torch_shims, train
from ..texts import without_noise
from .entities import (
    SENTENCES,
    bare_doc,
    ent_doc,
    ent_examples,
    ents_of,
    ner_nlp,
    recognize,
    trained_ner,
)

UNSEEN = ["Ada came to London .", "", "London", "New York met Nobody Ada Lovelace", "She sleeps"]


@pytest.fixture(scope="module")
def trained() -> Language:
    return trained_ner(60)


def ner(nlp: Language) -> Any:
    return component(nlp, "rnn_ner")


def unseen(nlp: Language) -> List[Doc]:
    return [bare_doc(nlp, words) for words in UNSEEN]


@pytest.mark.parametrize("settings", [{}, {"precision": "bf16"}], ids=str)
def test_learns_entities_and_reloads(settings: Dict[str, Any], tmp_path: Path) -> None:
    """From disk and from bytes, into pipelines that were never initialized."""
    nlp = trained_ner(60, **settings)
    assert recognize(nlp, [bare_doc(nlp, words) for words, _ in SENTENCES]) == [ents for _, ents in SENTENCES]
    nlp.to_disk(tmp_path)
    expected = recognize(nlp, unseen(nlp))
    for loaded in (spacy.load(tmp_path), load_model_from_config(nlp.config).from_bytes(nlp.to_bytes())):
        assert recognize(loaded, unseen(loaded)) == expected
        assert ner(loaded).label_data == ner(nlp).label_data == ["LOC", "PER"]


def test_default_component_trains() -> None:
    """`nlp.add_pipe("rnn_ner")` and nothing else."""
    nlp = spacy.blank("en")
    nlp.add_pipe("rnn_ner")
    losses = train(nlp, ent_examples(nlp), 15, rate=0.005)
    assert losses[-1] < 0.3 * losses[0]


@pytest.mark.parametrize("batch_size", [1, 3, 100])
def test_batches_do_not_matter(trained: Language, batch_size: int) -> None:
    expected = [recognize(trained, [doc])[0] for doc in unseen(trained)]
    assert any(expected)
    for docs in (unseen(trained) * 2, unseen(trained)[::-1]):
        found = {doc.text: ents_of(doc) for doc in trained.pipe(docs, batch_size=batch_size)}
        assert [found[doc.text] for doc in unseen(trained)] == expected


def test_untrained_recognizer_finds_nothing() -> None:
    nlp = ner_nlp()
    nlp.initialize(lambda: ent_examples(nlp))
    for doc in nlp.pipe(unseen(nlp)):
        assert not doc.ents and all(token.ent_iob_ == "O" for token in doc)


def test_scores(trained: Language) -> None:
    """Those of spaCy's recognizer, with its weights."""
    scores = trained.evaluate(ent_examples(trained))
    assert scores["ents_p"] == scores["ents_r"] == scores["ents_f"] == 1.0
    assert set(scores["ents_per_type"]) == {"LOC", "PER"} and "ents_ece" not in scores
    ours, spacys = (Language.get_factory_meta(name).default_score_weights for name in ("rnn_ner", "ner"))
    assert ours == spacys


def test_partial_annotation_is_enough() -> None:
    """Each document says something about a few tokens; together they say it all. Tokens outside are known in some."""
    nlp = ner_nlp()
    examples = []
    for words, ents in SENTENCES:
        for kept in range(len(ents) + 1):
            gold = ent_doc(nlp, (words, ents))
            inner = {i for start, end, _ in ents for i in range(start, end)}
            outside = [gold[i : i + 1] for i in range(len(gold)) if i not in inner]
            gold.set_ents(
                list(gold.ents[kept : kept + 1]), outside=outside if kept == len(ents) else [], default="missing"
            )
            examples.append(Example(bare_doc(nlp, words), gold))
    train(nlp, examples, 80, rate=0.02)
    assert recognize(nlp, [bare_doc(nlp, words) for words, _ in SENTENCES]) == [ents for _, ents in SENTENCES]


def test_labels_by_init_labels(trained: Language) -> None:
    nlp = ner_nlp()
    ner(nlp).initialize(lambda: ent_examples(nlp)[:1], labels=["LOC", "PER", "X"])
    assert ner(nlp).label_data == ["LOC", "PER", "X"] and ner(nlp).labels == ("LOC", "PER", "X")
    wrongs: List[Any] = ["LOC", {"LOC": 1}, [1], [""]]
    for wrong in wrongs:
        with pytest.raises(AnnotationError, match="R131"):
            ner(nlp).initialize(lambda: ent_examples(nlp), labels=wrong)


def test_labels_are_added_before_training() -> None:
    nlp = ner_nlp()
    assert [ner(nlp).add_label(label) for label in ("ORG", "ORG", "A-B")] == [1, 0, 1]
    with pytest.raises(AnnotationError, match="R158"):
        ner(nlp).add_label("")
    train(nlp, ent_examples(nlp), 1)
    assert ner(nlp).label_data == ["ORG", "A-B", "LOC", "PER"]
    assert ner(nlp).add_label("LOC") == 0
    with pytest.raises(AnnotationError, match="R019"):
        ner(nlp).add_label("other")


def test_labels_of_any_shape() -> None:
    """Also such as look like parts of tags, with other tokens than the gold ones."""
    sentences = [("a b c d", [(0, 2, "B-x"), (2, 3, "-"), (3, 4, "ä ö")])]
    nlp = trained_ner(40, sentences)
    (example,) = ent_examples(nlp, sentences)
    split = Example(Doc(nlp.vocab, words=["a", "b", "c", "d", " "]), example.reference)
    assert ner(nlp).update([split])["rnn_ner"] < 5.0
    assert recognize(nlp, [bare_doc(nlp, "a b c d")]) == [sentences[0][1]]


def test_not_initialized() -> None:
    nlp = ner_nlp()
    with pytest.raises(NotInitializedError, match="R016"):
        nlp("a")
    assert len(nlp("")) == 0
    for reference in (bare_doc(nlp, "a"), ent_doc(nlp, ("a", []))):
        with pytest.raises(AnnotationError, match="R130"):
            nlp.initialize(lambda reference=reference: [Example(bare_doc(nlp, "a"), reference)])  # type: ignore[misc]


def test_settings_out_of_range() -> None:
    with pytest.raises(ValueError, match="max_length"):
        ner_nlp(max_length=0)
    with pytest.raises(SettingError, match=r"R005.*dropout"):
        build_ner_v1(tiny_encoder(), dropout=1.0)
    with pytest.raises(SettingError, match=r"R001.*precision"):
        build_ner_v1(tiny_encoder(), precision="fp16")  # type: ignore[arg-type]


def test_dropout_acts() -> None:
    """The rate of the config, where it has one, is that of the vectors of the recognizer."""
    nlp = without_noise(trained_ner(5))

    def losses(drop: float) -> List[float]:
        return [ner(nlp).update(ent_examples(nlp), drop=drop)["rnn_ner"] for _ in range(2)]

    plain = losses(0.0)
    assert plain[0] == pytest.approx(plain[1], rel=1e-5)
    assert losses(0.5)[0] != pytest.approx(plain[0], rel=1e-3)
    ner(nlp).model.attrs["own_dropout"] = 0.0
    (shim,) = ner(nlp).model.shims
    ner(nlp).update(ent_examples(nlp), drop=0.5)
    assert shim.module.dropout.p == 0.0


def test_rehearsal_pulls_towards_the_teacher() -> None:
    nlp = without_noise(trained_ner(60))
    expected = [ents for _, ents in SENTENCES]
    optimizer = nlp.resume_training()
    optimizer.learn_rate = 0.01
    for _ in range(20):
        nlp.update(ent_examples(nlp, [(words, []) for words, _ in SENTENCES]), sgd=optimizer)
    bare = [Example(bare_doc(nlp, words), bare_doc(nlp, words)) for words, _ in SENTENCES]
    assert recognize(nlp, [example.predicted.copy() for example in bare]) != expected
    history = [nlp.rehearse(bare, sgd=optimizer)["rnn_ner"] for _ in range(60)]
    assert 0 < history[-1] < 0.3 * history[0]
    assert recognize(nlp, [example.predicted.copy() for example in bare]) == expected


def test_averages_act_on_the_recognizer() -> None:
    nlp = trained_ner(1)
    optimizer = nlp.resume_training()
    optimizer.averages = {}
    for _ in range(5):
        nlp.update(ent_examples(nlp), sgd=optimizer)
    names = {(shim.id, name) for shim in torch_shims(ner(nlp).model) for name, _ in shim.module.named_parameters()}
    assert names <= set(optimizer.averages)


@pytest.mark.parametrize("n_process", [1, 2])
def test_processes(trained: Language, n_process: int) -> None:
    docs = unseen(trained) * 4
    expected = recognize(trained, [doc.copy() for doc in docs])
    assert recognize(trained, docs, n_process=n_process, batch_size=5) == expected


def test_infinite_loss_stops() -> None:
    nlp = trained_ner(1)
    ner(nlp).model.shims[0].module.start.data.fill_(float("nan"))
    with pytest.raises(ValueError, match=r"R013.*rnn_ner"):
        nlp.update(ent_examples(nlp), sgd=nlp.create_optimizer())
    assert len(recognize(nlp, unseen(nlp))) == len(UNSEEN)


def test_a_component_after_it_sees_its_entities_in_training() -> None:
    nlp = trained_ner(60)
    seen: List[Any] = []

    @Language.component("spy_on_entities")
    def spy(doc: Doc) -> Doc:
        seen.append(ents_of(doc))
        return doc

    nlp.add_pipe("spy_on_entities")
    names = ["rnn_ner", "spy_on_entities"]
    nlp.update(ent_examples(nlp), sgd=nlp.create_optimizer(), exclude=["rnn_ner"], annotates=names)
    assert seen == [ents for _, ents in SENTENCES]


def test_probabilities(trained: Language) -> None:
    """Those of a recognizer that is sure are high. They go with the entity, wherever the document goes."""
    ner(trained).cfg["save_probs"] = True
    try:
        doc = trained(bare_doc(trained, SENTENCES[0][0]))
        scores = trained.evaluate(ent_examples(trained))
        other = trained(bare_doc(trained, "London Lovelace in Ada Nobody Babbage City"))
    finally:
        ner(trained).cfg["save_probs"] = False
    assert len(doc.ents) == 2 and all(ent._.prob > 0.8 for ent in doc.ents)
    assert 0 < scores["ents_ece"] < 0.2
    assert all(0 < ent._.prob < 0.9999 for ent in other.ents)
    probabilities = doc._.rnn_ent_probs
    assert probabilities.dtype == np.float32 and (probabilities > 0).tolist() == [bool(t.ent_type) for t in doc]
    # Only exactly this entity has it.
    assert doc[2:4]._.prob == doc.ents[0]._.prob and doc[2:3]._.prob is doc[1:4]._.prob is doc[0:1]._.prob is None
    assert Doc(trained.vocab)[0:0]._.prob is None
    assert Span(doc, 2, 4, "LOC")._.prob is None
    stored = DocBin(store_user_data=True, docs=[doc]).to_bytes()
    from_bytes = Doc(trained.vocab).from_bytes(doc.to_bytes())
    for copied in [doc.copy(), from_bytes, *DocBin().from_bytes(stored).get_docs(doc.vocab)]:
        assert [ent._.prob for ent in copied.ents] == [ent._.prob for ent in doc.ents]
    assert all(ent._.prob is None for ent in trained(bare_doc(trained, SENTENCES[0][0])).ents)
    with doc.retokenize() as retokenizer:
        retokenizer.merge(doc[2:4])
    assert [ent._.prob is None for ent in doc.ents] == [True, False]


def test_probabilities_in_the_right_places() -> None:
    """By the expected calibration error of spans that are found and missed."""
    nlp = trained_ner(15, save_probs=True)
    examples = ent_examples(nlp)
    scores = nlp.evaluate(examples)
    found, hits = [], []
    for example in examples:
        golds, doc = ents_of(example.reference), nlp(example.predicted.copy())
        found += [ent._.prob for ent in doc.ents]
        hits += [ent in golds for ent in ents_of(doc)]
    assert found and all(found)
    bins: Dict[int, float] = {}
    for p, hit in zip(found, hits):
        bins[int(p * 15)] = bins.get(int(p * 15), 0.0) + p - hit
    assert scores["ents_ece"] == pytest.approx(sum(map(abs, bins.values())) / len(found), abs=1e-6)
    bare = [Example(bare_doc(nlp, "Ada"), bare_doc(nlp, "Ada"))]
    assert nlp.evaluate(bare)["ents_ece"] is None


def test_initialize_with_other_labels() -> None:
    """Weights of an earlier training are forgotten, labels are kept."""
    nlp = trained_ner(2)
    new = [("She met Ada Lovelace in London .", [(2, 4, "WHO")])]
    train(nlp, ent_examples(nlp, new), 60, rate=0.02)
    assert ner(nlp).label_data == ["LOC", "PER", "WHO"]
    assert recognize(nlp, [bare_doc(nlp, new[0][0])]) == [new[0][1]]


@pytest.mark.parametrize("listen", [False, True])
def test_over_encoders_of_spacy(listen: bool, tmp_path: Path) -> None:
    """One of its own, or one that several components share."""
    tok2vec = {"@architectures": "spacy.HashEmbedCNN.v2", "pretrained_vectors": None, "width": 16, "depth": 1,
               "embed_size": 100, "window_size": 1, "maxout_pieces": 2, "subword_features": True}  # fmt: skip
    nlp = spacy.blank("xx")
    if listen:
        nlp.add_pipe("tok2vec", config={"model": tok2vec})
        tok2vec = {"@architectures": "spacy.Tok2VecListener.v1", "width": 16, "upstream": "*"}
    nlp.add_pipe("rnn_ner", config={"model": {"@architectures": "spacy-rnn.NER.v1", "tok2vec": tok2vec}})
    train(nlp, ent_examples(nlp), 60, rate=0.02)
    expected = [ents for _, ents in SENTENCES]
    assert recognize(nlp, [bare_doc(nlp, words) for words, _ in SENTENCES]) == expected
    assert recognize(nlp, [Doc(nlp.vocab), Doc(nlp.vocab)]) == [[], []]
    nlp.to_disk(tmp_path)
    again = spacy.load(tmp_path)
    assert recognize(again, [bare_doc(again, words) for words, _ in SENTENCES]) == expected
