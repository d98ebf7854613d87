"""From constituency trees in brackets to labels on dependency trees."""

from pathlib import Path
from typing import Any, List

import pytest
import spacy
import srsly
from hypothesis import given
from hypothesis import strategies as st
from spacy.language import Language
from spacy.tokens import Doc, DocBin

from spacy_rnn.data.sst import (
    SPANS_KEY,
    Constituents,
    convert_sst,
    cut_fragment,
    parse_brackets,
    read_brackets,
    spaces_after,
    whole_sentence,
)
from spacy_rnn.errors import CorpusError

from ..tree_helpers import tree_doc

LINES = {
    "train": "(3 (2 (2 A) (3 (3 nice) (2 day))) (2 .))\n(2 (2 So) (2 it))\n",
    "dev": "(1 (2 It) (1 (1 bores) (2 me)))\n",
    "test": "(4 (4 Great) (2 \\/))\n",
}
words = st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=5)
trees = st.recursive(
    st.tuples(st.integers(0, 4), words),
    lambda inner: st.tuples(st.integers(0, 4), st.lists(inner, min_size=1, max_size=3)),
)


def write(folder: Path) -> Path:
    folder.mkdir()
    for split, text in LINES.items():
        (folder / f"{split}.txt").write_text(text, encoding="utf8")
    return folder


@Language.component("last_is_root_parser")
def parse(doc: Doc) -> Doc:
    """All words hang from the last one that is not a full stop."""
    root = max(i for i, token in enumerate(doc) if token.text != "." or len(doc) == 1)
    for token in doc:
        token.head, token.dep_ = doc[root], "ROOT" if token.i == root else "dep"
    return doc


@pytest.fixture
def nlp() -> Language:
    found = spacy.blank("en")
    found.add_pipe("last_is_root_parser", name="parser")
    return found


def write_tree(tree: Any) -> str:
    label, inner = tree
    return f"({label} {inner if isinstance(inner, str) else ' '.join(map(write_tree, inner))})"


def spans_of(tree: Any, start: int = 0) -> List[Any]:
    label, inner = tree
    if isinstance(inner, str):
        return [(start, start + 1, str(label))]
    found, end = [], start
    for part in inner:
        found += spans_of(part, end)
        end = found[-1][1]
    return [*found, (start, end, str(label))]


@given(tree=trees)
def test_brackets(tree: Any) -> None:
    found = parse_brackets(write_tree(tree))
    assert found.spans == spans_of(tree)
    assert len(found.words) == found.spans[-1][1]


@pytest.mark.parametrize(
    "line",
    ["", "(", "(5 a)", "(x (2 a) (2 b))", "3 a)", "(3 a", "(3 a))", "(3 )", "(3 a) (2 b)", "(3 a) b", "a", "((3 a))"],
)
def test_broken_brackets(line: str) -> None:
    with pytest.raises(ValueError):
        parse_brackets(line)


def test_escapes() -> None:
    assert parse_brackets("(2 8\u00a01\\/2)").words == ["8\u00a01/2"]
    assert parse_brackets("(2 (2 -LRB-) (2 1\\/2) (2 ``) (2 -RRB-))").words == ["(", "1/2", '"', ")"]


def test_spaces() -> None:
    words = ["He", "did", "n't", "say", '"', "no", '"', "(", "twice", ")", ",", "it", "'s", "$", "5", "."]
    assert "".join(word + " " * space for word, space in zip(words, spaces_after(words))) == (
        "He didn't say \"no\" (twice), it's $5."
    )


def test_bad_line_is_named(tmp_path: Path) -> None:
    path = tmp_path / "train.txt"
    path.write_text("(2 a)\n\n(2 b\n", encoding="utf8")
    with pytest.raises(CorpusError, match=r"D151.*train.txt:3"):
        list(read_brackets(path))
    with pytest.raises(CorpusError, match="D150"):
        list(read_brackets(tmp_path / "dev.txt"))
    path.write_text("\n", encoding="utf8")
    with pytest.raises(CorpusError, match="D107"):
        list(read_brackets(path))


def read(path: Path, nlp: Language) -> List[Doc]:
    return list(DocBin().from_disk(path).get_docs(nlp.vocab))


def phrases(doc: Doc) -> List[Any]:
    return [(span.text, span.label_) for span in doc.spans[SPANS_KEY]]


def test_phrases_that_are_subtrees(nlp: Language, tmp_path: Path) -> None:
    stats = convert_sst(write(tmp_path / "sst"), tmp_path / "out", nlp)
    first, second = read(tmp_path / "out" / "train.spacy", nlp)
    # "day" is the root: its own label, and that of "a nice day", belong to no subtree.
    assert phrases(first) == [("A", "2"), ("nice", "3"), (".", "2"), ("A nice day.", "3")]
    assert [token.head.i for token in first] == [2, 2, 2, 2]
    assert phrases(second) == [("So", "2"), ("So it", "2")]
    assert first.cats == {"0": 0.0, "1": 0.0, "2": 0.0, "3": 1.0, "4": 0.0}
    assert vars(stats["train"]) == {
        "sentences": 2, "words": 6, "phrases": 10, "matched": 6, "roots": 2, "fragments": 0,
    }  # fmt: skip
    assert srsly.read_json(tmp_path / "out" / "stats.json")["labels"] == list("01234")


def test_two_labels(nlp: Language, tmp_path: Path) -> None:
    convert_sst(write(tmp_path / "sst"), tmp_path / "out", nlp, binary=True)
    (doc,) = read(tmp_path / "out" / "train.spacy", nlp)
    assert phrases(doc) == [("nice", "positive"), ("A nice day.", "positive")]
    assert doc.cats == {"negative": 0.0, "positive": 1.0}
    (other,) = read(tmp_path / "out" / "dev.spacy", nlp)
    assert other.cats == {"negative": 1.0, "positive": 0.0}


def test_fragments(nlp: Language, tmp_path: Path) -> None:
    """Phrases without a subtree become documents, each once; those of dev and test do not."""
    stats = convert_sst(write(tmp_path / "sst"), tmp_path / "out", nlp, fragments=True)
    docs = read(tmp_path / "out" / "train.spacy", nlp)
    found = [(doc.text.strip(), max(doc.cats, key=doc.cats.__getitem__)) for doc in docs if not len(doc.spans)]
    assert sorted(found) == [("A nice day", "2"), ("day", "2"), ("it", "2"), ("nice day", "3")]
    assert stats["train"].fragments == 4 and stats["dev"].fragments == 0
    assert len(read(tmp_path / "out" / "dev.spacy", nlp)) == 1


def test_heads_of_a_fragment() -> None:
    nlp = spacy.blank("en")
    doc = tree_doc(nlp, "a b c d e", [1, 4, 1, 4, 4])
    found = cut_fragment(doc, 1, 4, "x", ["x", "y"])
    assert [token.text for token in found] == ["b", "c", "d"]
    assert [token.head.i for token in found] == [0, 0, 2]
    assert [token.dep_ for token in found] == ["ROOT", "dep2", "ROOT"]
    assert found.cats == {"x": 1.0, "y": 0.0}


def test_sentences_are_not_cut() -> None:
    doc = whole_sentence(spacy.blank("en").vocab, ["One", ".", "Two", "."])
    assert [token.is_sent_start for token in doc] == [True, False, False, False]
    assert isinstance(parse_brackets("(2 a)"), Constituents)


def test_a_parser_is_needed(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="D152.*'en'"):
        convert_sst(write(tmp_path / "sst"), tmp_path / "out", spacy.blank("en"))
    assert not (tmp_path / "out").exists()
