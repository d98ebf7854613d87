"""Documents in files, wherever fsspec can reach them: the pieces that files are cut into, and how a piece is read."""

from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Callable, Dict, Iterator, List, NamedTuple, Optional, Tuple, Union

from fsspec.core import url_to_fs
from spacy.tokens import Doc, DocBin
from spacy.vocab import Vocab

from ..base.checks import check_choice
from ..data.text_files import check_text, decode, decompressed, is_utf16, parse_json, plain_name, without_end
from ..errors import CorpusError, Errors

# The formats of files by the suffix of their names, after which one of a compression may follow.
FORMATS = {".jsonl": "jsonl", ".ndjson": "jsonl", ".parquet": "parquet", ".txt": "text", ".spacy": "docbin"}
# A longer line is an error, so that a file without line ends does not take all memory.
LONGEST_LINE = 1 << 26
_STEP = 1 << 20


class Piece(NamedTuple):
    """A part of a file: the lines that begin at the bytes from `start` to `end`, or row groups of a Parquet file. `end`
    is None for the end of the file."""

    file: str
    start: int
    end: Optional[int]


@dataclass
class Record:
    """One document to process, or the reason why it cannot be read."""

    id: str
    content: Union[str, Doc, None]
    error: str = ""


@dataclass
class Source:
    """Where documents come from.

    address: a file, a folder or a pattern with asterisks, local or any that fsspec knows.
    format: "jsonl", "parquet", "text" (a document a line), "docbin", or "auto" to decide by the suffix of each file.
    text, id: the JSON fields or Parquet columns of a document's text and name. By default the name of a document is
        made of its file and its position there.
    Raises SettingError for an unknown format.
    """

    address: str
    format: str = "auto"
    text: str = "text"
    id: Optional[str] = None

    def __post_init__(self) -> None:
        check_choice("input_format", self.format, ("auto", *dict.fromkeys(FORMATS.values())))

    def files(self) -> Dict[str, int]:
        """The files with their sizes in bytes. Raises CorpusError if there are none."""
        fs, root = locate(self.address)
        if fs.isfile(root):
            found = {root: fs.info(root)}
        elif fs.isdir(root):
            found = fs.find(root, detail=True)
            depth = len(root.rstrip("/").split("/"))
            found = {
                name: info
                for name, info in found.items()
                if not any(part.startswith((".", "_")) for part in name.split("/")[depth:])
                and (self.format != "auto" or format_of(name) is not None)
            }
        else:
            found = {name: info for name, info in fs.glob(root, detail=True).items() if info["type"] == "file"}
        if not found:
            raise CorpusError(Errors.D180.format(address=self.address, allowed=", ".join(FORMATS)))
        return {name: int(found[name]["size"]) for name in sorted(found)}

    def kind(self, file: str) -> str:
        """The format of a file. Raises CorpusError if its suffix is unknown."""
        kind = format_of(file) if self.format == "auto" else self.format
        if kind is None:
            raise CorpusError(Errors.D106.format(path=file, allowed=", ".join(FORMATS)))
        return kind

    def cut(self, target_size: int) -> List[List[Piece]]:
        """Groups of pieces of about `target_size` bytes: large files are cut if their format allows it, small ones are
        put together."""
        groups: List[List[Piece]] = []
        room = 0
        for file, size in self.files().items():
            for piece, piece_size in self._cut_file(file, size, target_size):
                if room < piece_size or not groups:
                    groups.append([])
                    room = target_size
                groups[-1].append(piece)
                room -= piece_size
        return groups

    def _cut_file(self, file: str, size: int, target_size: int) -> Iterator[Tuple[Piece, int]]:
        kind = self.kind(file)
        if kind == "parquet":
            yield from self._cut_row_groups(file, target_size)
        elif kind == "docbin" or plain_name(file) != file or size <= target_size or self._is_utf16(file):
            yield Piece(file, 0, None), size
        else:
            starts = range(0, size, target_size)
            for start, end in zip(starts, [*starts[1:], None]):
                yield Piece(file, start, end), (size if end is None else end) - start

    def _is_utf16(self, file: str) -> bool:
        with self._open(file) as opened:
            return is_utf16(opened.read(4))

    def _cut_row_groups(self, file: str, target_size: int) -> Iterator[Tuple[Piece, int]]:
        with self._open(file) as opened:
            metadata = open_parquet(opened, file).metadata
            start, size = 0, 0
            for i in range(metadata.num_row_groups):
                size += metadata.row_group(i).total_byte_size
                if size >= target_size or i + 1 == metadata.num_row_groups:
                    yield Piece(file, start, i + 1), size
                    start, size = i + 1, 0

    @contextmanager
    def _open(self, file: str) -> Iterator[Any]:
        with locate(self.address)[0].open(file, "rb") as opened, decompressed(opened, file) as stream:
            yield stream

    def read(self, piece: Piece, vocab: Vocab) -> Iterator[Record]:
        """The documents of a piece. Those that cannot be read are records with an error."""
        name = self._short(piece.file)
        readers: Dict[str, Callable[[Piece, str, Vocab], Iterator[Record]]]
        readers = {"jsonl": self._jsonl, "text": self._text, "parquet": self._parquet, "docbin": self._docbin}
        yield from readers[self.kind(piece.file)](piece, name, vocab)

    def _short(self, file: str) -> str:
        """A file's path within the folder."""
        root = locate(self.address)[1].rstrip("/")
        return file[len(root) + 1 :] if file.startswith(root + "/") else file.rpartition("/")[2]

    def _lines(self, piece: Piece) -> Iterator[Tuple[int, bytes]]:
        """The lines that begin in the piece, with their positions in bytes, cut off after LONGEST_LINE bytes. Of a file
        in UTF-16, which has no such lines, there is only the first one."""
        with self._open(piece.file) as opened:
            place = piece.start
            if place:
                opened.seek(place - 1)
                place += _skip_line(opened, None if piece.end is None else piece.end - place + 1) - 1
            while piece.end is None or place < piece.end:
                line = opened.readline(LONGEST_LINE)
                if not line:
                    return
                yield place, line
                if not place and is_utf16(line):
                    return
                place += len(line)
                if not line.endswith(b"\n"):
                    place += _skip_line(opened, None)

    def _text(self, piece: Piece, name: str, vocab: Vocab) -> Iterator[Record]:
        for place, line in self._lines(piece):
            yield _decoded(name, place, line)

    def _jsonl(self, piece: Piece, name: str, vocab: Vocab) -> Iterator[Record]:
        for place, line in self._lines(piece):
            found = _decoded(name, place, line)
            if found.error:
                yield found
            elif str(found.content).strip():
                try:
                    record = parse_json(str(found.content))
                except ValueError as error:
                    yield Record(found.id, None, f"not JSON: {error}")
                else:
                    yield self._from_fields(record if isinstance(record, dict) else {}, found.id)

    def _parquet(self, piece: Piece, name: str, vocab: Vocab) -> Iterator[Record]:
        columns = [self.text] if self.id is None else [self.text, self.id]
        with self._open(piece.file) as opened:
            parquet = open_parquet(opened, piece.file)
            missing = [column for column in columns if column not in parquet.schema_arrow.names]
            if missing:
                raise CorpusError(Errors.D181.format(path=piece.file, column=missing[0]))
            for group in range(piece.start, parquet.num_row_groups if piece.end is None else piece.end):
                row = 0
                for batch in parquet.iter_batches(batch_size=1024, row_groups=[group], columns=columns):
                    for fields in batch.to_pylist():
                        yield self._from_fields(fields, f"{name}:{group}:{row}")
                        row += 1

    def _from_fields(self, fields: Dict[str, Any], place: str) -> Record:
        named = place if self.id is None else fields.get(self.id)
        content = fields.get(self.text)
        if named is None or isinstance(named, (dict, list)):
            return Record(place, None, f"there is no name under '{self.id}'")
        try:
            check_text(str(named))
        except ValueError as error:
            return Record(place, None, f"the name under '{self.id}' cannot be written: {error}")
        if not isinstance(content, str):
            return Record(str(named), None, f"there is no text under '{self.text}'")
        return Record(str(named), content)

    def _docbin(self, piece: Piece, name: str, vocab: Vocab) -> Iterator[Record]:
        with self._open(piece.file) as opened:
            try:
                docs = list(DocBin().from_bytes(opened.read()).get_docs(vocab))
            except Exception as error:  # of any type, as the damage has it
                yield Record(name, None, f"not a DocBin: {type(error).__name__} {error}")
                return
        for i, doc in enumerate(docs):
            yield Record(f"{name}:{i}", doc)


def format_of(file: str) -> Optional[str]:
    """The format of a file by its suffix."""
    name = plain_name(file.rpartition("/")[2])
    return next((kind for suffix, kind in FORMATS.items() if name.endswith(suffix)), None)


def _skip_line(opened: Any, most: Optional[int]) -> int:
    """Go to the next line, but at most `most` bytes on. Returns the number of bytes."""
    skipped = 0
    while most is None or skipped < most:
        found = opened.readline(_STEP if most is None else min(_STEP, most - skipped))
        skipped += len(found)
        if not found or found.endswith(b"\n"):
            break
    return skipped


def _decoded(name: str, place: int, line: bytes) -> Record:
    if len(line) >= LONGEST_LINE and not line.endswith(b"\n"):
        return Record(f"{name}:{place}", None, f"the line is longer than {LONGEST_LINE} bytes")
    try:
        return Record(f"{name}:{place}", without_end(decode(line, is_first=not place)))
    except ValueError as error:
        return Record(f"{name}:{place}", None, f"not UTF-8 text ({error})")


def locate(address: str) -> Tuple[Any, str]:
    """A file system and a path. Raises CorpusError for an address that fsspec cannot reach."""
    try:
        found: Tuple[Any, str] = url_to_fs(address)
        return found
    except (ValueError, ImportError) as error:
        raise CorpusError(Errors.D190.format(address=address, reason=error)) from error


def parquet_module() -> Any:
    """`pyarrow.parquet`. Raises CorpusError if it is not installed."""
    try:
        import pyarrow.parquet
    except ImportError as error:
        raise CorpusError(Errors.D182.format(what="Parquet", package="pyarrow")) from error
    return pyarrow.parquet


def open_parquet(opened: Any, file: str) -> Any:
    """A Parquet file. Raises CorpusError if it is damaged."""
    module = parquet_module()
    try:
        return module.ParquetFile(opened)
    except Exception as error:  # of pyarrow's own types
        raise CorpusError(Errors.D200.format(path=file, reason=" ".join(str(error).split()))) from error
