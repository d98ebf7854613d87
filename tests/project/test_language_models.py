"""The scripts of the workflows `generate` and `sine`."""

import runpy
from collections import Counter
from pathlib import Path
from typing import Any, Dict

import pytest
import srsly

from spacy_rnn.data.fetch.labelled import split_folder
from spacy_rnn.lm.train import train_lm

from ..lm.helpers import tiny_settings
from ..pipeline.texts import POLARITY, TEXTS, trained_textcat
from .test_project import ROOT

SINE = str(ROOT / "project" / "cells" / "scripts" / "sine.py")
JUDGE = str(ROOT / "project" / "texts" / "scripts" / "judge_generated.py")


@pytest.mark.parametrize(("cell", "bound"), [("rnn_tanh", 0.25), ("lstm", 0.3), ("gru", 0.25)])
def test_sine_to_cosine(cell: str, bound: float) -> None:
    """Far better than the best constant, whose error is 0.71, also beyond the length that it was trained on."""
    fit = runpy.run_path(SINE)["fit"]
    found = fit(cell, updates=150)
    assert found.error < bound and found.settled < found.error
    assert len(found.prediction) == len(found.truth) == 100


def test_sine_is_seeded() -> None:
    fit = runpy.run_path(SINE)["fit"]
    assert fit("rnn_tanh", updates=3) == fit("rnn_tanh", updates=3) != fit("rnn_tanh", updates=3, seed=1)


def test_sine_files(tmp_path: Path) -> None:
    script = runpy.run_path(SINE)
    script["main"](
        output=tmp_path / "a" / "sine.json",
        picture=tmp_path / "b" / "sine.png",
        updates=2,
        hidden_size=4,
        seed=0,
        threads=1,
    )
    assert set(srsly.read_json(tmp_path / "a" / "sine.json")["cells"]) == {"rnn_tanh", "lstm", "gru"}
    assert (tmp_path / "b" / "sine.png").read_bytes().startswith(b"\x89PNG")


def test_easily_confused() -> None:
    """In either direction, by the share of the real label's texts; nothing is confused with itself."""
    script = runpy.run_path(JUDGE)
    found = {"a": Counter(a=95, b=5), "b": Counter(b=100), "c": Counter(c=99, a=1)}
    assert script["easily_confused"](found, 0.05) == {"a": {"b"}, "b": {"a"}, "c": set()}
    rates = script["rates"](Counter(a=6, b=3, c=1), "a", {"a": {"b"}})
    assert rates == {"same": 0.6, "alike": 0.9}


def test_judged_texts(tmp_path: Path) -> None:
    """From a folder of labelled texts to the table: a row a label, and all texts that were written."""
    source = tmp_path / "source"
    source.mkdir()
    for label in sorted(set(POLARITY)):
        lines = [f"{text} {i}" for text, own in zip(TEXTS, POLARITY) if own == label for i in range(20)]
        (source / f"{label}.txt").write_text("\n".join(lines), encoding="utf8")
    texts = tmp_path / "texts"
    assert split_folder(source, texts) and not split_folder(source, texts)
    model = train_lm(texts / "train.jsonl", tmp_path / "lm", tiny_settings(epochs=0.3), dev=texts / "dev.jsonl")
    trained_textcat().to_disk(tmp_path / "categorizer")
    output = tmp_path / "out" / "judged.json"
    settings = {"number": 3, "temperature": 1.0, "top_k": 0, "top_p": 1.0, "max_chars": 9, "share": 0.05, "seed": 0}
    main = runpy.run_path(JUDGE)["main"]
    main(model, tmp_path / "categorizer", texts, output, **settings)
    rows: Dict[str, Any] = {row["label"]: row for row in srsly.read_json(output)["rows"]}
    assert set(rows) == {"negative", "positive"}
    assert all(0 <= row["generated"]["same"] <= row["generated"]["alike"] <= 1 for row in rows.values())
    assert len(list(srsly.read_jsonl(output.with_suffix(".jsonl")))) == 6
