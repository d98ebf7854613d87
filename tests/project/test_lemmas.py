"""The commands and the benchmark of the workflows for lemmatizers, on small data."""

import sys
from pathlib import Path

import pytest
import spacy
import srsly
from spacy.tokens import DocBin

from spacy_rnn.cli import main
from tests.pipeline.lemmatizer.lemmas import lemma_examples, trained_lemmatizer

from ..helpers import train


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A converted treebank, a lemmatizer, one of spaCy's, and a pipeline that tags."""
    path = tmp_path_factory.mktemp("lemmas")
    nlp = trained_lemmatizer(20)
    nlp.to_disk(path / "ours")
    peer = spacy.blank("en")
    peer.add_pipe("trainable_lemmatizer")
    train(peer, lemma_examples(peer), 1)
    peer.to_disk(path / "peer")
    tagger = spacy.blank("en")
    ruler = tagger.add_pipe("attribute_ruler")
    ruler.add([[{"TEXT": {"REGEX": "ed$"}}]], {"POS": "VERB"})  # type: ignore[attr-defined]
    ruler.add([[{"TEXT": {"REGEX": ".*"}}]], {"TAG": "X"})  # type: ignore[attr-defined]
    tagger.to_disk(path / "tagger")
    (path / "corpus").mkdir()
    for split in ("train", "test"):
        docs = [example.reference for example in lemma_examples(nlp)]
        DocBin(docs=docs, attrs=["ORTH", "SPACY", "POS", "TAG", "MORPH", "LEMMA"]).to_disk(
            path / "corpus" / f"{split}-words.spacy"
        )
    return path


def run(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> None:
    monkeypatch.setattr(sys, "argv", ["spacy-rnn", *map(str, arguments)])
    main()


def test_gold_and_predicted_tags(folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    model, corpus, tagger = folder / "ours", folder / "corpus", folder / "tagger"
    with pytest.raises(SystemExit) as caught:
        run(monkeypatch, "evaluate-lemmas", model, corpus, "--tagger", tagger, "--output", tmp_path / "out" / "x.json")
    assert not caught.value.code
    scores = srsly.read_json(tmp_path / "out" / "x.json")
    # The tagger knows verbs only, and takes adjectives for verbs.
    assert 0.0 < scores["predicted_tags"]["lemma_acc"] < scores["gold_tags"]["lemma_acc"] == 1.0
    with pytest.raises(SystemExit):
        run(monkeypatch, "add-tagger", model, tagger, tmp_path / "pipeline")
    nlp = spacy.load(tmp_path / "pipeline")
    assert nlp.pipe_names == ["attribute_ruler", "rnn_lemmatizer"] and nlp("walked")[0].lemma_ == "walk"


@pytest.mark.usefixtures("benchmark_on_path")
def test_benchmark(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    from benchmark.lemmas import lemmas_command

    output = tmp_path / "figures.json"
    lemmas_command(
        folder / "corpus",
        folder / "ours",
        folder / "peer",
        folder / "tagger",
        output,
        split="test",
        repeats=1,
        threads=1,
    )
    results = srsly.read_json(output)["results"]
    assert results["spacy-rnn"]["gold tags"] == 100.0
    for found in results.values():
        assert {"gold tags", "predicted tags", "words/s", "words/s, train text"} <= set(found)
    assert "medians of 1" in capsys.readouterr().out


def test_pipeline_without_a_lemmatizer(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    for message, arguments in (
        ("[D173]", ["add-tagger", folder / "tagger", folder / "tagger", tmp_path / "out"]),
        ("[D021]", ["evaluate-lemmas", folder / "ours", tmp_path]),
    ):
        with pytest.raises(SystemExit) as caught:
            run(monkeypatch, *arguments)
        assert caught.value.code == 1 and message in capsys.readouterr().err
