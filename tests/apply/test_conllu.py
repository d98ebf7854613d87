"""Texts and documents to CoNLL-U, and input that cannot be used."""

from pathlib import Path
from typing import Callable, Optional

import pytest
import spacy
import srsly
from spacy.language import Language
from spacy.tokens import DocBin

from spacy_rnn.apply.conllu import write_conllu
from spacy_rnn.apply.sources import Source
from spacy_rnn.data.conllu import ConlluCounts, read_conllu
from spacy_rnn.errors import CorpusError, SettingError

from ..helpers import annotations, trained_tagger


@pytest.fixture(scope="module")
def nlp() -> Language:
    nlp = trained_tagger(2)
    nlp.add_pipe("sentencizer")
    return nlp


def test_texts_and_documents(nlp: Language, tmp_path: Path) -> None:
    """A pipeline writes the same of a text, of a document with its tokens, and of a document that it annotated."""
    texts = ["The cats sleep. A dog  barked.", "", "Yes"]
    (tmp_path / "raw.txt").write_text("\n".join(texts) + "\n", encoding="utf8")
    srsly.write_jsonl(tmp_path / "raw.jsonl", [{"body": text, "name": i} for i, text in enumerate(texts)])
    DocBin(docs=[nlp.make_doc(text) for text in texts]).to_disk(tmp_path / "bare.spacy")
    DocBin(docs=list(nlp.pipe(texts))).to_disk(tmp_path / "whole.spacy")
    sources = {
        "raw.txt": Source(str(tmp_path / "raw.txt")),
        "raw.jsonl": Source(str(tmp_path / "raw.jsonl"), text="body", id="name"),
        "bare.spacy": Source(str(tmp_path / "bare.spacy")),
        "whole.spacy": Source(str(tmp_path / "whole.spacy")),
    }
    expected = [row for text in texts for row in annotations(nlp(text)) if row[0].strip()]
    for name, source in sources.items():
        output = tmp_path / "new" / f"{name}.conllu"
        counts = write_conllu(None if name == "whole.spacy" else nlp, source, output)
        assert counts == ConlluCounts(docs=3, sentences=3, words=9, without_tree=3)
        found = list(read_conllu(output))
        assert [one.text for one in found] == ["The cats sleep.", "A dog barked.", "Yes"]
        assert [one.sent_id for one in found] == ["1", "2", "3"]
        assert [one.starts_paragraph for one in found] == [True, False, True]
        rows = [(word.form, word.upos or "", word.xpos or "", word.feats or "") for one in found for word in one.words]
        assert rows == expected
    assert "# newdoc id = 2\n" in (tmp_path / "new" / "raw.jsonl.conllu").read_text(encoding="utf8")


@pytest.mark.parametrize(
    ("code", "source", "pipeline"),
    [
        ("D214", "raw.txt", lambda nlp: None),
        ("D211", "junk.txt", lambda nlp: nlp),
        ("D211.*E088", "raw.txt", lambda nlp: short()),
        ("D122", "out", lambda nlp: nlp),
    ],
)
def test_nothing_is_lost(
    nlp: Language, tmp_path: Path, code: str, source: str, pipeline: Callable[[Language], Optional[Language]]
) -> None:
    (tmp_path / "raw.txt").write_text("The cats sleep.\n")
    (tmp_path / "junk.txt").write_bytes(b"Fine.\n\xff\xff\n")
    (tmp_path / "out").write_text("What was there.\n")
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    with pytest.raises(CorpusError, match=code):
        write_conllu(pipeline(nlp), Source(str(tmp_path / source), "text"), tmp_path / "out")
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


def short() -> Language:
    nlp = spacy.blank("xx")
    nlp.max_length = 3
    return nlp


def test_unknown_format() -> None:
    with pytest.raises(SettingError, match="R001.*nonsense"):
        Source("raw.txt", "nonsense")
