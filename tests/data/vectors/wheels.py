"""Tiny packages with word vectors."""

import hashlib
import io
import json
import tarfile
import tempfile
import zipfile
from pathlib import Path
from typing import Any, Dict, Mapping, Sequence

import numpy as np
import spacy
from spacy.language import Language
from spacy.vectors import Vectors

WORDS = ("the", "cat", "Paris")
FLORET: Dict[str, Any] = {"mode": "floret", "minn": 2, "maxn": 3, "hash_count": 2, "hash_seed": 7}


def vectors_pipeline(words: Sequence[str] = WORDS, *, lang: str = "en", width: int = 4) -> Language:
    """A blank pipeline with a vector for each word; the last two words share theirs."""
    nlp = spacy.blank(lang)
    data = np.random.default_rng(0).normal(size=(len(words) - 1, width)).astype(np.float32)
    nlp.vocab.vectors = Vectors(strings=nlp.vocab.strings, data=data, name="theirs")
    for row, word in enumerate(words):
        nlp.vocab.vectors.add(nlp.vocab.strings.add(word), row=min(row, len(data) - 1))
    nlp.meta["license"] = "CC0"
    return nlp


def floret_pipeline() -> Language:
    """A blank pipeline with vectors of n-grams."""
    nlp = spacy.blank("fi")
    data = np.random.default_rng(0).normal(size=(20, 4)).astype(np.float32)
    nlp.vocab.vectors = Vectors(strings=nlp.vocab.strings, data=data, name="theirs", **FLORET)
    return nlp


def write_wheel(path: Path, nlp: Language, version: str = "1.0") -> str:
    """Write a wheel with a pipeline, as `spacy package` lays it out. Returns its checksum."""
    name = path.name.split("-")[0].removesuffix(".whl")
    with tempfile.TemporaryDirectory() as unpacked:
        nlp.to_disk(unpacked)
        files = {
            f"{name}/{name}-{version}/{file.relative_to(unpacked).as_posix()}": file.read_bytes()
            for file in sorted(Path(unpacked).rglob("*"))
            if file.is_file()
        }
    return write_files(path, files, version)


def write_files(path: Path, files: Dict[str, bytes], version: str = "1.0") -> str:
    """Write a wheel with files. Returns its checksum."""
    name = path.name.split("-")[0].removesuffix(".whl")
    info = f"{name}-{version}.dist-info"
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\nRequires-Python: >=99\n"
    with zipfile.ZipFile(path, "w") as wheel:
        for inside, content in files.items():
            wheel.writestr(inside, content)
        wheel.writestr(f"{info}/METADATA", metadata)
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        wheel.writestr(f"{info}/RECORD", "")
    return hashlib.sha256(path.read_bytes()).hexdigest()


def write_winknlp(path: Path, vectors: Mapping[str, Sequence[float]]) -> str:
    """Write an archive of the npm registry as winkNLP's are. Returns its checksum."""
    rows = {word: [*row, 1.0, i] for i, (word, row) in enumerate(vectors.items())}
    content = {"dimensions": 3, "words": list(vectors), "vectors": rows, "unkVector": [0, 0, 0, 0, -1]}
    files = {"package.json": {"name": "wink"}, "wink-3d.json": content}
    with tarfile.open(path, "w:gz") as opened:
        for name, data in files.items():
            text = json.dumps(data, separators=(",", ":"), ensure_ascii=False).encode("utf8")
            member = tarfile.TarInfo(f"package/{name}")
            member.size = len(text)
            opened.addfile(member, io.BytesIO(text))
    return hashlib.sha256(path.read_bytes()).hexdigest()
