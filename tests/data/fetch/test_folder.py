"""Labelled texts of a local folder, split."""

import gzip
from pathlib import Path

import pytest
import srsly

from spacy_rnn.data.convert import SPLITS
from spacy_rnn.data.fetch.labelled import split_folder
from spacy_rnn.errors import CorpusError


def write(folder: Path, **texts: str) -> Path:
    folder.mkdir(exist_ok=True)
    for label, text in texts.items():
        (folder / f"{label}.txt").write_text(text, encoding="utf8")
    return folder


def test_each_text_once_a_label_and_in_one_split(tmp_path: Path) -> None:
    names = "".join(f"Name{i}\n" for i in range(100))
    source = write(tmp_path / "in", A=names + names + "\n \n", B=names + "É\r\n")
    assert split_folder(source, tmp_path / "out")
    splits = {split: list(srsly.read_jsonl(tmp_path / "out" / f"{split}.jsonl")) for split in SPLITS}
    assert sum(map(len, splits.values())) == 201
    assert 140 < len(splits["train"]) < 180 and splits["dev"] and splits["test"]
    places: dict = {}
    for split, records in splits.items():
        for record in records:
            places.setdefault(record["text"], set()).add(split)
    assert all(len(found) == 1 for found in places.values())
    assert {"text": "É", "label": "B"} in [record for records in splits.values() for record in records]


def test_only_line_feeds_end_a_text(tmp_path: Path) -> None:
    """Also in a compressed file, and none of a hidden one."""
    source = write(tmp_path / "in", A="\ufeffone\u2028two\r\nthree\x0cfour\nfive\x85six")
    (source / "B.txt.gz").write_bytes(gzip.compress(b"x\ry"))
    (source / "._A.txt").write_bytes(b"\xff")
    split_folder(source, tmp_path / "out")
    found = [(r["label"], r["text"]) for split in SPLITS for r in srsly.read_jsonl(tmp_path / "out" / f"{split}.jsonl")]
    assert sorted(found) == [("A", "five\x85six"), ("A", "one\u2028two"), ("A", "three\x0cfour"), ("B", "x\ry")]


def test_done_again_only_if_something_changed(tmp_path: Path) -> None:
    source = write(tmp_path / "in", A="a\n", B="b\n")
    assert split_folder(source, tmp_path / "out")
    assert not split_folder(source, tmp_path / "out")
    write(source, B="c\n")
    assert split_folder(source, tmp_path / "out")


def test_unusable_folders(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="D012"):
        split_folder(tmp_path / "nothing", tmp_path / "out")
    with pytest.raises(CorpusError, match="D206"):
        split_folder(write(tmp_path / "in", A="a\n"), tmp_path / "out")
    (tmp_path / "in" / "B.txt").write_bytes(b"\xff")
    with pytest.raises(CorpusError, match="D001"):
        split_folder(tmp_path / "in", tmp_path / "out")
