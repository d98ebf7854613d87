"""Entities in the last column of CoNLL-U."""

from pathlib import Path
from typing import List, Optional

import pytest
from spacy.tokens import DocBin
from spacy.vocab import Vocab

from spacy_rnn.data.configure import configure
from spacy_rnn.data.conllu import Entity, write_entities
from spacy_rnn.data.conllu.entities import entity_tag, read_entities
from spacy_rnn.data.convert import convert_treebank, read_stats
from spacy_rnn.errors import CorpusError
from spacy_rnn.pipeline.load import read_config

from ..helpers import ROOT
from .treebank import SENTENCE, write_splits


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ([None, None], None),
        (["O", None], []),
        (["B-A", "I-A", "O", "S-B"], [(0, 2, "A"), (3, 4, "B")]),
        (["B-A", "E-A", "U-A", "L-A"], [(0, 2, "A"), (2, 3, "A"), (3, 4, "A")]),
        (["I-A", "I-B", "B-B", None, "I-B"], [(0, 1, "A"), (1, 2, "B"), (2, 3, "B"), (4, 5, "B")]),
        (["B-A-B", "I-A-B"], [(0, 2, "A-B")]),
    ],
)
def test_tags(tags: List[Optional[str]], expected: Optional[List]) -> None:
    found = read_entities(tags)
    assert (found if found is None else list(found)) == expected


@pytest.mark.parametrize(
    ("misc", "expected"),
    [
        ("_", None),
        ("SpaceAfter=No|NE=B-PER", "B-PER"),
        ("name=O", "O"),
        ("Name=Ada", None),
        ("NEO=B-PER", None),
    ],
)
def test_the_last_column(misc: str, expected: Optional[str]) -> None:
    assert entity_tag(misc) == expected


def test_unknown_tokens() -> None:
    assert write_entities([Entity(1, 3, "A"), Entity(3, 4, "")], 5) == ["O", "B-A", "I-A", "", "O"]
    assert write_entities(None, 5) is None


def named(tags: str) -> str:
    """The sentence with a tag for each of its words."""
    rows = SENTENCE.splitlines()
    words = [i for i, line in enumerate(rows) if line.split("\t")[0].isdigit()]
    for i, tag in zip(words, tags.split(), strict=True):
        fields = rows[i].split("\t")
        fields[-1] = f"NE={tag}" if fields[-1] == "_" else f"{fields[-1]}|NE={tag}"
        rows[i] = "\t".join(fields)
    return "\n".join(rows) + "\n"


def test_convert(tmp_path: Path) -> None:
    """An entity of whole tokens stays one, and the tokens of any other are not annotated."""
    source = write_splits(tmp_path / "source", named("B-A O B-B I-B I-B I-B O"), dev=named("B-A O O O B-B I-B O"))
    stats = convert_treebank(source, tmp_path / "corpus")
    assert stats.attrs[-1] == "entities" and read_stats(tmp_path / "corpus") == stats
    found = {
        name: next(DocBin().from_disk(tmp_path / "corpus" / f"{name}.spacy").get_docs(Vocab()))
        for name in ("train", "train-words", "dev", "dev-words")
    }
    spans = {name: [(ent.text, ent.label_) for ent in doc.ents] for name, doc in found.items()}
    assert spans["train"] == [("Vi", "A"), ("casa da avó", "B")]
    assert spans["train-words"] == [("Vi", "A"), ("casa dea avó", "B")]
    assert spans["dev"] == [("Vi", "A")] and spans["dev-words"] == [("Vi", "A"), ("a avó", "B")]
    assert [token.ent_iob_ for token in found["dev"]] == ["B", "O", "O", "", "", "O"]
    assert [split.entities_left_out for split in stats.splits.values()] == [0, 1, 0]
    assert [message for message in stats.messages if "entities" in message] == [
        "dev: 1 entities are left out, which have a part of a token only."
    ]


@pytest.mark.parametrize("tag", ["B", "X-PER", "B-", "PER"])
def test_what_is_no_tag(tmp_path: Path, tag: str) -> None:
    source = write_splits(tmp_path / "source", named(f"O O {tag} O O O O"))
    with pytest.raises(CorpusError, match=rf"conllu:5: 'NE={tag}' is no entity; expected"):
        convert_treebank(source, tmp_path / "corpus")


@pytest.mark.parametrize(("text", "kept"), [(SENTENCE, False), (named("O O O O O O O"), True)])
def test_a_pipeline_has_a_recognizer_where_entities_are(tmp_path: Path, text: str, kept: bool) -> None:
    convert_treebank(write_splits(tmp_path / "source", text), tmp_path / "corpus")
    configure(ROOT / "project" / "configs" / "whole.cfg", tmp_path / "corpus", tmp_path / "config.cfg")
    config = read_config(tmp_path / "config.cfg", needed=("nlp",))
    assert ("rnn_ner" in config["nlp"]["pipeline"]) == ("rnn_ner" in config["components"]) == kept
    assert (config["training"]["score_weights"]["ents_f"] is not None) == kept
