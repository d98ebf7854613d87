"""Configs that are written for any components: their settings are those of the project's configs, and they train."""

from pathlib import Path
from typing import Any, Dict, List

import pytest
import spacy
import srsly
from spacy.tokens import Doc, DocBin, Span
from spacy.training.initialize import init_nlp
from spacy.training.loop import train
from spacy.util import load_config
from thinc.api import Config
from typer.testing import CliRunner

from spacy_rnn.cli import app
from spacy_rnn.data.recipes import COMPONENTS, SIZES, init_config
from spacy_rnn.errors import CorpusError, SettingError
from spacy_rnn.pipeline.load import read_config

from ..helpers import ROOT, SENTENCES, gold_doc

PROJECT = ROOT / "project"
SHIPPED = {
    "rnn_tagger": PROJECT / "configs" / "tagger.cfg",
    "rnn_parser": PROJECT / "parsing" / "configs" / "parser.cfg",
    "rnn_lemmatizer": PROJECT / "lemmas" / "configs" / "lemmatizer.cfg",
    "tree_rnn": PROJECT / "trees" / "configs" / "tree.cfg",
}
WHOLE = ["rnn_tagger", "rnn_parser", "rnn_lemmatizer", "rnn_ner"]


def write_docs(path: Path, *, joined: bool) -> Path:
    """Annotated sentences, each a document, or all of them one."""
    docs = []
    for row in SENTENCES:
        doc = gold_doc(spacy.blank("en"), row, heads=[0] * len(row), deps=["ROOT", *["dep"] * (len(row) - 1)])
        for token in doc:
            token.lemma_ = token.lower_
        doc.set_ents([Span(doc, 0, 1, label="FIRST")])
        doc.spans["sc"] = [Span(doc, 0, 1, label="FIRST"), Span(doc, 0, len(doc), label="WHOLE")]
        docs.append(doc)
    if joined:
        vocab = spacy.blank("en").vocab
        docs = [Doc.from_docs(list(DocBin(docs=docs).get_docs(vocab)))]
    for i, doc in enumerate(docs):
        doc.cats = {"odd": float(i % 2), "even": float(i % 2 == 0)}
    DocBin(docs=docs, store_user_data=True).to_disk(path)
    return path


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_docs(tmp_path_factory.mktemp("corpus") / "train.spacy", joined=False)


def without(section: Dict[str, Any], setting: str) -> Dict[str, Any]:
    """A section and all in it without a setting."""
    kept = {name: value for name, value in section.items() if name != setting}
    return {name: without(value, setting) if isinstance(value, dict) else value for name, value in kept.items()}


@pytest.mark.parametrize("name", SHIPPED)
def test_settings_are_those_of_the_project(name: str) -> None:
    found, shipped = init_config([name]), read_config(SHIPPED[name])
    assert without(found["components"], "precision") == without(shipped["components"], "precision")
    differing = {key for key in found["training"] if found["training"][key] != shipped["training"][key]}
    assert differing <= {"score_weights"}


@pytest.mark.parametrize(("size", "name"), [("fast", "tagger_fast"), ("wide", "tagger_wide")])
def test_sizes(size: str, name: str) -> None:
    shipped = read_config(PROJECT / "configs" / f"{name}.cfg")
    assert init_config(["rnn_tagger"], size=size)["components"] == shipped["components"]
    assert set(SIZES) == {"fast", "default", "wide"}


def test_a_whole_pipeline_has_one_encoder() -> None:
    found, shipped = init_config(WHOLE), read_config(PROJECT / "configs" / "whole.cfg")
    assert found["nlp"]["pipeline"] == shipped["nlp"]["pipeline"]
    assert found["components"] == shipped["components"]
    assert found["training"]["optimizer"] == shipped["training"]["optimizer"]


def steps(config: Config, corpus: Path, count: int = 2) -> Any:
    """Train for two steps."""
    config = config.copy()
    config["paths"].update(train=str(corpus), dev=str(corpus))
    config["training"].update(max_steps=count, eval_frequency=1)
    config["training"]["logger"] = {"@loggers": "spacy.ConsoleLogger.v1", "progress_bar": False}
    nlp = init_nlp(config.interpolate())
    trained, _ = train(nlp, None)
    return trained


@pytest.mark.parametrize(
    "components",
    [[*COMPONENTS[:-1]], WHOLE, ["rnn_lemmatizer"], ["tree_rnn"], ["rnn_textcat_multilabel"]],
    ids=",".join,
)
def test_trains(components: List[str], corpus: Path) -> None:
    config = init_config(components, train=corpus)
    assert Config().from_str(config.to_str(), interpolate=False) == config
    nlp = steps(config, corpus)
    doc = nlp(Doc(nlp.vocab, ["a", "b"], heads=[0, 0], deps=["ROOT", "dep"]))
    assert list(nlp.pipe_names) == config["nlp"]["pipeline"]
    assert doc.cats or doc[0].pos or doc[0].has_dep() or doc[0].lemma or doc[0].ent_iob or doc.user_data


def test_documents_of_several_sentences(tmp_path: Path, corpus: Path) -> None:
    """Where each document is a sentence, they are joined, so that the parser meets starts of sentences."""
    whole = init_config(WHOLE, train=corpus)
    assert whole["corpora"]["train"]["@readers"] == "spacy-rnn.JoinedCorpus.v1"
    assert (whole["corpora"]["train"]["sentences"], whole["corpora"]["dev"]["sentences"]) == (4, 10)
    texts = write_docs(tmp_path / "texts.spacy", joined=True)
    found = init_config(WHOLE, train=texts)
    assert found["corpora"]["train"]["@readers"] == "spacy.Corpus.v1"
    assert found["components"]["rnn_parser"]["sentences"] == whole["components"]["rnn_parser"]["sentences"] == "predict"
    assert init_config(["rnn_parser"], train=texts)["components"]["rnn_parser"]["sentences"] == "predict"
    assert init_config(["rnn_parser"], train=corpus)["components"]["rnn_parser"]["sentences"] == "doc"


def test_small_data_takes_fewer_steps(corpus: Path) -> None:
    training = init_config(["rnn_tagger"], train=corpus)["training"]
    assert training["max_steps"] == training["optimizer"]["learn_rate"]["total_steps"] == 200
    assert init_config(["rnn_tagger"])["training"]["max_steps"] == 8000


def test_a_table_of_texts(tmp_path: Path) -> None:
    """From a .csv file to a categorizer, without converting it."""
    path = tmp_path / "train.csv"
    path.write_text("text,label\nso good,yes\nso bad,no\n", encoding="utf8")
    nlp = steps(init_config(["rnn_textcat"], train=path, dev=path), path)
    assert set(nlp("so good").cats) == {"yes", "no"}
    assert spacy.blank("en").vocab.lang == nlp.lang


@pytest.mark.parametrize(
    ("components", "settings", "code"),
    [
        ([], {}, "R030"),
        (["rnn_tagger", "rnn_tagger"], {}, "R030"),
        (["tagger"], {}, "R001"),
        (["rnn_textcat", "rnn_textcat_multilabel"], {}, "R031"),
        (["rnn_tagger"], {"size": "huge"}, "R001"),
        (["rnn_textcat"], {"size": "fast"}, "R032"),
        (["rnn_tagger"], {"lang": "zzz"}, "D027"),
        (["rnn_tagger"], {"vectors": "none_such"}, "D227"),
    ],
)
def test_what_cannot_be(components: List[str], settings: Dict[str, Any], code: str) -> None:
    with pytest.raises((SettingError, CorpusError), match=code):
        init_config(components, **settings)


def test_damaged_data(tmp_path: Path) -> None:
    (tmp_path / "train.spacy").write_bytes(b"no")
    with pytest.raises(CorpusError, match="D188"):
        init_config(["rnn_tagger"], train=tmp_path / "train.spacy")


def test_command(tmp_path: Path, corpus: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    def run(*arguments: Any) -> Any:
        return CliRunner().invoke(app, ["init-config", *map(str, arguments)])

    done = run("new/config.cfg", "-p", "rnn_tagger, rnn_parser", "--lang", "pt", "--train", corpus, "--size", "fast")
    assert done.exit_code == 0, done.output
    assert "tok2vec, rnn_tagger, rnn_parser" in done.output
    assert "spacy-rnn train new/config.cfg --output out --paths.dev FILE.spacy" in done.output
    config = load_config(tmp_path / "new" / "config.cfg")
    assert config["nlp"]["lang"] == "pt" and config["paths"]["train"] == str(corpus)
    assert config["components"]["tok2vec"]["model"]["encode"]["width"] == SIZES["fast"]["encode"]
    again = run("new/config.cfg")
    assert again.exit_code == 2 and "--force" in again.output
    assert run("new/config.cfg", "--force").exit_code == 0
    assert run("other.cfg", "--train", "nothing.spacy").exit_code == 2
    assert srsly.json_dumps(load_config(tmp_path / "new" / "config.cfg")["nlp"]["pipeline"]) == '["rnn_tagger"]'
