"""The commands for language models."""

import sys
from pathlib import Path
from typing import List

import pytest
import srsly
from spacy.tokens import DocBin

from spacy_rnn.cli import main
from spacy_rnn.models.char_lm_file import load_lm

from ..helpers import make_doc
from ..lm.helpers import write_lm, write_text
from .test_app import run

TINY = [
    "--hidden-size",
    "8",
    "--char-width",
    "4",
    "--order",
    "2",
    "--rows",
    "20",
    "--batch",
    "4",
    "--bptt",
    "10",
    "--epochs",
    "0.3",
]


def test_train_and_generate(tmp_path: Path) -> None:
    text = write_text(tmp_path / "text.txt")
    for direction in ("forward", "backward"):
        output = run("train-lm", text, tmp_path / "lm", "--direction", direction, *TINY)
        assert "bits/char" in output and "perplexity" in output
        assert load_lm(tmp_path / "lm" / f"{direction}.safetensors").backward == (direction == "backward")
        evaluate = ("evaluate-lm", tmp_path / "lm" / f"{direction}.safetensors", text)
        still, learning = run(*evaluate), run(*evaluate, "--adapt", 0.01)
        assert "bits/char" in still and "bits/char" in learning and still != learning
    arguments = ("generate", tmp_path / "lm" / "forward.safetensors", "-n", 3, "--max-chars", 20, "--prompt", "The ")
    first = run(*arguments, "--output", tmp_path / "out" / "texts.jsonl")
    assert first == run(*arguments) != run(*arguments, "--seed", 1)
    texts = first.splitlines()
    assert len(texts) == 3 and all(text.startswith("The ") for text in texts)
    assert [record["text"] for record in srsly.read_jsonl(tmp_path / "out" / "texts.jsonl")] == texts


def test_former_name_of_bptt(tmp_path: Path) -> None:
    text = write_text(tmp_path / "text.txt")
    run("train-lm", text, tmp_path / "a", *TINY, "--bptt", 12)
    run("train-lm", text, tmp_path / "b", *TINY, "--steps", 12)
    assert srsly.read_json(tmp_path / "a" / "forward.json") == srsly.read_json(tmp_path / "b" / "forward.json")


def test_text_of_a_corpus(tmp_path: Path) -> None:
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    for split in ("train", "dev", "test"):
        DocBin(docs=[make_doc(["in", "\n", split]), make_doc([])]).to_disk(corpus / f"{split}.spacy")
    more = write_text(tmp_path / "more.txt", 1)
    assert "characters" in run("write-text", corpus, tmp_path / "text", "--more", more)
    assert {path.name for path in (tmp_path / "text").iterdir()} == {"train.txt", "dev.txt"}
    lines = (tmp_path / "text" / "train.txt").read_text(encoding="utf8").splitlines()
    assert lines == ["in train", "", "The cat 0 sleeps on mat 0."]


def test_pages_beside_a_corpus(tmp_path: Path) -> None:
    corpus, pages, english = (tmp_path / name for name in ("corpus", "pages", "english"))
    for folder in (corpus, pages, english):
        folder.mkdir()
    for split in ("train", "dev"):
        DocBin(docs=[make_doc(["in", split])]).to_disk(corpus / f"{split}.spacy")
    same = "<p>Not translated as yet</p>"
    (pages / "a.html").write_text(f"{same}<p>Henüz çevrilmemiş olan yok</p>", encoding="utf8")
    (english / "a.html").write_text(same, encoding="utf8")
    run("write-text", corpus, tmp_path / "text", "--more", pages, "--untranslated", english)
    lines = (tmp_path / "text" / "train.txt").read_text(encoding="utf8").splitlines()
    assert lines == ["in train", "Henüz çevrilmemiş olan yok"]


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["generate", "nothing.safetensors"], "R201"),
        (["generate", "{lm}", "--top-p", "2"], "R005"),
        (["generate", "{lm}", "--label", "x"], "D205"),
        (["train-lm", "nothing.txt", "{folder}/out"], "D108"),
        (["evaluate-lm", "nothing.safetensors", "{lm}"], "R201"),
        (["evaluate-lm", "{lm}", "nothing.txt"], "D108"),
        (["evaluate-lm", "{lm}", "{lm}", "--adapt", "-1"], "R005"),
        (["train-lm", "nothing.txt", "{folder}/out", "--cell", "x"], "R001"),
        (["write-text", "{folder}", "{folder}/out"], "D021"),
    ],
)
def test_errors_are_one_sentence(
    arguments: List[str],
    code: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture,
) -> None:
    lm = write_lm(tmp_path / "lm.safetensors")
    filled = [argument.format(lm=lm, folder=tmp_path) for argument in arguments]
    monkeypatch.setattr(sys, "argv", ["spacy-rnn", *filled])
    with pytest.raises(SystemExit) as caught:
        main()
    assert caught.value.code == 1
    captured = capsys.readouterr()
    assert captured.err.count("\n") == 1 and f"[{code}]" in captured.err
