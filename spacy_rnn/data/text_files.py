"""Text files, plain or compressed."""

import codecs
import io
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Iterator

from fsspec.compression import compr
from fsspec.utils import infer_compression

from ..errors import CorpusError, Errors, UserError


def plain_name(name: str) -> str:
    """The name of a file without the suffix of its compression, if it has one."""
    stem, _, suffix = name.rpartition(".")
    return stem if suffix == "zst" or infer_compression(name) else name


def decompress(stream: Any, name: str) -> Any:
    """The decompressed content of a binary stream.

    name: of the file, whose suffix says how it is compressed: .gz, .bz2, .xz, .zst (with the package zstandard), or
        another one that fsspec knows. With any other suffix, the stream is returned as it is.
    Raises CorpusError if zstandard is missing.
    """
    if name.endswith(".zst"):
        try:
            import zstandard
        except ImportError as error:
            raise CorpusError(Errors.D201.format(path=name)) from error
        # Alone it has no lines.
        return io.BufferedReader(zstandard.open(stream, "rb"))
    compression = infer_compression(name)
    return compr[compression](stream, mode="rb") if compression else stream


@contextmanager
def open_text(path: Path) -> Iterator[Any]:
    """The content of a file as a binary stream, decompressed. Raises CorpusError if there is no such file, or if it is
    damaged."""
    if not path.is_file():
        raise CorpusError(Errors.D108.format(path=path))
    try:
        with path.open("rb") as opened, decompress(opened, path.name) as stream:
            yield stream
    except UserError:
        raise
    except Exception as error:  # each compression has errors of its own
        raise CorpusError(Errors.D200.format(path=path, reason=error)) from error


def read_lines(path: Path) -> Iterator[str]:
    """The lines of a UTF-8 file, one by one, without their ends and without a byte order mark.

    Raises CorpusError if there is no such file, if it is damaged, or, with the line, if it is not UTF-8.
    """
    with open_text(path) as stream:
        for number, line in enumerate(stream, start=1):
            yield _decode(line, path, number).rstrip("\r\n")


def read_text(path: Path) -> str:
    """The whole text of a UTF-8 file; see `read_lines`."""
    with open_text(path) as stream:
        return _decode(stream.read(), path, 1)


def _decode(data: bytes, path: Path, line: int) -> str:
    """line: the number of the first line."""
    data = data.removeprefix(codecs.BOM_UTF8) if line == 1 else data
    try:
        return data.decode("utf8")
    except UnicodeDecodeError as error:
        raise CorpusError(Errors.D001.format(path=path, line=line + data.count(b"\n", 0, error.start))) from error
