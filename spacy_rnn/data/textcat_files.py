"""Read labelled texts from jsonl, csv and tsv files, with errors that name the line."""

import csv
import io
import math
import re
from dataclasses import dataclass
from pathlib import Path
from reprlib import repr as shortened
from typing import Any, Dict, Iterator, List, Optional, Sequence, Tuple

from ..errors import CorpusError, Errors
from .text_files import check_text, file_format, open_text, parse_json, read_lines, whole_lines

Row = Tuple[int, Dict[str, Any]]
"""The line that a record begins in, and its fields by name."""

# The values of a category; negative numbers stand for unknown ones as well.
VALUES: Dict[str, Optional[float]] = {"1": 1.0, "1.0": 1.0, "true": 1.0, "0": 0.0, "0.0": 0.0, "false": 0.0, "": None}
# Texts can be longer than fields may be by default.
FIELD_SIZE = 2**31 - 1
# The names of a column that pandas writes with the numbers of the rows, and of one that had no name when it was read.
_UNNAMED = re.compile(r"\s*|Unnamed: \d+")


@dataclass
class LabelledText:
    """A text with its categories."""

    line: int  # the first line of its record in the file
    text: str
    cats: Dict[str, float]  # 1.0 or 0.0; unknown ones are left out


def read_textcat_file(
    path: Path, *, labels: Optional[Sequence[str]] = None, text: str = "text", label: str = "label"
) -> List[LabelledText]:
    """Read a .jsonl, .csv or .tsv file, compressed or not. The last two have a header; tsv fields have no quotes.

    A record has its text under `text`, and its categories in one of these forms:

    - `label` (jsonl, csv, tsv): its category, a name or a whole number; in jsonl also a list of any number of them,
      which "labels" is another name for. No other category of the file applies.
    - "cats" (jsonl): an object from categories to 1, 0 or null.
    - one column a category (csv, tsv, without a column `label`): 1, 0, or nothing or a negative number for unknown.

    labels: the categories that may occur; by default, those of the file.
    Raises CorpusError, with the line, for a file that cannot be read, and for one without any category.
    """
    rows = read_rows(path)
    wide = file_format(path) != ".jsonl" and label not in rows[0][1]
    everything = dict.fromkeys(labels or ())
    found: List[Tuple[LabelledText, bool]] = []
    for line, row in rows:
        content = row.get(text)
        if not isinstance(content, str):
            raise _refused(path, line, row, text, "text")
        if not content.strip():
            raise CorpusError(Errors.D103.format(path=path, line=line))
        given: Any = {name: value for name, value in row.items() if name != text} if wide else row.get("cats")
        is_complete = not isinstance(given, dict)
        cats = _named(path, line, row, label) if is_complete else _valued(path, line, given)
        for name in cats:
            if not name.strip():
                raise CorpusError(Errors.D104.format(path=path, line=line, reason="a category has no name"))
            if labels is not None and name not in everything:
                raise CorpusError(Errors.D102.format(path=path, line=line, label=name, labels=", ".join(labels)))
        known = {name: value for name, value in cats.items() if value is not None}
        found.append((LabelledText(line, content, known), is_complete))
    if labels is None:
        everything = dict.fromkeys(name for own, _ in found for name in own.cats)
    if not everything:
        raise CorpusError(Errors.D114.format(path=path))
    for own, is_complete in found:
        if is_complete:
            own.cats = {**dict.fromkeys(everything, 0.0), **own.cats}
    return [own for own, _ in found]


def read_rows(path: Path, unnamed: Sequence[str] = ()) -> List[Row]:
    """The records of a .jsonl, .csv or .tsv file, compressed or not. Columns without a name are left out.

    unnamed: the names of the columns of a .csv or .tsv file whose first row has as many fields and none of these names,
        which therefore is no header.
    Raises CorpusError for a file that cannot be read or that holds no record.
    """
    tables = {".csv": _csv, ".tsv": _tsv}
    kind = file_format(path)
    if kind != ".jsonl" and kind not in tables:
        raise CorpusError(Errors.D106.format(path=path, allowed=", ".join([".jsonl", *tables])))
    rows = list(_by_column(path, tables[kind](path), unnamed) if kind in tables else _jsonl(path))
    if not rows:
        raise CorpusError(Errors.D107.format(path=path))
    return rows


def _jsonl(path: Path) -> Iterator[Row]:
    for line, text in enumerate(read_lines(path), start=1):
        if text.strip():
            try:
                record = parse_json(text)
                if "\\u" in text:
                    check_text(record)
            except ValueError as error:
                raise CorpusError(Errors.D101.format(path=path, line=line, reason=error)) from error
            if not isinstance(record, dict):
                raise CorpusError(Errors.D104.format(path=path, line=line, reason="the line is not a JSON object"))
            yield line, record


def _tsv(path: Path) -> Iterator[Tuple[int, List[str]]]:
    return ((line, text.split("\t")) for line, text in enumerate(read_lines(path), start=1))


def _csv(path: Path) -> Iterator[Tuple[int, List[str]]]:
    n_lines = 0

    def pieces() -> Iterator[str]:
        """Lines, which are cut at carriage returns as well: one outside of quotes ends a row."""
        nonlocal n_lines
        with open_text(path) as stream:
            for text in whole_lines(stream, path):
                for piece in io.StringIO(text, newline=""):
                    n_lines += piece.endswith("\n")
                    yield piece

    line, before = 1, csv.field_size_limit(FIELD_SIZE)
    try:
        for row in csv.reader(pieces(), strict=True):
            yield line, row
            line = n_lines + 1
    except csv.Error as error:
        raise CorpusError(Errors.D104.format(path=path, line=line, reason=error)) from error
    finally:
        csv.field_size_limit(before)


def _by_column(path: Path, rows: Iterator[Tuple[int, List[str]]], unnamed: Sequence[str]) -> Iterator[Row]:
    header: Sequence[str] = ()
    for line, row in rows:
        if row in ([], [""]):
            continue
        if not header:
            is_header = len(row) != len(unnamed) or bool(set(row) & set(unnamed))
            header = row if is_header else unnamed
            twice = [name for name in header if not _UNNAMED.fullmatch(name) and header.count(name) > 1]
            if twice:
                reason = f"two columns are named {twice[0]!r}"
                raise CorpusError(Errors.D104.format(path=path, line=line, reason=reason))
            if is_header:
                continue
        if len(row) != len(header):
            reason = f"the header has {len(header)} columns, this row has {len(row)}"
            raise CorpusError(Errors.D104.format(path=path, line=line, reason=reason))
        yield line, {name: field for name, field in zip(header, row) if not _UNNAMED.fullmatch(name)}


def _named(path: Path, line: int, row: Dict[str, Any], label: str) -> Dict[str, Optional[float]]:
    """The categories that a record lists."""
    key = "labels" if "labels" in row and label not in row else label
    listed: List[Any] = row[key] if isinstance(row.get(key), list) else [row.get(label)]
    # Many files number their categories.
    names = [str(name) if type(name) is int else name for name in listed]
    if not all(isinstance(name, str) for name in names) or names == [""]:
        raise _refused(path, line, row, key, "category")
    return dict.fromkeys(names, 1.0)


def _valued(path: Path, line: int, given: Dict[str, Any]) -> Dict[str, Optional[float]]:
    """The categories of a record with 1.0, 0.0, or None for unknown."""
    cats: Dict[str, Optional[float]] = {}
    for name, value in given.items():
        text = "" if value is None else str(value).strip().lower() if isinstance(value, (str, int, float)) else "?"
        if text not in VALUES and not _is_negative(text):
            raise CorpusError(Errors.D105.format(path=path, line=line, label=name, value=shortened(value)))
        cats[name] = VALUES.get(text)
    return cats


def _is_negative(text: str) -> bool:
    try:
        return -math.inf < float(text) < 0
    except ValueError:
        return False


def _refused(path: Path, line: int, row: Dict[str, Any], name: str, what: str) -> CorpusError:
    """The error for a missing field, or for one of another type."""
    if name in row:
        reason = f"'{name}' is {shortened(row[name])}, which is no {what}"
        return CorpusError(Errors.D104.format(path=path, line=line, reason=reason))
    return CorpusError(Errors.D113.format(path=path, line=line, what=what, name=name, found=", ".join(row)))
