"""Texts as code points and as ids, on disk."""

from pathlib import Path
from typing import List, Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacy_rnn.errors import CorpusError
from spacy_rnn.lm import text as lm_text
from spacy_rnn.lm.text import CodePoints, Line, open_ids
from spacy_rnn.nn.char_vocabulary import SEPARATOR, UNKNOWN, CharVocabulary

LINES: List[Line] = [("x", "ab"), ("y", "b"), ("", "a")]


def ids_of(folder: Path, lines: Sequence[Line], vocabulary: CharVocabulary, *, backward: bool = False) -> List[int]:
    CodePoints(folder / "points", lines, backward=backward).write_ids(folder / "ids", vocabulary)
    return open_ids(folder / "ids").tolist()


@pytest.mark.parametrize(
    ("backward", "expected"), [(False, [4, 2, 3, 1, 5, 3, 1, 2, 1]), (True, [4, 3, 2, 1, 5, 3, 1, 2, 1])]
)
def test_ids_on_disk(tmp_path: Path, backward: bool, expected: List[int]) -> None:
    """Labels stand first in both directions."""
    assert ids_of(tmp_path, LINES, CharVocabulary("ab", ["x", "y"]), backward=backward) == expected


def test_no_ids_on_disk(tmp_path: Path) -> None:
    assert ids_of(tmp_path, [], CharVocabulary("a")) == []


def test_unknown_characters_and_labels(tmp_path: Path) -> None:
    assert ids_of(tmp_path, [("", "aß👍")], CharVocabulary("a")) == [2, UNKNOWN, UNKNOWN, SEPARATOR]
    with pytest.raises(CorpusError, match="D202.*'x'"):
        ids_of(tmp_path, LINES, CharVocabulary("ab", ["y"]))


labelled = st.tuples(st.sampled_from(["", "x", "y"]), st.text("ab👍\ud800", max_size=4))


@given(lines=st.lists(labelled, min_size=1, max_size=8), kept=st.integers(1, 8), block=st.integers(1, 9))
def test_parts_of_any_block_size(
    lines: List[Line], kept: int, block: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """The first texts are counted, and encoded, as if there were no others."""
    folder = tmp_path_factory.getbasetemp()
    first = lines[:kept]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lm_text, "_BLOCK", block)
        points = CodePoints(folder / "all", lines, backward=False)
        stop = points.end_of(len(first))
        vocabulary = points.vocabulary(100, stop)
    text = "".join(text for _, text in first)
    assert vocabulary.chars == "".join(sorted(set(text), key=lambda char: (-text.count(char), char)))
    assert vocabulary.labels == sorted({label for label, _ in first if label})
    everything = CharVocabulary(vocabulary.chars, ["x", "y"])
    points.write_ids(folder / "first", everything, 0, stop)
    points.write_ids(folder / "rest", everything, stop)
    assert open_ids(folder / "first").tolist() == ids_of(folder, first, everything)
    assert open_ids(folder / "rest").tolist() == ids_of(folder, lines[kept:], everything)
    assert points.n_texts == len(lines) and np.count_nonzero(open_ids(folder / "first") == SEPARATOR) == len(first)
