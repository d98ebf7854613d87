"""The commands, from the command line to the files."""

import subprocess
import sys
from gzip import compress
from pathlib import Path
from typing import List

import pytest
import spacy
import srsly
from spacy.util import load_config
from typer.testing import CliRunner

import spacy_rnn
from spacy_rnn.cli import app, main
from spacy_rnn.data.vectors.archives import VECTOR_ARCHIVES
from tests.data.treebank import SENTENCE, row, sentence, write_splits
from tests.data.vectors.wheels import vectors_pipeline, write_files, write_wheel

from ..helpers import ROOT


def run(*arguments: object) -> str:
    result = CliRunner().invoke(app, [str(argument) for argument in arguments], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def test_version() -> None:
    assert run("--version").startswith(f"spacy-rnn {spacy_rnn.__version__}, spaCy {spacy.__version__}, torch ")


def test_fetch_convert_configure_evaluate(tmp_path: Path) -> None:
    source = write_splits(tmp_path / "source", prefix="qtd_test")
    assert "fetched" in run("fetch", "mine", tmp_path / "assets", "--local-dir", source)
    assert "already" in run("fetch", "mine", tmp_path / "assets", "--local-dir", source)
    output = run("convert", tmp_path / "assets", tmp_path / "corpus")
    assert "no language 'qtd'" in output
    for split in ("train", "dev", "test"):
        assert split in output
    config = ROOT / "project" / "configs" / "tagger.cfg"
    run("configure", config, tmp_path / "corpus", tmp_path / "out" / "config.cfg", "--threads", 1)
    assert "before_init" in (tmp_path / "out" / "config.cfg").read_text(encoding="utf8")
    spacy.blank("xx").to_disk(tmp_path / "model")
    output = run("evaluate", tmp_path / "model", tmp_path / "corpus", "--output", tmp_path / "out" / "scores.json")
    assert "gold words" in output
    assert set(srsly.read_json(tmp_path / "out" / "scores.json")) == {"gold_words", "raw_text"}


def test_conllu(tmp_path: Path) -> None:
    """What a pipeline says of raw text can be converted, and scored by the official scorer."""
    source = write_splits(tmp_path / "source", "# newpar\n" + SENTENCE + "\n" + SENTENCE)
    run("convert", source, tmp_path / "corpus")
    nlp = spacy.blank("pt")
    nlp.add_pipe("sentencizer")
    nlp.to_disk(tmp_path / "model")
    output = run("evaluate", tmp_path / "model", tmp_path / "corpus", "--conllu", source, "--output", tmp_path / "out")
    assert "CoNLL 2018" in output and "2 of 2 sentences have no tree" in output
    assert "--gold-sentences" not in output and "gold ones" not in output
    conll = srsly.read_json(tmp_path / "out")["conll"]
    assert conll["Sentences"]["f1"] == 1.0 and conll["UAS"]["f1"] == pytest.approx(6 / 13)
    output = run("evaluate", tmp_path / "model", tmp_path / "corpus", "--conllu", source, "--gold-sentences")
    assert "The sentences are the gold ones." in output
    spacy.blank("pt").to_disk(tmp_path / "blank")
    gold = source / "pt_test-ud-test.conllu"
    assert "splits no paragraph" in run("evaluate", tmp_path / "blank", tmp_path / "corpus", "--conllu", gold)
    (tmp_path / "raw.txt").write_text("Vi a casa. Sim.\n", encoding="utf8")
    output = run("to-conllu", tmp_path / "model", tmp_path / "raw.txt", tmp_path / "new" / "raw.conllu")
    assert output.endswith("raw.conllu: 1 documents, 2 sentences, 6 words, 2 sentences without a tree\n")
    output = run("to-conllu", "-", tmp_path / "corpus" / "test-words.spacy", tmp_path / "new" / "gold.conllu")
    assert output.endswith("gold.conllu: 2 documents, 2 sentences, 14 words, 0 sentences without a tree\n")


def test_vectors(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are got by the name that the other commands take, and told beside the scores."""
    monkeypatch.chdir(tmp_path)
    write_wheel(tmp_path / "vectors.whl", vectors_pipeline(lang="pt"))
    told = run("vectors", "get", "mine", "--archive", "vectors.whl")
    assert told == f"mine (pt): 3 words on 2 rows x 4; licence: CC0\nwritten to {Path('assets/vectors/mine')}\n"
    for more in ((), ("--archive", "vectors.whl")):
        assert "already in" in run("vectors", "get", "mine", *more)
    for name in ("", Path("assets") / "vectors" / "mine"):
        assert "nothing to get" in run("vectors", "get", name)
    assert all(name in run("vectors", "list") for name in VECTOR_ARCHIVES)
    run("convert", write_splits(tmp_path / "conllu"), "corpus")
    run("configure", ROOT / "project" / "configs" / "tagger.cfg", "corpus", "config.cfg", "--vectors", "mine")
    assert load_config("config.cfg")["paths"]["vectors"] == str(Path("assets/vectors/mine"))
    spacy.blank("pt").to_disk("blank")
    for folder, title in (("assets/vectors/mine", "corpus, test, vectors mine"), ("blank", "corpus, test")):
        assert run("evaluate", folder, "corpus").splitlines()[0].strip() == title


def test_lexicon(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is got by the name that the other commands take."""
    monkeypatch.chdir(tmp_path)
    table = {"spacy_lookups_data/data/pt_lemma_lookup.json.gz": compress(b'{"casas": "casa"}')}
    write_files(tmp_path / "lookups.whl", table)
    path = Path("assets/lexicons/pt.lexicon")
    told = run("lexicon", "get", "pt", "--archive", "lookups.whl")
    assert told.startswith(f"{path}: 1 forms, 1 tags, ") and "licence: MIT" in told
    for name in ("", "pt", path):
        assert "nothing to get" in run("lexicon", "get", name)
    run("convert", write_splits(tmp_path / "conllu"), "corpus")
    run("configure", ROOT / "project" / "configs" / "tagger.cfg", "corpus", "config.cfg", "--lexicon", "pt")
    assert load_config("config.cfg")["paths"]["lexicon"] == str(path)


def test_sample_folder_stands_in_for_a_named_treebank(tmp_path: Path) -> None:
    source = write_splits(tmp_path / "source")
    run("fetch", "sample", tmp_path / "assets", "--local-dir", "", "--sample-dir", source)
    assert len(list((tmp_path / "assets").glob("*.conllu"))) == 3


def test_unusable_corpus_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    source = write_splits(tmp_path / "[source]", sentence([row(1, "a", 0), row(2, "b", 0)]))
    monkeypatch.setattr(sys, "argv", ["spacy-rnn", "convert", str(source), str(tmp_path / "corpus")])
    with pytest.raises(SystemExit) as caught:
        main()
    assert caught.value.code == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1
    assert f"[D010] {source / 'pt_test-ud-train.conllu'}:2: " in captured.err
    assert not (tmp_path / "corpus").exists()


@pytest.mark.parametrize("command", [["-m", "spacy_rnn"], ["-m", "spacy_rnn", "convert"]])
def test_help(command: List[str]) -> None:
    done = subprocess.run([sys.executable, *command, "--help"], capture_output=True, encoding="utf8", check=False)
    assert done.returncode == 0
    assert "Usage: spacy-rnn" in done.stdout
