"""The commands for labelled texts."""

import json
import sys
from pathlib import Path

import pytest
import srsly

from spacy_rnn.cli import main
from tests.pipeline.texts import CATS, TEXTS, trained_textcat

from .test_app import run


def test_convert_and_evaluate(tmp_path: Path) -> None:
    lines = [json.dumps({"text": text, "cats": cats}) for text, cats in zip(TEXTS, CATS)]
    for split in ("train", "test"):
        (tmp_path / f"{split}.jsonl").write_text("\n".join(lines), encoding="utf8")
    corpus = tmp_path / "corpus"
    output = run("convert-textcat", tmp_path / "train.jsonl", tmp_path / "test.jsonl", corpus, "--lang", "en")
    assert "(en), one category" in output and "negative" in output
    trained_textcat().to_disk(tmp_path / "model")
    scores = tmp_path / "out" / "scores.json"
    output = run("evaluate-textcat", tmp_path / "model", corpus / "test.spacy", "--output", scores)
    assert "calibration" in output and "100.00" in output
    assert srsly.read_json(scores)["cats_macro_f"] == 1.0
    output = run("evaluate-textcat", tmp_path / "model", corpus / "test.spacy", "--output", scores, "--noise")
    assert "UPPER CASE" in output and output.count("negative") == 1
    noisy = srsly.read_json(scores)
    assert noisy["as they are"]["cats_macro_f"] == 1.0 and "cats_f" not in noisy["UPPER CASE"]


@pytest.mark.parametrize("option", [["--labels", "a, b"], []])
def test_error_is_one_sentence_naming_file_and_line(
    option: list, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    path = tmp_path / "train.csv"
    path.write_text("text,label\nx,a\ny,c\n" if option else 'text,label\nx,a\n"y\n', encoding="utf8")
    monkeypatch.setattr(sys, "argv", ["spacy-rnn", "convert-textcat", str(path), str(tmp_path / "corpus"), *option])
    with pytest.raises(SystemExit) as caught:
        main()
    assert caught.value.code == 1
    captured = capsys.readouterr()
    assert captured.err.count("\n") == 1
    assert f"{'[D102]' if option else '[D104]'} {path}:3: " in captured.err
    assert not (tmp_path / "corpus").exists()
