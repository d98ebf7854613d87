"""Text files, plain or compressed: the one place where bytes become lines, and lines records."""

import codecs
import io
import json
import re
from collections import Counter
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Dict, Iterable, Iterator, List, Tuple

from fsspec.compression import compr
from fsspec.utils import infer_compression

from ..errors import CorpusError, Errors, UserError

# How a file in UTF-16 begins: with a byte order mark, or with two letters of which one byte each is 0.
_UTF16 = re.compile(rb"\xff\xfe|\xfe\xff|(?:[^\0]\0){2}|(?:\0[^\0]){2}")


def plain_name(name: str) -> str:
    """The name of a file without the suffix of its compression, if it has one."""
    stem, _, suffix = name.rpartition(".")
    return stem if suffix == "zst" or infer_compression(name) else name


def file_format(path: Path) -> str:
    """The suffix that says how a file is read, without that of its compression."""
    return Path(plain_name(path.name)).suffix


def file_stem(path: Path) -> str:
    """The name of a file without the suffixes that say how it is read. Raises CorpusError if it is not UTF-8."""
    return as_text(Path(plain_name(path.name)).stem)


def as_text(name: str) -> str:
    """The name of a file, or an argument of a command. Raises CorpusError if it is not UTF-8: Python reads such bytes
    as halves of surrogate pairs, over which srsly ends the process."""
    try:
        check_text(name)
    except ValueError as error:
        raise CorpusError(Errors.D115.format(name=name)) from error
    return name


@contextmanager
def decompressed(opened: Any, path: object) -> Iterator[Any]:
    """The decompressed content of a binary stream, as another one.

    path: of the file, whose suffix says how it is compressed: .gz, .bz2, .xz, .zst (with the package zstandard), or
        another one that fsspec knows. With any other suffix, the stream is given as it is.
    Raises CorpusError if zstandard is missing, or if the file turns out to be damaged while it is read.
    """
    try:
        with _decompress(opened, str(path)) as stream:
            yield stream
    except UserError:
        raise
    except Exception as error:  # each compression has errors of its own
        if isinstance(error, OSError) and error.errno is not None:
            raise  # of the operating system
        raise CorpusError(Errors.D200.format(path=path, reason=error)) from error


def _decompress(opened: Any, name: str) -> Any:
    if name.endswith(".zst"):
        try:
            import zstandard
        except ImportError as error:
            raise CorpusError(Errors.D201.format(path=name)) from error
        # Alone it has no lines.
        return io.BufferedReader(zstandard.open(opened, "rb"))
    compression = infer_compression(name)
    return compr[compression](opened, mode="rb") if compression else opened


@contextmanager
def open_text(path: Path) -> Iterator[Any]:
    """The content of a file as a binary stream, decompressed. Raises CorpusError if there is no such file, or if it is
    damaged."""
    if not path.is_file():
        raise CorpusError(Errors.D108.format(path=path))
    with path.open("rb") as opened, decompressed(opened, path) as stream:
        yield stream


def is_utf16(start: bytes) -> bool:
    """Whether a file that starts so, with four bytes or more, is in UTF-16."""
    return bool(_UTF16.match(start))


def decode(line: bytes, is_first: bool) -> str:
    """A line of UTF-8. is_first: whether the file starts with it, so that a byte order mark is left out. Raises
    ValueError, with the reason, for anything else."""
    if is_first and is_utf16(line):
        raise ValueError("but probably UTF-16")
    try:
        return (line.removeprefix(codecs.BOM_UTF8) if is_first else line).decode("utf8")
    except UnicodeDecodeError as error:
        raise ValueError(f"{error.reason} at byte {error.start} of the line") from error


def without_end(line: str) -> str:
    """A line without its end. Only a line feed ends a line; carriage returns before it belong to the end."""
    return line.rstrip("\r\n")


def whole_lines(stream: Iterable[bytes], path: object) -> Iterator[str]:
    """The lines of a binary stream of UTF-8, with their ends, without a byte order mark.

    path: of the file. Raises CorpusError, with the line, for anything that is not UTF-8.
    """
    for number, line in enumerate(stream, start=1):
        try:
            text = decode(line, number == 1)
        except ValueError as error:
            raise CorpusError(Errors.D001.format(path=path, line=number, reason=error)) from error
        yield text


def read_lines(path: Path) -> Iterator[str]:
    """The lines of a file, one by one, without their ends. Raises CorpusError if there is no such file, if it is
    damaged, or, with the line, if it is not UTF-8."""
    with open_text(path) as stream:
        yield from map(without_end, whole_lines(stream, path))


@contextmanager
def accepted(path: object, line: int) -> Iterator[None]:
    """Makes an error of spaCy about a text of a line, such as one longer than `nlp.max_length`, a CorpusError that
    names the line."""
    try:
        yield
    except UserError:
        raise
    except Exception as error:  # of any tokenizer
        reason = f"the text cannot be used ({' '.join(str(error).split()).rstrip('.')})"
        raise CorpusError(Errors.D104.format(path=path, line=line, reason=reason)) from error


def parse_json(line: str) -> Any:
    """What a line of JSON says. Raises ValueError, with the reason, if it is not JSON, or if a name occurs twice in an
    object. See `check_text`."""
    try:
        return _JSON.decode(line)
    except json.JSONDecodeError as error:
        raise ValueError(f"{error.msg}: character {error.pos + 1}") from error
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error


def check_text(data: Any) -> None:
    """Raises ValueError, with the reason, if there is half of a surrogate pair in JSON data: it is no text."""
    try:
        json.dumps(data, ensure_ascii=False).encode("utf8")
    except UnicodeEncodeError as error:
        raise ValueError(f"{error.object[error.start]!r} is half of a surrogate pair") from error
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error


def _unique(pairs: List[Tuple[str, Any]]) -> Dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        ((name, _),) = Counter(name for name, _ in pairs).most_common(1)
        raise ValueError(f"{name!r} occurs twice in an object")
    return found


_JSON = json.JSONDecoder(object_pairs_hook=_unique)
