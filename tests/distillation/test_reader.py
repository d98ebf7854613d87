"""Gold and soft examples together, in training that can be ended and go on."""

import random
from dataclasses import replace
from pathlib import Path
from typing import Any, Dict, List

import pytest
import spacy
from spacy.language import Language
from spacy.tokens import DocBin
from spacy.training import Example
from spacy.util import load_config

from spacy_rnn.distillation import Teacher, distill
from spacy_rnn.distillation.reader import build_distill_corpus_v1
from spacy_rnn.errors import CorpusError, SettingError
from spacy_rnn.pipeline.soft_labels import read_soft_labels, write_soft_labels
from spacy_rnn.training import train
from spacy_rnn.training.batches import Batches

from ..helpers import TEXTS, make_examples, tagger_nlp, trained_tagger
from ..training.test_training import EndedError, assert_same, end_at, write_config
from .test_label import lines


@pytest.fixture(scope="module")
def soft(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("soft")
    distill([Teacher(trained_tagger())], lines(folder / "raw.txt", *TEXTS * 10), folder / "out")
    return folder / "out" / "soft.spacy"


def gold(nlp: Language) -> List[Example]:
    return make_examples(nlp)


# What a block within another block does not take by default.
REST = {"gold_preproc": False, "max_length": 0, "limit": 0, "augmenter": None}


def is_soft(example: Example) -> bool:
    return read_soft_labels(example.reference) is not None


def words(examples: List[Example], soft: bool) -> int:
    return sum(len(one.predicted) for one in examples if is_soft(one) == soft)


@pytest.mark.parametrize("share", [0.0, 0.25, 0.5, 0.8, 0.99])
def test_share(soft: Path, share: float) -> None:
    """Holds in every stretch that is long enough; each gold example is there."""
    nlp = tagger_nlp()
    found = list(build_distill_corpus_v1(gold, soft, share=share)(nlp))
    n_soft, n_gold = words(found, True), words(found, False)
    everything = sum(len(one.predicted) for one in gold(nlp))
    assert n_gold >= everything and n_soft == (120 if share else 0)
    if 0 < share < 0.9:
        for stretch in (found[: len(found) // 2], found[len(found) // 2 :]):
            own = words(stretch, True)
            assert own / (own + words(stretch, False)) == pytest.approx(share, abs=0.1)
    for one in found:
        assert not one.predicted.has_annotation("TAG") and one.predicted.text == one.reference.text


def test_settings(soft: Path) -> None:
    read = build_distill_corpus_v1(gold, soft, weight=0.5, temperature=2.0, limit=20)
    taught = [read_soft_labels(one.reference) for one in read(tagger_nlp())]
    assert {(one.weight, one.temperature) for one in taught if one is not None} == {(0.5, 2.0)}
    assert 20 <= sum(len(one.attrs["pos"].counts) for one in taught if one is not None) < 25
    wrong: List[Dict[str, Any]] = [{"share": 1.0}, {"weight": -1.0}, {"temperature": 0.0}, {"limit": -1}]
    for settings in wrong:
        with pytest.raises(SettingError, match="R005"):
            build_distill_corpus_v1(gold, soft, **settings)


def test_order_is_seeded(soft: Path) -> None:
    """Each epoch has another order, the same for the same seed."""

    def epochs() -> List[List[str]]:
        random.seed(3)
        corpus = build_distill_corpus_v1(gold, soft)
        batches = Batches(tagger_nlp(), corpus, lambda examples: [list(examples)], 2, 1, {})
        return [[one.predicted.text for one in shares[0]] for _, shares in batches]

    first, second = epochs()
    assert epochs() == [first, second] and first != second and sorted(first) == sorted(second)


def test_streamed_order_is_seeded(soft: Path) -> None:
    """Without a list of all, each epoch has an order of its own, in which the share still holds."""
    nlp, corpus = tagger_nlp(), build_distill_corpus_v1(gold, soft, shuffle=True, share=0.75)

    def epochs() -> List[List[Example]]:
        random.seed(3)
        return [list(corpus(nlp)) for _ in range(2)]

    (first, again), (second, _) = zip(epochs(), epochs())
    plain = list(build_distill_corpus_v1(gold, soft, share=0.75)(nlp))
    orders = [[one.predicted.text for one in found] for found in (first, again, second, plain)]
    assert orders[0] == orders[1] and orders[0] != orders[2] and orders[3] not in orders[:3]
    for found in (first, second):
        assert words(found, True) == words(plain, True)
        assert len({one.predicted.text for one in found if not is_soft(one)}) == len(TEXTS)
    half = list(corpus(nlp))[: len(plain) // 2]
    assert words(half, True) / (words(half, True) + words(half, False)) == pytest.approx(0.75, abs=0.1)


@pytest.mark.parametrize("streamed", [False, True])
def test_goes_on_to_the_same_result(
    tmp_path: Path, soft: Path, monkeypatch: pytest.MonkeyPatch, streamed: bool
) -> None:
    config = load_config(write_config(tmp_path, max_steps=12))
    reader = {
        "@readers": "spacy-rnn.DistillCorpus.v1",
        "path": str(soft),
        "corpus": {**config["corpora"]["dev"], **REST},
    }
    config["corpora"] = {"train": reader, "dev": config["corpora"]["dev"]}
    config["training"]["max_epochs"] = -1 if streamed else 0
    config["training"]["before_update"] = {"@callbacks": "test_end_at.v1"}
    config.to_disk(tmp_path / "config.cfg")
    end_at(monkeypatch, -1)
    train(tmp_path / "config.cfg", tmp_path / "whole")
    end_at(monkeypatch, 7)
    with pytest.raises(EndedError):
        train(tmp_path / "config.cfg", tmp_path / "parts")
    end_at(monkeypatch, -1)
    train(tmp_path / "config.cfg", tmp_path / "parts", resume=True)
    assert_same(tmp_path / "whole" / "model-last", tmp_path / "parts" / "model-last")


def test_damaged_files(tmp_path: Path, soft: Path) -> None:
    nlp = tagger_nlp()
    (tmp_path / "cut.spacy").write_bytes(soft.read_bytes()[:-50])
    docs = list(DocBin().from_disk(soft).get_docs(nlp.vocab))
    DocBin(docs=docs).to_disk(tmp_path / "plain.spacy")
    paths = {"cut.spacy": "D188", "plain.spacy": "D213", "none.spacy": "D021"}
    for name, code in paths.items():
        with pytest.raises(CorpusError, match=code):
            list(build_distill_corpus_v1(gold, tmp_path / name)(nlp))
    with pytest.raises(CorpusError, match="D021"):
        list(build_distill_corpus_v1(gold)(nlp))


@pytest.mark.parametrize(
    ("part", "change"),
    [
        ("counts", lambda counts: counts[:-1]),
        ("counts", lambda counts: counts + 1),
        ("counts", lambda counts: counts.astype(float)),
        ("columns", lambda columns: columns + 60000),
        ("columns", lambda columns: list(columns)),
        ("probabilities", lambda p: -p),
        ("probabilities", lambda p: p * float("nan")),
        ("labels", lambda labels: [1] * len(labels)),
    ],
)
def test_damaged_labels(tmp_path: Path, soft: Path, part: str, change: Any) -> None:
    """Found by the reader, with the file, and by the component of another reader."""
    nlp = trained_tagger(1)
    docs = list(DocBin().from_disk(soft).get_docs(nlp.vocab))
    taught = read_soft_labels(docs[0])
    assert taught is not None
    labels = taught.attrs["pos"]
    write_soft_labels(docs[0], replace(taught, attrs={"pos": replace(labels, **{part: change(getattr(labels, part))})}))
    DocBin(docs=docs, store_user_data=True).to_disk(tmp_path / "soft.spacy")
    with pytest.raises(CorpusError, match=r"D212.*soft\.spacy"):
        list(build_distill_corpus_v1(gold, tmp_path / "soft.spacy")(nlp))
    with pytest.raises(ValueError, match="R025"):
        nlp.update([Example(nlp.make_doc(docs[0].text), docs[0])])


def test_labels_of_other_things(soft: Path) -> None:
    vocab = spacy.blank("xx").vocab
    doc = next(DocBin().from_disk(soft).get_docs(vocab))
    values: List[Any] = [3, {"attrs": {}}, {"attrs": {"nonsense": {}}, "weight": 1.0, "temperature": 1.0}]
    for value in values:
        doc._.rnn_soft_labels = value
        with pytest.raises(ValueError):
            read_soft_labels(doc)
