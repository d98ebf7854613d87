"""What the reader accepts, and where it says that a file is broken."""

from pathlib import Path
from typing import List

import pytest

from spacy_rnn.data.conllu import Sentence, read_conllu
from spacy_rnn.errors import CorpusError

from .treebank import SENTENCE, row, sentence


def read(path: Path, text: str) -> List[Sentence]:
    path.write_text(text, encoding="utf8", newline="")
    return list(read_conllu(path))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "x.conllu"


def test_whole_format(path: Path) -> None:
    (found,) = read(path, SENTENCE)
    assert [word.form for word in found.words] == ["Vi", "a", "casa", "de", "a", "avó", "."]
    assert [word.head for word in found.words] == [0, 2, 0, 5, 5, 2, 0]
    assert [unit.form for unit in found.surface()] == ["Vi", "a", "casa", "da", "avó", "."]
    assert found.text == "Vi a casa da avó."
    assert found.sent_id == "doc-1"
    assert found.words[3].feats is None


@pytest.mark.parametrize("change", [("\n", "\r\n"), ("# sent", "\ufeff# sent"), ("# text", "# other\n#\n# text")])
def test_same_sentence_however_written(path: Path, change: tuple) -> None:
    (plain,) = read(path, SENTENCE)
    (found,) = read(path, SENTENCE.replace(*change))
    assert found == plain


def test_paragraphs_and_documents(path: Path) -> None:
    comments = ["# newpar", "#", "# newdoc id = a b", "# new = par", "# newpar id = x\n# newdoc", "# text = newdoc"]
    found = read(path, "\n".join(f"{comment}\n{row(1, 'a', 0)}\n" for comment in comments))
    assert [one.starts_paragraph for one in found] == [True, False, True, False, True, False]


def test_underscore_is_a_word_and_an_unset_field(path: Path) -> None:
    (found,) = read(path, sentence([row(1, "_", 0, lemma="_"), row(2, "a", 1)]))
    assert (found.words[0].form, found.words[0].lemma) == ("_", "_")
    assert found.words[1].lemma is None
    assert found.words[1].upos is None


def test_a_comma_too_many(path: Path) -> None:
    """As published treebanks have it."""
    (found,) = read(path, sentence([row(1, "a", 0, feats="Gender=Fem,|Case=Nom,,Acc")]))
    assert found.words[0].feats == "Gender=Fem|Case=Nom,Acc"


def test_line_separators_inside_a_field(path: Path) -> None:
    (found,) = read(path, sentence([row(1, "a\u2028b", 0), row(2, "c d", 1)]))
    assert [word.form for word in found.words] == ["a\u2028b", "c d"]


@pytest.mark.parametrize(
    ("misc", "expected"),
    [
        ("SpaceAfter=No", False),
        ("A=b|SpaceAfter=No", False),
        ("SpaceAfter", True),
        ("SpaceAfter=No=x", True),
        ("|", True),
    ],
)
def test_marks_of_spaces(path: Path, misc: str, expected: bool) -> None:
    (found,) = read(path, sentence([row(1, "a", 0, misc=misc), row(2, "b", 1)]))
    assert found.words[0].space_after is expected


def test_sentence_with_partial_heads(path: Path) -> None:
    (found,) = read(path, sentence([row(1, "a", 0), row(2, "b")]))
    assert [word.head for word in found.words] == [None, None] and found.headless == 2


def test_sentence_without_heads(path: Path) -> None:
    (found,) = read(path, sentence([row(1, "a"), row(2, "b")]))
    assert [word.head for word in found.words] == [None, None]


BROKEN = {
    "several roots": ([row(1, "a", 0), row(2, "b", 0)], "D010", 4),
    "no root": ([row(1, "a", 2), row(2, "b", 1)], "D011", 3),
    "cycle": ([row(1, "a", 0), row(2, "b", 3), row(3, "c", 2)], "D011", 4),
    "head out of range": ([row(1, "a", 0), row(2, "b", 3)], "D009", 4),
    "head of itself": ([row(1, "a", 0), row(2, "b", 2)], "D009", 4),
    "negative head": ([row(1, "a", 0), row(2, "b", -1)], "D009", 4),
    "head not a number": ([row(1, "a", "x")], "D005", 3),
    "nine columns": (["\t".join("1a_______")], "D003", 3),
    "empty column": ([row(1, "", 0)], "D004", 3),
    "gap in the IDs": ([row(1, "a", 0), row(3, "b", 1)], "D006", 4),
    "unset ID": ([row("_", "a", 0)], "D006", 3),
    "bad ID": ([row("1x", "a", 0)], "D005", 3),
    "range after its words": ([row(1, "a", 0), row("1-2", "ab"), row(2, "b", 1)], "D006", 4),
    "range beyond the end": ([row("1-3", "ab"), row(1, "a", 0), row(2, "b", 1)], "D006", 3),
    "overlapping ranges": ([row("1-2", "ab"), row(1, "a", 0), row("2-3", "bc"), row(2, "b", 1)], "D006", 5),
    "misplaced empty node": ([row(1, "a", 0), row("3.1", "e")], "D006", 4),
    "unknown UPOS": ([row(1, "a", 0, upos="NOUNS")], "D007", 3),
    "malformed feature": ([row(1, "a", 0, feats="Number")], "D008", 3),
    "two values": ([row(1, "a", 0, feats="Gender=Fem=Masc")], "D008", 3),
    "empty value": ([row(1, "a", 0, feats="Gender=,")], "D008", 3),
    "repeated feature": ([row(1, "a", 0, feats="A=B|C=D|A=E")], "D008", 3),
    "part of speech as a feature": ([row(1, "a", 0, feats="pos=x")], "D104", 3),
    "bars alone": ([row(1, "a", 0, feats="|")], "D008", 3),
    "endless head": ([row(1, "a", "9" * 5000)], "D005", 3),
    "endless ID": ([row("9" * 5000, "a", 0)], "D005", 3),
}


@pytest.mark.parametrize("name", BROKEN)
def test_broken_file_names_file_and_line(path: Path, name: str) -> None:
    rows, code, line = BROKEN[name]
    with pytest.raises(CorpusError, match=rf"\[{code}\] .*x\.conllu:{line}: ") as caught:
        read(path, "# a comment alone\n\n" + sentence(rows))
    assert "\n" not in str(caught.value)


def test_not_utf8(path: Path) -> None:
    path.write_bytes(SENTENCE.encode("latin1"))
    with pytest.raises(CorpusError, match=r"D001.*x\.conllu:2:"):
        list(read_conllu(path))


@pytest.mark.parametrize("text", ["", "\n\n", "# text = only a comment\n"])
def test_no_sentence(path: Path, text: str) -> None:
    with pytest.raises(CorpusError, match="D002"):
        read(path, text)
