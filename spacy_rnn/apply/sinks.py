"""Processed documents to files that are written completely or not at all."""

import json
import os
import uuid
from contextlib import contextmanager
from typing import IO, Any, Callable, Dict, Iterator, List, Optional, Sequence

from spacy.attrs import DEP, LEMMA, MORPH, ORTH, POS, TAG
from spacy.language import Language
from spacy.parts_of_speech import NAMES
from spacy.tokens import Doc, DocBin
from spacy.vocab import Vocab

from .sources import locate, parquet_module

SUFFIXES = {"jsonl": ".jsonl", "parquet": ".parquet", "docbin": ".spacy"}
TEMPORARY = "_tmp"
_ROW_GROUP = 4096  # of a parquet file

# What components say they assign, and its column.
_ASSIGNED = {
    "token.pos": "pos",
    "token.tag": "tag",
    "token.morph": "morph",
    "token.lemma": "lemma",
    "token.dep": "dep",
    "token.head": "head",
    "token.is_sent_start": "sents",
    "doc.sents": "sents",
    "doc.ents": "ents",
    "doc.cats": "cats",
}
_KEYS = {"tokens": ORTH, "pos": POS, "tag": TAG, "morph": MORPH, "lemma": LEMMA, "dep": DEP}
COLUMNS = ("text", "tokens", *dict.fromkeys(_ASSIGNED.values()))


def columns_of(nlp: Language) -> List[str]:
    """The text, the tokens and what the components of a pipeline say they assign."""
    assigned = {name for pipe in nlp.pipe_names for name in nlp.get_pipe_meta(pipe).assigns}
    return ["text", "tokens", *dict.fromkeys(column for name, column in _ASSIGNED.items() if name in assigned)]


class Row:
    """Makes plain data of documents, and looks up each string only once."""

    def __init__(self, columns: Sequence[str], vocab: Vocab):
        self._columns = columns
        # The store has no strings for parts of speech, and calls an empty set of features "_".
        features = _Strings(vocab, {vocab.strings["_"]: ""})
        self._known: Dict[str, Dict[int, str]] = {**dict.fromkeys(_KEYS, _Strings(vocab)), "pos": dict(NAMES)}
        self._known["morph"] = features

    def __call__(self, name: str, doc: Doc) -> Dict[str, Any]:
        return {"id": name, **{column: self._value(column, doc) for column in self._columns}}

    def _value(self, column: str, doc: Doc) -> Any:
        if column in _KEYS:
            known = self._known[column]
            return [known[key] for key in doc.to_array(_KEYS[column]).tolist()]
        return _VALUES[column](doc)


class _Strings(Dict[int, str]):
    """The strings of a store by key."""

    def __init__(self, vocab: Vocab, known: Optional[Dict[int, str]] = None):
        super().__init__(known or {})
        self._store = vocab.strings

    def __missing__(self, key: int) -> str:
        self[key] = found = self._store[key]
        return found


def _sentences(doc: Doc) -> List[List[int]]:
    return [[sent.start, sent.end] for sent in doc.sents] if doc.has_annotation("SENT_START") else []


_VALUES: Dict[str, Callable[[Doc], Any]] = {
    "text": lambda doc: doc.text,
    "head": lambda doc: [token.head.i for token in doc],
    "sents": _sentences,
    "ents": lambda doc: [{"start": ent.start, "end": ent.end, "label": ent.label_} for ent in doc.ents],
    "cats": lambda doc: dict(doc.cats),
}


class Sink:
    """A folder of parts. No file in it is ever incomplete: a file gets its name when all is written.

    address: of the folder, local or any that fsspec knows. format: a key of SUFFIXES.
    """

    def __init__(self, address: str, format: str, columns: Sequence[str]):
        self.fs, self.root = locate(address)
        self.format, self.columns = format, list(columns)

    def name(self, part: int) -> str:
        return f"part-{part:05d}{SUFFIXES[self.format]}"

    @contextmanager
    def part(self, part: int, vocab: Vocab) -> Iterator[Callable[[str, Doc], None]]:
        """Gives a function that adds a document under a name to a new part, which appears when the block ends."""
        writers = {"jsonl": _write_jsonl, "parquet": _write_parquet, "docbin": _write_docbin}
        with self.file(self.name(part)) as opened, writers[self.format](opened, self.columns, vocab) as add:
            yield add

    @contextmanager
    def file(self, name: str) -> Iterator[IO[bytes]]:
        """A file that gets its name when the block ends, and is removed if the block raises."""
        temporary = f"{self.root}/{TEMPORARY}/{uuid.uuid4().hex}"
        self.fs.makedirs(f"{self.root}/{TEMPORARY}", exist_ok=True)
        try:
            with self.fs.open(temporary, "wb") as opened:
                yield opened
            target = f"{self.root}/{name}"
            self.fs.makedirs(target.rpartition("/")[0], exist_ok=True)
            if "file" in (self.fs.protocol, *self.fs.protocol):
                os.replace(temporary, target)
            else:
                self.fs.mv(temporary, target)
        except BaseException:
            if self.fs.exists(temporary):
                self.fs.rm_file(temporary)
            raise

    def write_json(self, name: str, data: Any) -> None:
        with self.file(name) as opened:
            opened.write(json.dumps(data).encode("utf8"))

    def read_json(self, name: str) -> Any:
        """None if there is no such file."""
        path = f"{self.root}/{name}"
        return json.loads(self.fs.cat_file(path)) if self.fs.exists(path) else None

    def names(self, folder: str) -> List[str]:
        path = f"{self.root}/{folder}"
        self.fs.invalidate_cache()
        return [found.rpartition("/")[2] for found in self.fs.ls(path, detail=False)] if self.fs.exists(path) else []

    def remove(self, name: str) -> None:
        """Remove a file or folder, if it exists."""
        if self.fs.exists(f"{self.root}/{name}"):
            self.fs.rm(f"{self.root}/{name}", recursive=True)

    def clean(self) -> None:
        """Remove what a run was writing when it was killed."""
        self.remove(TEMPORARY)


@contextmanager
def _write_jsonl(opened: IO[bytes], columns: Sequence[str], vocab: Vocab) -> Iterator[Callable[[str, Doc], None]]:
    row = Row(columns, vocab)

    def add(name: str, doc: Doc) -> None:
        opened.write(json.dumps(row(name, doc), ensure_ascii=False).encode("utf8") + b"\n")

    yield add


@contextmanager
def _write_docbin(opened: IO[bytes], columns: Sequence[str], vocab: Vocab) -> Iterator[Callable[[str, Doc], None]]:
    """The names are in `doc.user_data["id"]`."""
    attrs = ["ORTH", "SPACY", *(c.upper() for c in columns if c in _KEYS and c != "tokens")]
    attrs += [attr for column, attr in (("head", "HEAD"), ("sents", "SENT_START")) if column in columns]
    attrs += ["ENT_IOB", "ENT_TYPE"] if "ents" in columns else []
    docs = DocBin(attrs=attrs, store_user_data=True)

    def add(name: str, doc: Doc) -> None:
        # Extensions may hold what cannot be stored, such as arrays.
        doc.user_data = {"id": name}
        docs.add(doc)

    yield add
    opened.write(docs.to_bytes())


@contextmanager
def _write_parquet(opened: IO[bytes], columns: Sequence[str], vocab: Vocab) -> Iterator[Callable[[str, Doc], None]]:
    pq = parquet_module()
    import pyarrow as pa

    row = Row(columns, vocab)
    words, ints = pa.list_(pa.string()), pa.list_(pa.int32())
    ents = pa.list_(pa.struct([("start", pa.int32()), ("end", pa.int32()), ("label", pa.string())]))
    types = {"text": pa.string(), "head": ints, "sents": pa.list_(ints), "ents": ents}
    types["cats"] = pa.map_(pa.string(), pa.float32())
    schema = pa.schema([("id", pa.string()), *((column, types.get(column, words)) for column in columns)])
    rows: List[Dict[str, Any]] = []
    with pq.ParquetWriter(opened, schema) as writer:

        def add(name: str, doc: Doc) -> None:
            found = row(name, doc)
            if "cats" in found:
                found["cats"] = list(found["cats"].items())
            rows.append(found)
            if len(rows) >= _ROW_GROUP:
                flush()

        def flush() -> None:
            writer.write_table(pa.Table.from_pylist(rows, schema=schema))
            rows.clear()

        yield add
        if rows:
            flush()
