"""Small corpora in files, and what a run over them left."""

import json
from pathlib import Path
from typing import Any, Dict, List

from spacy.language import Language
from spacy.tokens import DocBin

from ..helpers import TEXTS, trained_tagger


def texts(n: int) -> List[str]:
    return [f"{TEXTS[i % 4]} {i}" for i in range(n)]


def write_jsonl(path: Path, n: int, first: int = 0) -> Path:
    rows = ({"text": text, "name": f"d{i}"} for i, text in enumerate(texts(first + n)) if i >= first)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf8")
    return path


def saved_tagger(folder: Path) -> Language:
    """A trained pipeline that was loaded from a folder."""
    import spacy

    nlp = trained_tagger(10)
    nlp.to_disk(folder)
    return spacy.load(folder)


def rows_of(output: Path) -> List[Dict[str, Any]]:
    """All rows of a folder of jsonl, parquet or docbin, in the order of its parts."""
    rows: List[Dict[str, Any]] = []
    for path in sorted(output.glob("part-*")):
        if path.suffix == ".jsonl":
            rows += [json.loads(line) for line in path.read_text(encoding="utf8").splitlines()]
        elif path.suffix == ".parquet":
            from pyarrow.parquet import read_table

            rows += read_table(path).to_pylist()
        else:
            from spacy.vocab import Vocab

            docs = DocBin().from_disk(path).get_docs(Vocab())
            rows += [{"id": doc.user_data["id"], "text": doc.text, "pos": [t.pos_ for t in doc]} for doc in docs]
    return rows


def errors_of(output: Path) -> List[Dict[str, str]]:
    paths = sorted((output / "errors").glob("*.jsonl"))
    return [json.loads(line) for path in paths for line in path.read_text(encoding="utf8").splitlines()]
