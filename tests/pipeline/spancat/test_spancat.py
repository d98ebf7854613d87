"""The component: learning, annotations, saving, and what users of spaCy's `spancat` expect."""

import logging
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Dict, Iterator, List

import numpy as np
import pytest
import spacy
import spacy.util
from hypothesis import given
from hypothesis import strategies as st
from spacy.language import Language
from spacy.tokens import Doc, DocBin, Span
from spacy.training import Example

from spacy_rnn.errors import AnnotationError, NotInitializedError, SettingError
from spacy_rnn.models.spans import build_spancat_v1

from ...helpers import component, tiny_encoder, torch_shims, train
from ...nn.parsing.test_nesting import are_nested
from .nested import (
    SENTENCES,
    bare_doc,
    categorize,
    span_doc,
    span_examples,
    spancat_config,
    spancat_nlp,
    spans_of,
    trained_spancat,
)

UNSEEN = ["Bank of London", "", "Paris", "Ada met New York City . " * 3, "\n  \n", "nobody 's City of York"]
EXPECTED = [sorted(rows) for _, rows in SENTENCES]


@pytest.fixture(scope="module")
def trained() -> Language:
    return trained_spancat()


def spancat(nlp: Language) -> Any:
    return component(nlp, "rnn_spancat")


def gold_docs(nlp: Language) -> List[Doc]:
    return [bare_doc(nlp, words) for words, _ in SENTENCES]


def unseen(nlp: Language) -> List[Doc]:
    return [nlp.make_doc(text) for text in UNSEEN]


@contextmanager
def changed(nlp: Language, **settings: Any) -> Iterator[None]:
    """Settings within a block."""
    cfg = spancat(nlp).cfg
    before = {name: cfg[name] for name in settings}
    cfg.update(settings)
    try:
        yield
    finally:
        cfg.update(before)


def test_learns_by_heart(trained: Language, tmp_path: Path) -> None:
    """Spans in each other, and several labels of the same span; saved and loaded in every way."""
    assert categorize(trained, gold_docs(trained)) == EXPECTED
    trained.to_disk(tmp_path)
    rebuilt = type(trained).from_config(trained.config).from_bytes(trained.to_bytes())
    for again in (spacy.load(tmp_path), rebuilt):
        assert categorize(again, gold_docs(again)) == EXPECTED
        assert categorize(again, unseen(again)) == categorize(trained, unseen(trained))


def test_from_defaults() -> None:
    """`nlp.add_pipe("rnn_spancat")` and nothing else."""
    nlp = spacy.blank("en")
    nlp.add_pipe("rnn_spancat")
    losses = train(nlp, span_examples(nlp), 15, rate=0.005)
    assert losses[-1] < 0.3 * losses[0]


def test_group_as_spacy_has_it(trained: Language) -> None:
    """One score a span; the key is there also where nothing was found; what was there is replaced."""
    doc = bare_doc(trained, SENTENCES[0][0])
    doc.spans["sc"] = [doc[6:7]]
    doc.spans["other"] = [doc[6:7]]
    group = trained(doc).spans["sc"]
    assert group.name == "sc" and len(group) == 4 and len(doc.spans["other"]) == 1
    scores = group.attrs["scores"]
    assert scores.shape == (4,) and scores.dtype == np.float32 and scores.min() > 0.5
    for empty in trained.pipe(["", " "]):
        assert len(empty.spans["sc"]) == 0 and len(empty.spans["sc"].attrs["scores"]) == 0
    ours, spacys = (Language.get_factory_meta(name) for name in ("rnn_spancat", "spancat"))
    assert ours.default_score_weights == spacys.default_score_weights
    shared = ("spans_key", "threshold", "max_positive", "scorer")
    assert all(ours.default_config[name] == spacys.default_config[name] for name in shared)  # type: ignore[index]


@pytest.mark.parametrize("batch_size", [1, 3, 100])
def test_batches_do_not_matter(trained: Language, batch_size: int) -> None:
    expected = [categorize(trained, [doc])[0] for doc in unseen(trained)]
    assert any(expected)
    for docs in (unseen(trained) * 2, unseen(trained)[::-1]):
        found = {doc.text: spans_of(doc) for doc in trained.pipe(docs, batch_size=batch_size)}
        assert [found[doc.text] for doc in unseen(trained)] == expected


@pytest.mark.parametrize("n_process", [1, 2])
def test_processes(trained: Language, n_process: int) -> None:
    docs = unseen(trained) * 4
    expected = categorize(trained, [doc.copy() for doc in docs])
    assert categorize(trained, docs, n_process=n_process, batch_size=5) == expected


def test_untrained_categorizer_finds_nothing() -> None:
    nlp = spancat_nlp()
    nlp.initialize(lambda: span_examples(nlp))
    assert not any(categorize(nlp, unseen(nlp)))


def test_another_key() -> None:
    nlp = trained_spancat(40, spans_key="mine")
    doc = nlp(bare_doc(nlp, SENTENCES[1][0]))
    assert list(doc.spans) == ["mine"] and spans_of(doc, "mine") == EXPECTED[1]
    scores = nlp.evaluate(span_examples(nlp, key="mine"))
    assert scores["spans_mine_f"] == 1.0


def test_scores(trained: Language) -> None:
    """Those of spaCy's `spancat`."""
    scores = trained.evaluate(span_examples(trained))
    assert scores["spans_sc_p"] == scores["spans_sc_r"] == scores["spans_sc_f"] == 1.0
    assert set(scores["spans_sc_per_type"]) == {"GPE", "LOC", "ORG", "PER"} and "spans_sc_ece" not in scores


def test_calibration_is_scored() -> None:
    """By the expected calibration error of spans that are found and missed."""
    nlp = trained_spancat(12, save_probs=True, threshold=0.1)
    examples = span_examples(nlp)
    error = nlp.evaluate(examples)["spans_sc_ece"]
    bins: Dict[int, float] = {}
    count = 0
    for example in examples:
        doc = nlp(example.predicted.copy())
        group = doc.spans["sc"]
        for span, p in zip(group, group.attrs["scores"].tolist()):
            hit = (span.start, span.end, span.label_) in spans_of(example.reference)
            bins[int(p * 15)] = bins.get(int(p * 15), 0.0) + p - hit
            count += 1
    assert count and error == pytest.approx(sum(map(abs, bins.values())) / count, abs=1e-6)
    bare = [Example(bare_doc(nlp, "Ada"), bare_doc(nlp, "Ada"))]
    assert nlp.evaluate(bare)["spans_sc_ece"] is None


def test_probabilities(trained: Language) -> None:
    """They go with the span, wherever the document goes, and are those of all labels."""
    with changed(trained, save_probs=True):
        doc = trained(bare_doc(trained, SENTENCES[0][0]))
        again = trained(doc.copy())
    scores = doc.spans["sc"].attrs["scores"].tolist()
    assert [span._.prob for span in doc.spans["sc"]] == scores
    assert [span._.prob for span in again.spans["sc"]] == scores
    stored = DocBin(store_user_data=True, docs=[doc]).to_bytes()
    from_bytes = Doc(trained.vocab).from_bytes(doc.to_bytes())
    for copied in [doc.copy(), from_bytes, *DocBin().from_bytes(stored).get_docs(doc.vocab)]:
        assert [span._.prob for span in copied.spans["sc"]] == scores
    for span in doc.spans["sc"]:
        names, values = zip(*span._.label_probs)
        assert set(names) == set(spancat(trained).labels) and list(values) == sorted(values, reverse=True)
        assert dict(span._.label_probs)[span.label_] == span._.prob
    # Of the tokens of a span that was found, also of other labels.
    assert Span(doc, 3, 5, "PER")._.prob < 0.5
    assert doc[3:5]._.label_probs is not None and doc[3:5]._.prob is None
    assert doc[2:5]._.label_probs is Span(doc, 2, 5, "LOC")._.prob is doc[0:0]._.label_probs is None
    plain = trained(bare_doc(trained, SENTENCES[0][0]))
    assert all(span._.prob is None and span._.label_probs is None for span in plain.spans["sc"])


def test_probabilities_after_tokens_are_merged(trained: Language) -> None:
    with changed(trained, save_probs=True):
        doc = trained(bare_doc(trained, SENTENCES[0][0]))
    with doc.retokenize() as retokenizer:
        retokenizer.merge(doc[5:7])
    assert Span(doc, 3, 5, "LOC")._.prob > 0.5 and Span(doc, 3, 6, "GPE")._.prob is None


def test_two_groups_and_entities(trained: Language) -> None:
    """Each keeps its own probabilities."""
    doc = bare_doc(trained, SENTENCES[1][0])
    doc.set_ents([Span(doc, 0, 2, "PER")])
    doc._.rnn_ent_probs = np.array([0.25, 0.25, 0.0, 0.0], dtype=np.float32)
    for key in ("one", "two"):
        with changed(trained, save_probs=True, spans_key=key):
            spancat(trained)(doc)
    assert spans_of(doc, "one") == spans_of(doc, "two") == EXPECTED[1]
    assert [span._.prob == 0.25 for span in doc.spans["one"]] == [True, False]
    for key in ("one", "two"):
        group = doc._.rnn_span_probs[key]
        assert group["labels"] == list(spancat(trained).labels)
        assert group["spans"].tolist() == [[0, 1], [0, 3]] and group["probs"].shape == (2, 4)


tokens_lists = st.lists(st.sampled_from(["Ada", "London", " ", "\n", "bank", "New"]), min_size=1, max_size=9)


@given(words=tokens_lists, seed=st.integers(0, 1000), crossing=st.booleans(), width=st.sampled_from([None, 1, 3]))
def test_limits_of_spans(trained: Language, words: List[str], seed: int, crossing: bool, width: Any) -> None:
    """Whatever the model prefers: no span crosses a sentence, begins or ends with whitespace, or is too long."""
    starts = [True, *(np.random.default_rng(seed).random(len(words) - 1) < 0.2).tolist()]
    doc = Doc(trained.vocab, words=words, sent_starts=starts)
    with changed(trained, threshold=0.0 if crossing else 1e-6, allow_crossing=crossing, max_width=width):
        spans = list(component(trained, "rnn_spancat")(doc).spans["sc"])
    for span in spans:
        assert not span[0].is_space and not span[-1].is_space
        assert not any(token.is_sent_start for token in span[1:])
        assert width is None or len(span) <= width
    assert crossing or are_nested({(span.start, span.end - 1) for span in spans})
    assert bool(spans) or not crossing or all(word.isspace() for word in words)


def test_most_labels(trained: Language) -> None:
    with changed(trained, max_positive=1):
        (rows,) = categorize(trained, [bare_doc(trained, SENTENCES[0][0])])
    assert len(rows) == 3 and set(rows) < set(EXPECTED[0])


def test_crossing_spans() -> None:
    sentences = [("a b c d", [(0, 3, "X"), (1, 4, "Y")])]
    nlp = trained_spancat(50, sentences)
    assert categorize(nlp, [bare_doc(nlp, "a b c d")]) == [sentences[0][1]]
    with changed(nlp, allow_crossing=False):
        (rows,) = categorize(nlp, [bare_doc(nlp, "a b c d")])
    assert len(rows) == 1 and rows[0] in sentences[0][1]


def test_long_documents_are_cut(
    trained: Language, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sentences, or what has none, after so many tokens, with a message; no span crosses a cut."""
    monkeypatch.setattr(spacy.util.logger, "propagate", True)
    monkeypatch.setattr(spacy.util.logger, "handlers", [])
    doc = bare_doc(trained, "New York City " * 4)
    with changed(trained, max_length=4, threshold=0.0), caplog.at_level(logging.WARNING, "spacy"):
        trained(bare_doc(trained, "New York City sleeps"))
        assert not caplog.messages
        (rows,) = categorize(trained, [doc])
    assert rows and all(start // 4 == (end - 1) // 4 for start, end, _ in rows)
    assert "a sentence of 12 tokens is cut into pieces of 4" in caplog.text


def test_unknown_stretches_are_enough() -> None:
    """Some documents tell of one span, and of nothing else where others are. These do not count as wrong."""
    probabilities = []
    for key in ("unsure", None):
        nlp = spancat_nlp(unknown_key=key)
        examples = span_examples(nlp)
        for words, rows in SENTENCES[:3] * 3:
            gold = span_doc(nlp, (words, rows[:1]))
            gold.spans["unsure"] = [Span(gold, start, end) for start, end, _ in rows]
            examples.append(Example(bare_doc(nlp, words), gold))
        train(nlp, examples, 40, rate=0.02)
        with changed(nlp, threshold=0.0):
            doc = nlp(bare_doc(nlp, SENTENCES[2][0]))
        found = dict(zip(spans_of(doc), doc.spans["sc"].attrs["scores"].tolist()))
        probabilities.append(min(found[row] for row in SENTENCES[2][1]))
        if key is not None:
            assert categorize(nlp, gold_docs(nlp)) == EXPECTED
    assert probabilities[0] > 0.8 > probabilities[1]


def test_labels_by_init_labels() -> None:
    nlp = spancat_nlp()
    spancat(nlp).initialize(lambda: span_examples(nlp)[:1], labels=["LOC", "PER", "X"])
    assert spancat(nlp).label_data == ["LOC", "PER", "X"] and spancat(nlp).labels == ("LOC", "PER", "X")
    wrongs: List[Any] = ["LOC", {"LOC": 1}, [1], [""]]
    for wrong in wrongs:
        with pytest.raises(AnnotationError, match="R131"):
            spancat(nlp).initialize(lambda: span_examples(nlp), labels=wrong)


def test_labels_are_added_before_training() -> None:
    nlp = spancat_nlp()
    assert [spancat(nlp).add_label(label) for label in ("X", "X", "A-B")] == [1, 0, 1]
    with pytest.raises(AnnotationError, match="R158"):
        spancat(nlp).add_label("")
    train(nlp, span_examples(nlp), 1)
    assert spancat(nlp).label_data == ["X", "A-B", "GPE", "LOC", "ORG", "PER"]
    assert spancat(nlp).add_label("LOC") == 0
    with pytest.raises(AnnotationError, match="R019"):
        spancat(nlp).add_label("other")


def test_not_initialized() -> None:
    nlp = spancat_nlp()
    with pytest.raises(NotInitializedError, match="R016"):
        nlp("a")
    assert len(nlp("").spans["sc"]) == 0
    for reference in (bare_doc(nlp, "a"), span_doc(nlp, ("a", []))):
        with pytest.raises(AnnotationError, match=r"R132.*'sc'"):
            nlp.initialize(lambda reference=reference: [Example(bare_doc(nlp, "a"), reference)])  # type: ignore[misc]


@pytest.mark.parametrize(
    "setting", [{"max_length": 0}, {"max_width": 0}, {"max_positive": 0}, {"threshold": 1.1}, {"threshold": -0.1}]
)
def test_settings_out_of_range(setting: Dict[str, Any]) -> None:
    with pytest.raises(SettingError, match=rf"R005.*{next(iter(setting))}"):
        spancat_nlp(**setting)


def test_settings_of_the_model_out_of_range() -> None:
    for setting in ("dropout", "edge_width"):
        with pytest.raises(SettingError, match=rf"R005.*{setting}"):
            build_spancat_v1(tiny_encoder(), **{setting: 1.0 if setting == "dropout" else 0})  # type: ignore[arg-type]
    with pytest.raises(SettingError, match=r"R001.*precision"):
        build_spancat_v1(tiny_encoder(), precision="fp16")  # type: ignore[arg-type]


def test_rehearsal_pulls_towards_the_teacher() -> None:
    nlp = trained_spancat()
    optimizer = nlp.resume_training()
    optimizer.learn_rate = 0.01
    for _ in range(15):
        nlp.update(span_examples(nlp, [(words, []) for words, _ in SENTENCES]), sgd=optimizer)
    bare = [Example(doc, doc.copy()) for doc in gold_docs(nlp)]
    assert categorize(nlp, gold_docs(nlp)) != EXPECTED
    history = [nlp.rehearse(bare, sgd=optimizer)["rnn_spancat"] for _ in range(100)]
    assert 0 < history[-1] < 0.3 * history[0]
    assert categorize(nlp, gold_docs(nlp)) == EXPECTED


def test_averages_act_on_the_categorizer() -> None:
    nlp = trained_spancat(1)
    optimizer = nlp.resume_training()
    optimizer.averages = {}
    for _ in range(5):
        nlp.update(span_examples(nlp), sgd=optimizer)
    names = {(shim.id, name) for shim in torch_shims(spancat(nlp).model) for name, _ in shim.module.named_parameters()}
    assert names <= set(optimizer.averages)


def test_infinite_loss_stops() -> None:
    nlp = trained_spancat(1)
    spancat(nlp).model.shims[0].module.first.bias.data.fill_(float("nan"))
    with pytest.raises(ValueError, match=r"R013.*rnn_spancat"):
        nlp.update(span_examples(nlp), sgd=nlp.create_optimizer())
    assert len(categorize(nlp, unseen(nlp))) == len(UNSEEN)


def test_initialize_with_other_labels() -> None:
    """Weights of an earlier training are forgotten, labels are kept."""
    nlp = trained_spancat(2)
    new = [("The Bank of New York City fell", [(0, 6, "WHO"), (3, 6, "WHO")])]
    train(nlp, span_examples(nlp, new), 40, rate=0.02)
    assert spancat(nlp).label_data == ["GPE", "LOC", "ORG", "PER", "WHO"]
    assert categorize(nlp, [bare_doc(nlp, new[0][0])]) == [new[0][1]]


@pytest.mark.parametrize("listen", [False, True])
def test_over_encoders_of_spacy(listen: bool, tmp_path: Path) -> None:
    """One of its own, or one that several components share."""
    tok2vec: Dict[str, Any] = {"@architectures": "spacy.HashEmbedCNN.v2", "pretrained_vectors": None, "width": 16,
                               "depth": 1, "embed_size": 100, "window_size": 1, "maxout_pieces": 2,
                               "subword_features": True}  # fmt: skip
    nlp = spacy.blank("xx")
    if listen:
        nlp.add_pipe("tok2vec", config={"model": tok2vec})
        tok2vec = {"@architectures": "spacy.Tok2VecListener.v1", "width": 16, "upstream": "*"}
    nlp.add_pipe("rnn_spancat", config=spancat_config(tok2vec=tok2vec))
    train(nlp, span_examples(nlp), 60, rate=0.02)
    assert categorize(nlp, gold_docs(nlp)) == EXPECTED
    assert categorize(nlp, [Doc(nlp.vocab), Doc(nlp.vocab)]) == [[], []]
    nlp.to_disk(tmp_path)
    again = spacy.load(tmp_path)
    assert categorize(again, gold_docs(again)) == EXPECTED
