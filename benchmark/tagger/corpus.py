"""The input of the systems: sentences of gold words with their annotation, and the running text."""

from pathlib import Path
from typing import Dict, List, NamedTuple, Optional

import conllu

from .system import Tags

ATTRS = ("UPOS", "XPOS", "FEATS")


class Sentences(NamedTuple):
    """A split of a treebank, one entry a sentence."""

    words: List[List[str]]
    gold: Tags
    """UPOS, XPOS and FEATS of each word, "_" where there is none."""
    texts: List[str]
    """The raw text of each sentence."""

    @property
    def n_words(self) -> int:
        return sum(map(len, self.words))


def conllu_path(treebank: Path, split: str) -> Path:
    """The file of one split in a folder of *-ud-{train,dev,test}.conllu."""
    (path,) = treebank.glob(f"*-ud-{split}.conllu")
    return path


def read(treebank: Path, split: str, limit: int = 0) -> Sentences:
    """The first `limit` sentences of a split, all for 0."""
    found = Sentences([], [], [])
    with conllu_path(treebank, split).open(encoding="utf8") as file:
        for sentence in conllu.parse_incr(file):
            tokens = [token for token in sentence if isinstance(token["id"], int)]
            found.words.append([token["form"] for token in tokens])
            found.gold.append([(token["upos"], token["xpos"] or "_", features(token["feats"])) for token in tokens])
            found.texts.append(sentence.metadata.get("text", " ".join(found.words[-1])))
            if len(found.words) == limit:
                break
    return found


def features(values: Optional[Dict[str, str]]) -> str:
    """FEATS in the order that Universal Dependencies prescribes, so that systems agree on it."""
    ordered = sorted((values or {}).items(), key=lambda item: item[0].lower())
    return "|".join(f"{name}={value}" for name, value in ordered) or "_"


def parse_features(text: str) -> str:
    """The same for a string of features."""
    return features(dict(part.split("=", 1) for part in text.split("|"))) if text not in ("", "_") else "_"


def accuracy(gold: Tags, found: Tags) -> Dict[str, float]:
    """The share of words with the right annotation, in percent, for each attribute that any word has."""
    pairs = [pair for a, b in zip(gold, found, strict=True) for pair in zip(a, b, strict=True)]
    scores = {}
    for i, attr in enumerate(ATTRS):
        if any(right[i] != "_" for right, _ in pairs):
            scores[attr] = 100 * sum(right[i] == answer[i] for right, answer in pairs) / len(pairs)
    return scores


def cut(treebank: Path, folder: Path, sentences: Dict[str, int]) -> Path:
    """Write a treebank of the first sentences of each split, and return its folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for split, n in sentences.items():
        source = conllu_path(treebank, split)
        # Two blank lines in a row would be an empty sentence.
        blocks = source.read_text(encoding="utf8").strip().split("\n\n")[:n]
        (folder / source.name).write_text("\n\n".join(blocks) + "\n\n", encoding="utf8")
    return folder
