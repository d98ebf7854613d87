"""Raw text to soft labels: what teachers say is what is stored, by name and once."""

import json
import lzma
from pathlib import Path
from typing import Any, Dict, List

import numpy as np
import pytest
import spacy
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from spacy.language import Language
from spacy.tokens import Doc, DocBin

from spacy_rnn.distillation import DistillSettings, DistillStats, Teacher, distill
from spacy_rnn.distillation.combine import combined, combined_cats
from spacy_rnn.distillation.teachers import Labelled, annotated_names
from spacy_rnn.errors import CorpusError, SettingError
from spacy_rnn.pipeline.soft_labels import SoftLabels, Taught, read_soft_labels, sparse_labels

from ..helpers import SENTENCES, TEXTS, make_examples, scatter_weights, tagger_nlp, train, trained_tagger
from ..pipeline.texts import trained_textcat

ALL: Dict[str, Any] = {"top": 100, "least": 0.0}


def lines(path: Path, *texts: str) -> str:
    path.write_text("".join(text + "\n" for text in texts), encoding="utf8")
    return str(path)


def labelled(folder: Path, vocab: Any = None) -> List[Doc]:
    return list(DocBin().from_disk(folder / "soft.spacy").get_docs(vocab or spacy.blank("xx").vocab))


def taught(doc: Doc) -> Taught:
    found = read_soft_labels(doc)
    assert found is not None
    return found


def dense(labels: SoftLabels, names: List[str]) -> np.ndarray:
    """(n_tokens, n_names)."""
    found = np.zeros((len(labels.counts), len(names)))
    columns = [names.index(name) for name in labels.labels]
    ends = np.cumsum(labels.counts)
    for row, (end, count) in enumerate(zip(ends, labels.counts)):
        for place in range(end - count, end):
            found[row, columns[labels.columns[place]]] = labels.probabilities[place]
    return found


def uncertain_tagger(**settings: Any) -> Language:
    """One that holds several labels likely."""
    nlp = trained_tagger(2, **settings)
    scatter_weights(nlp.get_pipe("rnn_tagger").model, 0.3)  # type: ignore[attr-defined]
    return nlp


def test_one_teacher_is_reproduced(tmp_path: Path) -> None:
    """Its probabilities, of parts of speech and tags, and the sets of features that it does not compose."""
    nlp = uncertain_tagger()
    stats = distill([Teacher(nlp)], lines(tmp_path / "raw.txt", *TEXTS), tmp_path / "out", DistillSettings(**ALL))
    assert stats.docs == len(TEXTS) and stats.tokens == dict.fromkeys(["pos", "tag", "morph"], stats.words)
    pipe: Any = nlp.get_pipe("rnn_tagger")
    sharp = []
    for doc, text in zip(labelled(tmp_path / "out"), TEXTS):
        assert doc.text == text
        scores, found = nlp(text)._.rnn_scores, taught(doc).attrs
        for attr in ("pos", "tag"):
            own = dense(found[attr], pipe.label_data[attr])
            np.testing.assert_allclose(own, scores[attr], atol=1e-3)
            sharp.extend(own.max(axis=1))
        sets = pipe.label_data["morph_sets"]
        names = list(dict.fromkeys([*sets, *found["morph"].labels]))
        expected = scores["morph"][:, 1:]
        chosen = scores["morph"].argmax(axis=1) > 0
        kept = dense(found["morph"], names)[chosen, : len(sets)]
        np.testing.assert_allclose(kept, (expected / expected.sum(axis=1, keepdims=True))[chosen], atol=1e-3)
    assert np.mean(sharp) < 0.95, "the test needs a teacher that is not sure of everything"


def test_hard_labels_of_a_plain_pipeline(tmp_path: Path) -> None:
    """A component without probabilities, in a language with a vocabulary of its own, has the last word."""
    nlp = tagger_nlp()
    train(nlp, make_examples(nlp), 3)
    ruler = nlp.add_pipe("attribute_ruler")
    ruler.add([[{"LOWER": "the"}]], {"TAG": "XYZ", "MORPH": "Odd=Yes"})  # type: ignore[attr-defined]
    alone = spacy.blank("xx")
    alone.add_pipe("attribute_ruler").add([[{}]], {"POS": "X"})  # type: ignore[attr-defined]
    raw = lines(tmp_path / "raw.txt", "The cats sleep .")
    distill([Teacher(nlp)], raw, tmp_path / "out")
    (doc,) = labelled(tmp_path / "out")
    for attr, name in (("tag", "XYZ"), ("morph", "Odd=Yes")):
        found = taught(doc).attrs[attr]
        assert found.counts[0] == 1 and found.labels[found.columns[0]] == name and found.probabilities[0] == 1.0
    stats = distill([Teacher(alone)], raw, tmp_path / "plain")
    (doc,) = labelled(tmp_path / "plain")
    assert stats.tokens == {"pos": 4} and list(taught(doc).attrs) == ["pos"]
    np.testing.assert_array_equal(dense(taught(doc).attrs["pos"], ["X"]), np.ones((4, 1)))


def test_components_of_spacy(tmp_path: Path) -> None:
    nlp = spacy.blank("xx")
    nlp.add_pipe("tagger")
    nlp.add_pipe("morphologizer")
    train(nlp, make_examples(nlp), 5)
    text = " ".join(row[0] for row in SENTENCES[1])
    distill([Teacher(nlp)], lines(tmp_path / "raw.txt", text), tmp_path / "out", DistillSettings(**ALL))
    (doc,), own = labelled(tmp_path / "out"), nlp(text)
    for attr, found in taught(doc).attrs.items():
        assert len(found.labels) > 2
        values = dense(found, found.labels)
        np.testing.assert_allclose(values.sum(axis=1), 1.0, atol=5e-3)
        assert [found.labels[i] for i in values.argmax(axis=1)] == annotated_names([own], attr)
    assert set(taught(doc).attrs) == {"pos", "tag", "morph"}


def test_several_teachers(tmp_path: Path) -> None:
    """The weighted mean over those that know an attribute, also of other labels; attributes can be left out."""
    first, second = uncertain_tagger(), trained_tagger()
    third = spacy.blank("xx")
    third.add_pipe("attribute_ruler").add([[{}]], {"POS": "X"})  # type: ignore[attr-defined]
    raw = lines(tmp_path / "raw.txt", TEXTS[0])
    teachers = [Teacher(first, 2.0), Teacher(second, 1.0, ["pos"]), Teacher(third, 1.0)]
    distill(teachers, raw, tmp_path / "out", DistillSettings(**ALL))
    (doc,) = labelled(tmp_path / "out")
    names = [*teachers[0].nlp.get_pipe("rnn_tagger").label_data["pos"], "X"]  # type: ignore[attr-defined]
    one, other = (nlp(TEXTS[0])._.rnn_scores["pos"] for nlp in (first, second))
    expected = np.concatenate([(2 * one + other) / 4, np.full((len(one), 1), 0.25)], axis=1)
    np.testing.assert_allclose(dense(taught(doc).attrs["pos"], names), expected, atol=1e-3)
    tags = first.get_pipe("rnn_tagger").label_data["tag"]  # type: ignore[attr-defined]
    tag_scores = first(TEXTS[0])._.rnn_scores["tag"]
    np.testing.assert_allclose(dense(taught(doc).attrs["tag"], tags), tag_scores, atol=1e-3)


def test_categories(tmp_path: Path) -> None:
    nlp = trained_textcat(steps=3)
    raw = lines(tmp_path / "raw.txt", "very good", "bad")
    stats = distill([Teacher(nlp)], raw, tmp_path / "out")
    assert stats.cats == ["negative", "positive"] and not stats.tokens
    for doc in labelled(tmp_path / "out"):
        assert doc.cats == pytest.approx(nlp(doc.text).cats) and max(doc.cats.values()) < 1


def matrices(n: int) -> Any:
    """Rows that are a distribution, or unknown."""
    numbers = arrays.arrays(np.float32, (n, 3), elements=st.sampled_from([0.0, 0.25, 0.5, 1.0]))
    return numbers.map(lambda p: p / np.maximum(p.sum(axis=1, keepdims=True), 1e-9))


@given(found=st.lists(matrices(4), min_size=1, max_size=3), kind=st.sampled_from(["hard", "agreed"]))
def test_hard_labels_are_the_likeliest(found: List[np.ndarray], kind: str) -> None:
    names = ["a", "b", "c"]
    teachers = [Labelled(names, p) for p in found]
    mean, hard = (combined(teachers, [1.0] * len(found), each).probabilities for each in ("soft", kind))
    known: Any = [p.any(axis=1) for p in found]
    for row in range(4):
        best = int(mean[row].argmax())
        bests = {int(p[row].argmax()) for p, own in zip(found, known) if own[row]}
        expected = bool(bests) and (kind == "hard" or bests == {best})
        assert hard[row].tolist() == ([float(i == best) for i in range(3)] if expected else [0, 0, 0])


def test_hard_categories() -> None:
    one, other = {"a": 0.7, "b": 0.3}, {"a": 0.2, "b": 0.8}
    assert combined_cats([one, other], [1, 1], "soft") == pytest.approx({"a": 0.45, "b": 0.55})
    assert combined_cats([one, other], [1, 1], "hard") == {"a": 0.0, "b": 1.0}
    assert combined_cats([one, other], [1, 1], "agreed") == {}
    assert combined_cats([one, one, {}], [1, 1, 1], "agreed") == {"a": 1.0, "b": 0.0}
    assert combined_cats([{"a": 0.7, "b": 0.9}], [1], "hard") == {"a": 1.0, "b": 1.0}
    assert combined_cats([{}, {}], [1, 1], "hard") == {}


@given(
    lengths=st.lists(st.integers(0, 3), max_size=4),
    top=st.integers(1, 5),
    least=st.sampled_from([0.0, 0.2]),
    data=st.data(),
)
def test_sparse_labels(lengths: List[int], top: int, least: float, data: st.DataObject) -> None:
    """What is likely enough is kept with its name, the likeliest always, and nothing of an unknown token."""
    names = ["a", "b", "c"]
    p = data.draw(matrices(sum(lengths)))
    found = sparse_labels(names, p, lengths, top=top, least=least)
    assert [len(one.counts) for one in found] == lengths
    for one, length in zip(found, lengths):
        one.check(length)
    back = np.concatenate([np.zeros((0, 3)), *(dense(one, names) for one in found)])
    rank = (p[:, None, :] > p[:, :, None]).sum(axis=2)  # the number of likelier labels
    wanted = (p > 0) & (((p >= least) & (rank < top)) | (rank == 0))
    np.testing.assert_allclose(back, np.where(wanted, p, 0.0), atol=1e-3)


def test_sentences_and_limits(tmp_path: Path) -> None:
    teachers = [Teacher(trained_tagger(1))]
    raw = lines(tmp_path / "raw.txt", "One cat . Two dogs . Three", "x " * 50, "", "Yes")
    distill(teachers, raw, tmp_path / "a", DistillSettings(max_length=10))
    assert [doc.text for doc in labelled(tmp_path / "a")] == ["One cat . ", "Two dogs . ", "Three", "Yes"]
    distill(teachers, raw, tmp_path / "a", DistillSettings(sentences=False, max_length=0))
    assert [len(doc) for doc in labelled(tmp_path / "a")] == [7, 50, 1]
    many = lines(tmp_path / "many.txt", *(f"word {i}" for i in range(100)))
    seen: List[Any] = []
    stats = distill(
        teachers,
        many,
        tmp_path / "b",
        DistillSettings(limit=20),
        changed=lambda done, total: seen.append((done, total)),
    )
    found = [int(doc[1].text) for doc in labelled(tmp_path / "b")]
    assert stats.words == 20 and found == list(range(0, 100, 10)) and seen[-1] == (200, 200)


def test_sources(tmp_path: Path) -> None:
    """A compressed file of text, and documents whose tokens and sentences are kept."""
    teachers = [Teacher(trained_tagger(1))]
    with lzma.open(tmp_path / "raw.txt.xz", "wt") as opened:
        opened.write("A dog\n")
    distill(teachers, str(tmp_path / "raw.txt.xz"), tmp_path / "out")
    assert [doc.text for doc in labelled(tmp_path / "out")] == ["A dog"]
    doc = Doc(spacy.blank("xx").vocab, words=["a.", "b c", "d"], spaces=[False] * 3, sent_starts=[True, False, True])
    DocBin(docs=[doc]).to_disk(tmp_path / "docs.spacy")
    distill(teachers, str(tmp_path / "docs.spacy"), tmp_path / "out")
    assert [[token.text for token in own] for own in labelled(tmp_path / "out")] == [["a.", "b c"], ["d"]]


def test_is_made_once(tmp_path: Path) -> None:
    """Until the text, a teacher or a setting changes."""
    nlp = trained_tagger(1)
    raw = lines(tmp_path / "raw.txt", *TEXTS)

    def times(**settings: Any) -> List[int]:
        made: DistillStats = distill([Teacher(nlp)], raw, tmp_path / "out", DistillSettings(**settings))
        assert json.loads((tmp_path / "out" / "stats.json").read_text())["words"] == made.words
        return [path.stat().st_mtime_ns for path in sorted((tmp_path / "out").iterdir())]

    first = times()
    assert times() == first
    second = times(labels="hard")
    assert second != first
    lines(tmp_path / "raw.txt", "Other text")
    third = times(labels="hard")
    assert third != second
    (tmp_path / "out" / "stats.json").write_text("{}")
    assert times(labels="hard") != third


def test_wrong_input(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="R001"):
        DistillSettings(labels="nonsense")
    with pytest.raises(SettingError, match="R005"):
        DistillSettings(top=0)
    with pytest.raises(SettingError, match="R001"):
        Teacher(spacy.blank("xx"), attrs=["lemma"])
    with pytest.raises(SettingError, match="R005"):
        Teacher(spacy.blank("xx"), -1.0)
    with pytest.raises(CorpusError, match="D210"):
        distill([Teacher(spacy.blank("xx"))], lines(tmp_path / "raw.txt", "x"), tmp_path / "out")
    long = spacy.blank("xx")
    long.max_length = 3
    (tmp_path / "bad.txt").write_bytes(b"\xff\xff\n")
    for nlp, raw in ((long, tmp_path / "raw.txt"), (spacy.blank("xx"), tmp_path / "bad.txt")):
        (tmp_path / "raw.txt").write_text("longer than this\n")
        with pytest.raises(CorpusError, match="D211"):
            distill([Teacher(nlp)], str(raw), tmp_path / "out")
    with pytest.raises(CorpusError, match="D120"):
        distill([Teacher(trained_tagger(1))], str(tmp_path / "raw.txt"), tmp_path)
    assert not (tmp_path / "out").exists()
