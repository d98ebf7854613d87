"""Processed documents to files that are written completely or not at all."""

import json
import os
import uuid
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import IO, Any, Callable, ContextManager, Dict, Iterator, List, Sequence

import srsly
from spacy.tokens import Doc, DocBin
from spacy.vocab import Vocab

from ..base.locks import sole_writer
from ..errors import CorpusError, Errors
from .columns import KEYS, STORED, Row
from .sources import locate, parquet_module

SUFFIXES = {"jsonl": ".jsonl", "parquet": ".parquet", "docbin": ".spacy"}
TEMPORARY, LOCK = "_tmp", "_lock"
_ROW_GROUP = 4096  # of a parquet file


class Sink:
    """A folder of parts. No file in it is ever incomplete: a file gets its name when all is written.

    address: of the folder, local or any that fsspec knows. format: a key of SUFFIXES.
    run: a name for what this run has not finished, which no other run touches.
    """

    def __init__(self, address: str, format: str, columns: Sequence[str], run: str = "run"):
        self.fs, self.root = locate(address)
        self.format, self.columns, self._run = format, list(columns), f"{TEMPORARY}/{run}"

    @property
    def is_local(self) -> bool:
        return "file" in (self.fs.protocol, *self.fs.protocol)

    def lock(self) -> ContextManager[None]:
        """Within the block, no other run writes to a local folder. Raises CorpusError if one does. Elsewhere there are
        no locks: two runs of the same job do all parts twice, and write the same."""
        if not self.is_local:
            return nullcontext()
        os.makedirs(self.root, exist_ok=True)
        return sole_writer(Path(self.root), Path(self.root, LOCK))

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
        temporary = f"{self.root}/{self._run}/{uuid.uuid4().hex}"
        self.fs.makedirs(f"{self.root}/{self._run}", exist_ok=True)
        try:
            with self.fs.open(temporary, "wb") as opened:
                yield opened
            target = f"{self.root}/{name}"
            self.fs.makedirs(target.rpartition("/")[0], exist_ok=True)
            if self.is_local:
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
        found = self.fs.ls(path, detail=False) if self.fs.exists(path) else []
        return [name for name in (file.rpartition("/")[2] for file in found) if name != LOCK]

    def remove(self, name: str) -> None:
        """Remove a file or folder, if it exists."""
        if self.fs.exists(f"{self.root}/{name}"):
            self.fs.rm(f"{self.root}/{name}", recursive=True)

    def clean(self) -> None:
        """Remove what this run has not finished, and in a local folder what any other was writing when it was
        killed."""
        self.remove(TEMPORARY if self.is_local else self._run)


@contextmanager
def _write_jsonl(opened: IO[bytes], columns: Sequence[str], vocab: Vocab) -> Iterator[Callable[[str, Doc], None]]:
    row = Row(columns, vocab)

    def add(name: str, doc: Doc) -> None:
        opened.write(json.dumps(row(name, doc), ensure_ascii=False).encode("utf8") + b"\n")

    yield add


@contextmanager
def _write_docbin(opened: IO[bytes], columns: Sequence[str], vocab: Vocab) -> Iterator[Callable[[str, Doc], None]]:
    """The names are in `doc.user_data["id"]`, beside the values of extensions."""
    attrs = ["ORTH", "SPACY", *(c.upper() for c in columns if c in KEYS and c != "tokens")]
    attrs += [attr for column, attr in (("head", "HEAD"), ("sents", "SENT_START")) if column in columns]
    attrs += ["ENT_IOB", "ENT_TYPE"] if "ents" in columns else []
    attrs += [column.removeprefix("token.").upper() for column in STORED if column in columns]
    docs = DocBin(attrs=attrs, store_user_data=True)

    def add(name: str, doc: Doc) -> None:
        doc.user_data = {**_storable(doc, columns), "id": name}
        docs.add(doc)

    yield add
    opened.write(docs.to_bytes())


def _storable(doc: Doc, columns: Sequence[str]) -> Dict[Any, Any]:
    """The user data of a document, without what cannot be stored. Raises CorpusError if that is a column."""
    data: Dict[Any, Any] = doc.user_data
    kept = {}
    for key, value in data.items():
        try:
            srsly.msgpack_dumps({key: value})
        except Exception as error:  # of any type, as the value has it
            column = f"{'doc' if key[2] is None else 'token'}._.{key[1]}" if isinstance(key, tuple) else ""
            if column in columns:
                raise CorpusError(Errors.D194.format(column=column, type=type(value).__name__)) from error
        else:
            kept[key] = value
    return kept


@contextmanager
def _write_parquet(opened: IO[bytes], columns: Sequence[str], vocab: Vocab) -> Iterator[Callable[[str, Doc], None]]:
    pq = parquet_module()
    import pyarrow as pa

    row = Row(columns, vocab)
    words, ints = pa.list_(pa.string()), pa.list_(pa.int32())
    ents = pa.list_(pa.struct([("start", pa.int32()), ("end", pa.int32()), ("label", pa.string())]))
    scored = pa.struct([*ents.value_type, ("score", pa.float32())])
    types = {"text": pa.string(), "head": ints, "sents": pa.list_(ints), "ents": ents, **dict.fromkeys(KEYS, words)}
    types["cats"] = pa.map_(pa.string(), pa.float32())
    types["spans"] = pa.map_(pa.string(), pa.list_(scored))
    types.update({"doc._.transduced": pa.string(), "token._.tree_label": words})
    types["doc._.rnn_attention"] = pa.list_(pa.float32())
    # Any other attribute may be anything, so it is JSON.
    schema = pa.schema([("id", pa.string()), *((column, types.get(column, pa.string())) for column in columns)])
    rows: List[Dict[str, Any]] = []
    with pq.ParquetWriter(opened, schema) as writer:

        def add(name: str, doc: Doc) -> None:
            found = row(name, doc)
            for column, value in found.items():
                if column in ("cats", "spans"):
                    found[column] = list(value.items())
                elif column != "id" and column not in types:
                    found[column] = json.dumps(value, ensure_ascii=False)
            rows.append(found)
            if len(rows) >= _ROW_GROUP:
                flush()

        def flush() -> None:
            writer.write_table(pa.Table.from_pylist(rows, schema=schema))
            rows.clear()

        yield add
        if rows:
            flush()
