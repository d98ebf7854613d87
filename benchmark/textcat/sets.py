"""The sets of labelled texts, in the files that their authors publish."""

import random
import tempfile
from itertools import chain
from pathlib import Path
from typing import Any, Callable, Dict, Iterable, List, NamedTuple

import srsly

from spacy_rnn.data.convert import SPLITS
from spacy_rnn.data.sst import BINARY, read_brackets, spaces_after
from spacy_rnn.data.text_files import read_lines
from spacy_rnn.data.textcat_corpus import convert_textcat

Record = Dict[str, Any]
Splits = Dict[str, List[Record]]


def read_snips(source: Path) -> Splits:
    """Seven intents (Coucke et al. 2018): {train,valid,test}/seq.in with a text a line, and beside it `label`."""
    folders = dict(zip(SPLITS, ("train", "valid", "test")))
    return {split: list(_parallel(source / folder)) for split, folder in folders.items()}


def _parallel(folder: Path) -> Iterable[Record]:
    texts, labels = (read_lines(folder / name) for name in ("seq.in", "label"))
    for text, label in zip(texts, labels, strict=True):
        yield {"text": text.strip(), "label": label.strip()}


def read_names(source: Path) -> Splits:
    """Surnames of 18 languages, LANGUAGE.txt with a name a line, cut 80 : 10 : 10 within each language."""
    splits: Splits = {split: [] for split in SPLITS}
    for path in sorted(source.glob("*.txt")):
        names = sorted({line.strip() for line in read_lines(path) if line.strip()})
        random.Random(0).shuffle(names)
        tenth = max(1, len(names) // 10)
        parts = {"dev": names[:tenth], "test": names[tenth : 2 * tenth], "train": names[2 * tenth :]}
        for split, part in parts.items():
            splits[split] += [{"text": name, "label": path.stem} for name in part]
    random.Random(0).shuffle(splits["train"])
    return splits


def read_sst(source: Path, *, binary: bool, phrases: bool) -> Splits:
    """The Stanford Sentiment Treebank (Socher et al. 2013): {train,dev,test}.txt with a bracketed tree a line.

    Sentences have the labels of their roots. The training set has each text once and, with `phrases`, all nodes.
    """
    splits: Splits = {}
    for split in SPLITS:
        records, seen = [], set()
        trees = list(read_brackets(source / f"{split}.txt"))
        inner = ((tree.words, span) for tree in trees for span in tree.spans[:-1])
        roots = ((tree.words, tree.spans[-1]) for tree in trees)
        for words, (start, end, number) in chain(roots, inner if phrases and split == "train" else ()):
            label = BINARY[number] if binary else number
            text = join_words(words[start:end])
            if label is not None and (split != "train" or text not in seen):
                seen.add(text)
                records.append({"text": text, "label": label})
        splits[split] = records
    return splits


def join_words(words: List[str]) -> str:
    return "".join(word + " " * space for word, space in zip(words, spaces_after(words))).strip()


def read_newsgroups(source: Path) -> Splits:
    """20 Newsgroups by date: {train,test}.jsonl with `text` and `label`. A tenth of the training texts becomes dev."""
    train, test = (
        [{name: row[name] for name in ("text", "label")} for row in srsly.read_jsonl(source / f"{split}.jsonl")]
        for split in ("train", "test")
    )
    train, test = ([row for row in rows if row["text"].strip()] for rows in (train, test))
    random.Random(0).shuffle(train)
    tenth = len(train) // 10
    return {"train": train[tenth:], "dev": train[:tenth], "test": test}


class LabelledSet(NamedTuple):
    """A set of texts, and its name in tables."""

    title: str
    lang: str
    read: Callable[[Path], Splits]


def _sst(binary: bool, phrases: bool) -> Callable[[Path], Splits]:
    return lambda source: read_sst(source, binary=binary, phrases=phrases)


SETS: Dict[str, LabelledSet] = {
    "snips": LabelledSet("SNIPS intents", "en", read_snips),
    "names": LabelledSet("Names, 18 languages", "xx", read_names),
    "sst2": LabelledSet("SST-2, sentences only", "en", _sst(True, False)),
    "sst2-phrases": LabelledSet("SST-2, with phrases", "en", _sst(True, True)),
    "sst5": LabelledSet("SST-5, sentences only", "en", _sst(False, False)),
    "sst5-phrases": LabelledSet("SST-5, with phrases", "en", _sst(False, True)),
    "newsgroups": LabelledSet("20 Newsgroups by date", "en", read_newsgroups),
}


def convert_set(name: str, source: Path, corpus: Path, limit: int = 0) -> None:
    """Write {train,dev,test}.spacy with the first `limit` texts of each split, all for 0."""
    found = SETS[name]
    with tempfile.TemporaryDirectory() as scratch:
        paths = []
        for split, records in found.read(source).items():
            paths.append(Path(scratch) / f"{split}.jsonl")
            srsly.write_jsonl(paths[-1], records[: limit or None])
        convert_textcat(paths, corpus, lang=found.lang)
