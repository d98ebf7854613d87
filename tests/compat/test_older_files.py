"""Pipelines saved by earlier versions load, and predict the same.

Each JSON file holds a tiny trained pipeline as text, the arguments of some documents, and the annotations that the
version predicted which saved it. Such a file never changes: a new format gets new files.
"""

import base64
import zlib
from pathlib import Path
from typing import Any, Dict

import numpy as np
import pytest
import spacy
import srsly
from spacy.language import Language
from spacy.tokens import Doc, Token

PIPELINES = sorted(Path(__file__).parent.glob("*.json"))


def unpack(files: Dict[str, Any], folder: Path) -> Language:
    """Write the files of a pipeline, and load it. Its tokenizer is not among them."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        binary = isinstance(content, dict)
        path.write_bytes(zlib.decompress(base64.b64decode(content["zlib"])) if binary else content.encode("utf8"))
    return spacy.load(folder, exclude=["tokenizer"])


def read(doc: Doc, name: str) -> Any:
    """An annotation of a document, or of all its tokens."""
    if name == "cats":
        return doc.cats
    if name == "ents":
        return [[ent.start, ent.end, ent.label_] for ent in doc.ents]
    if name == "rnn_ent_probs":
        return doc._.rnn_ent_probs.tolist()
    if name == "sc":
        return [[span.start, span.end, span.label_] for span in doc.spans["sc"]]
    if name == "sc_scores":
        return doc.spans["sc"].attrs["scores"].tolist()
    if name == "label_probs":
        return [dict(span._.label_probs) for span in doc.spans["sc"]]
    if name == "head":
        return [token.head.i for token in doc]
    if name == "morph":
        return [str(token.morph) for token in doc]
    if Token.has_extension(name):
        return [token._.get(name) for token in doc]
    return doc._.get(name) if Doc.has_extension(name) else [getattr(token, f"{name}_") for token in doc]


def test_there_are_pipelines() -> None:
    components = {"tagger", "textcat", "multilabel", "tree", "lemmatizer", "transducer", "parser", "ner", "spancat"}
    assert {path.stem for path in PIPELINES} >= components


@pytest.mark.parametrize("path", PIPELINES, ids=lambda path: path.stem)
def test_predicts_the_same(path: Path, tmp_path: Path) -> None:
    saved = srsly.read_json(path)
    nlp = unpack(saved["files"], tmp_path)
    docs = [Doc(nlp.vocab, **arguments) for arguments in saved["docs"]]
    for doc, expected in zip(nlp.pipe(docs), saved["expected"], strict=True):
        for name, value in expected.items():
            found = read(doc, name)
            if name in ("cats", "arc_prob", "rnn_ent_probs", "sc_scores"):
                assert found == pytest.approx(value, abs=1e-4)
            elif name == "label_probs":
                assert found == [pytest.approx(dict(pairs), abs=1e-4) for pairs in value]
            elif name == "rnn_scores":
                np.testing.assert_allclose(found["pos"], value["pos"], atol=1e-4)
            else:
                assert found == value, name


@pytest.mark.parametrize("path", PIPELINES, ids=lambda path: path.stem)
def test_saved_again(path: Path, tmp_path: Path) -> None:
    """What is loaded from an older file can be saved, and then predicts the same."""
    saved = srsly.read_json(path)
    nlp = unpack(saved["files"], tmp_path / "old")
    nlp.to_disk(tmp_path / "new")
    again = spacy.load(tmp_path / "new")
    for arguments, expected in zip(saved["docs"], saved["expected"], strict=True):
        doc, same = nlp(Doc(nlp.vocab, **arguments)), again(Doc(again.vocab, **arguments))
        for name in set(expected) - {"rnn_scores"}:
            assert read(same, name) == read(doc, name)
