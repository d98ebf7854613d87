"""The scores of CoNLL 2018, against those that were computed by hand."""

import shutil
from pathlib import Path
from typing import Dict, List

import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Doc

from spacy_rnn.data.conllu import read_conllu
from spacy_rnn.data.convert import convert_treebank
from spacy_rnn.errors import CorpusError
from spacy_rnn.evaluation.conll import (
    LONGEST,
    ConllScore,
    evaluate_conll,
    find_scorer,
    gold_files,
    make_doc,
    paragraphs,
    read_counts,
    run_scorer,
)
from spacy_rnn.evaluation.tagger import evaluate

from ..data.treebank import SENTENCE, row, sentence, write_splits
from . import test_tagger  # whose component tags by form

METRICS = [
    *("Tokens", "Sentences", "Words", "UPOS", "XPOS", "UFeats", "AllTags", "Lemmas"),
    *("UAS", "LAS", "CLAS", "MLAS", "BLEX"),
]
assert test_tagger.make_tag_by_form


@pytest.fixture
def nlp() -> Language:
    nlp = spacy.blank("pt")
    nlp.add_pipe("tag_by_form")
    return nlp


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return write(tmp_path, SENTENCE)


def write(folder: Path, *sentences: str) -> Path:
    path = folder / "gold.conllu"
    path.write_text("\n".join([*sentences, ""]), encoding="utf8")
    return path


def test_gold_data_is_right(path: Path) -> None:
    scores = run_scorer(find_scorer(), path, path)
    assert list(scores) == METRICS
    assert {score.f1 for score in scores.values()} == {1.0}


def test_computed_by_hand(nlp: Language, path: Path) -> None:
    """Of the 7 words, "da" is one instead of two, and the other 5 are found. Parts of speech are known, and so is that
    a full stop has no features. Without a tree, all words are put under the first one, which is right for 3, and only
    the root has the right relation. Content words are the root and two others (gold), and all six (flat)."""
    found = evaluate_conll(nlp, [path])
    right = {"Tokens": (6, 6, 6), "Sentences": (1, 1, 1), **dict.fromkeys(METRICS[2:], (0, 7, 6))}
    right |= {"Words": (5, 7, 6), "UPOS": (5, 7, 6), "UFeats": (1, 7, 6), "UAS": (3, 7, 6), "LAS": (1, 7, 6)}
    right |= {"CLAS": (1, 3, 6), "MLAS": (0, 3, 6), "BLEX": (0, 3, 6)}
    aligned = {**dict.fromkeys(METRICS[:2]), **dict.fromkeys(METRICS[2:10], 5), **dict.fromkeys(METRICS[10:], 3)}
    for name, (correct, gold, system) in right.items():
        score = found.scores[name]
        assert score == ConllScore.from_counts(correct, gold, system, aligned[name]), name
        assert score.precision == pytest.approx(correct / system) and score.recall == pytest.approx(correct / gold)
        assert score.f1 == pytest.approx(2 * correct / (gold + system))
    assert found.written.without_tree == found.written.sentences == 1
    assert found.to_json()["UPOS"] == {"precision": 5 / 6, "recall": 5 / 7, "f1": 10 / 13, "aligned": 1.0}


def test_same_as_the_scores_of_spacy(nlp: Language, tmp_path: Path) -> None:
    """Where all words are tokens that the tokenizer finds, and none is punctuation, which spaCy's UAS and LAS leave
    out."""
    nlp.add_pipe("hang_on_the_first", first=True)
    rows = [row(1, "Vi", 0, upos="VERB"), row(2, "a", 3, upos="DET"), row(3, "casa", 1, upos="X", deprel="nmod")]
    source = write_splits(tmp_path / "source", sentence(rows, "Vi a casa"))
    convert_treebank(source, tmp_path / "corpus")
    expected = evaluate(nlp, tmp_path / "corpus")["raw_text"].scores
    found = evaluate_conll(nlp, gold_files(source), gold_sentences=True).scores
    assert found["UPOS"].f1 == expected["pos_acc"] == pytest.approx(2 / 3)
    assert found["UAS"].f1 == expected["dep_uas"] == pytest.approx(2 / 3)
    assert found["LAS"].f1 == expected["dep_las"] == pytest.approx(2 / 3)


def test_paragraphs_or_sentences(tmp_path: Path) -> None:
    """A paragraph goes to the pipeline as it stands in the text. It ends where that is said, or where it gets long."""
    long = "x" * (LONGEST + 1)
    path = write(
        tmp_path,
        *("# newpar\n" + SENTENCE, sentence([row(1, "Sim", 0, misc="SpaceAfter=No")]), sentence([row(1, "!", 0)])),
        *("# newdoc\n" + sentence([row(1, long, 0)]), sentence([row(1, "a", 0)])),
    )
    nlp = spacy.blank("pt")
    texts = [make_doc(nlp, part).text for part in paragraphs(read_conllu(path))]
    assert texts == ["Vi a casa da avó. Sim!", long, "a"]
    assert list(paragraphs([])) == []
    scores = {}
    for gold_sentences in (False, True):
        found = evaluate_conll(nlp, [path], gold_sentences=gold_sentences)
        scores[gold_sentences] = (found.written.docs, found.scores["Sentences"])
    assert scores == {False: (3, ConllScore.from_counts(2, 5, 3)), True: (5, ConllScore.from_counts(5, 5, 5))}


def test_pipeline_that_finds_sentences(nlp: Language, tmp_path: Path) -> None:
    nlp.add_pipe("sentencizer")
    more = write_splits(tmp_path / "more", "# newdoc\n" + SENTENCE) / "pt_test-ud-dev.conllu"
    found = evaluate_conll(nlp, [write(tmp_path, SENTENCE, sentence([row(1, "Sim", 0)])), more])
    assert found.written.sentences == found.written.docs + 1 == 3
    assert found.scores["Sentences"].f1 == 1.0


def test_files(tmp_path: Path) -> None:
    folder = write_splits(tmp_path / "source")
    assert gold_files(folder, "dev") == [folder / "pt_test-ud-dev.conllu"]
    assert gold_files(tmp_path / "x.conllu") == [tmp_path / "x.conllu"]
    with pytest.raises(CorpusError, match="D013"):
        gold_files(tmp_path)


def test_without_a_scorer(nlp: Language, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name, path=None: None)
    with pytest.raises(CorpusError, match=r"D240.*`pip install udtools`"):
        evaluate_conll(nlp, [path])


BROKEN: Dict[str, List[str]] = {
    "HEAD '_'": [row(1, "a")],
    "gold file and in system file differ": [row(1, "a\u2028b", 0)],
}


@pytest.mark.parametrize("reason", BROKEN)
def test_gold_data_that_the_scorer_refuses(reason: str, tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match=f"D241.*{reason}") as caught:
        evaluate_conll(Spaces(), [write(tmp_path, sentence(BROKEN[reason]))])
    assert "\n" not in str(caught.value)


def test_texts_that_the_pipeline_refuses(nlp: Language, path: Path) -> None:
    nlp.max_length = 3
    with pytest.raises(CorpusError, match=r"D104.*gold\.conllu:1: .*E088"):
        evaluate_conll(nlp, [path])


def test_what_is_no_table() -> None:
    assert read_counts("") == read_counts("A | B\nLAS | 1 | 2 | x | \n") == {}


class Spaces(Language):
    """Its tokenizer takes every kind of whitespace for one between words."""

    def make_doc(self, text: str) -> Doc:
        return Doc(self.vocab, words=text.split())
