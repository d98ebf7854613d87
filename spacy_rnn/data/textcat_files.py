"""Read labelled texts from jsonl, csv and tsv files, with errors that name the line."""

import csv
import io
import json
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List, Optional, Sequence, Tuple

from ..errors import CorpusError, Errors
from .text_files import plain_name, read_text

Row = Tuple[int, Dict[str, Any]]

# The values of a category; negative numbers stand for unknown ones as well.
VALUES: Dict[str, Optional[float]] = {"1": 1.0, "1.0": 1.0, "true": 1.0, "0": 0.0, "0.0": 0.0, "false": 0.0, "": None}
# Texts can be longer than fields may be by default.
FIELD_SIZE = 2**31 - 1


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

    - `label` (jsonl, csv, tsv): its category, a name or a whole number; or "labels" (jsonl): a list of any number of
      them. No other category of the file applies.
    - "cats" (jsonl): an object from categories to 1, 0 or null.
    - one column a category (csv, tsv, without a column `label`): 1, 0, or nothing or a negative number for unknown.

    labels: the categories that may occur; by default, those of the file.
    Raises CorpusError, with the line, for a file that cannot be read.
    """
    rows = read_rows(path)
    columns = list(rows[0][1])
    wide = file_format(path) != ".jsonl" and label not in columns
    known = list(labels) if labels is not None else None
    found = []
    for line, row in rows:
        content = row.get(text)
        if not isinstance(content, str):
            raise _refused(path, line, row, text, "text")
        if not content.strip():
            raise CorpusError(Errors.D103.format(path=path, line=line))
        if wide:
            cats = {name: _value(path, line, name, row[name]) for name in columns if name != text}
        else:
            cats = _cats(path, line, row, label)
        for name in cats:
            if known is not None and name not in known:
                raise CorpusError(Errors.D102.format(path=path, line=line, label=name, labels=", ".join(known)))
        found.append((line, content, {name: value for name, value in cats.items() if value is not None}, row))
    everything = known if known is not None else list(dict.fromkeys(name for _, _, cats, _ in found for name in cats))
    return [
        LabelledText(line, content, {**dict.fromkeys(everything, 0.0), **cats} if _is_complete(row, label) else cats)
        for line, content, cats, row in found
    ]


def read_rows(path: Path, header: Optional[List[str]] = None) -> List[Row]:
    """The records of a .jsonl, .csv or .tsv file, compressed or not, each with the line that it begins in.

    header: the names of the columns of a .csv or .tsv file without a header.
    Raises CorpusError for a file that cannot be read or that holds no record.
    """
    readers: Dict[str, Callable[[Path, str], Iterator[Row]]] = {
        ".jsonl": _read_jsonl,
        ".csv": partial(_read_csv, header=header),
        ".tsv": partial(_read_tsv, header=header),
    }
    if file_format(path) not in readers:
        raise CorpusError(Errors.D106.format(path=path, allowed=", ".join(readers)))
    rows = list(readers[file_format(path)](path, read_text(path)))
    if not rows:
        raise CorpusError(Errors.D107.format(path=path))
    return rows


def file_format(path: Path) -> str:
    """The suffix that says how a file is read, without that of its compression."""
    return Path(plain_name(path.name)).suffix


def file_stem(path: Path) -> str:
    """The name of a file without the suffixes that say how it is read."""
    return Path(plain_name(path.name)).stem


def _read_jsonl(path: Path, content: str) -> Iterator[Row]:
    for line, row in enumerate(content.split("\n"), start=1):
        if row.strip():
            try:
                record = json.loads(row)
            except json.JSONDecodeError as error:
                raise CorpusError(Errors.D101.format(path=path, line=line, reason=error.msg)) from error
            if not isinstance(record, dict):
                raise CorpusError(Errors.D104.format(path=path, line=line, reason="the line is not a JSON object"))
            yield line, record


def _read_csv(path: Path, content: str, header: Optional[List[str]] = None) -> Iterator[Row]:
    csv.field_size_limit(FIELD_SIZE)
    reader = csv.reader(io.StringIO(content, newline=""), strict=True)
    line = 1
    try:
        for row in reader:
            if header is None:
                header = row
            elif row:
                yield line, _by_column(path, line, header, row)
            line = reader.line_num + 1
    except csv.Error as error:
        raise CorpusError(Errors.D104.format(path=path, line=line, reason=str(error))) from error


def _read_tsv(path: Path, content: str, header: Optional[List[str]] = None) -> Iterator[Row]:
    for line, row in enumerate(content.replace("\r\n", "\n").split("\n"), start=1):
        if header is None:
            header = row.split("\t")
        elif row:
            yield line, _by_column(path, line, header, row.split("\t"))


def _by_column(path: Path, line: int, header: List[str], row: List[str]) -> Dict[str, str]:
    if len(row) != len(header):
        reason = f"the header has {len(header)} columns, this row has {len(row)}"
        raise CorpusError(Errors.D104.format(path=path, line=line, reason=reason))
    return dict(zip(header, row))


def _is_complete(row: Dict[str, Any], label: str) -> bool:
    """Whether a record names all categories that apply."""
    return "cats" not in row and (label in row or "labels" in row)


def _cats(path: Path, line: int, row: Dict[str, Any], label: str) -> Dict[str, Optional[float]]:
    """The categories that a record names."""
    if isinstance(row.get("cats"), dict):
        return {name: _value(path, line, name, value) for name, value in row["cats"].items()}
    named = [row[label]] if label in row else row.get("labels")
    # Many files number their categories.
    names = [str(name) if type(name) is int else name for name in named] if isinstance(named, list) else []
    if not isinstance(named, list) or not all(isinstance(name, str) and name for name in names):
        raise _refused(path, line, row, "labels" if "labels" in row and label not in row else label, "category")
    return dict.fromkeys(names, 1.0)


def _refused(path: Path, line: int, row: Dict[str, Any], name: str, what: str) -> CorpusError:
    """The error for a missing field, or for one of another type."""
    if name in row:
        reason = f"'{name}' is {row[name]!r}, which is no {what}"
        return CorpusError(Errors.D104.format(path=path, line=line, reason=reason))
    return CorpusError(Errors.D113.format(path=path, line=line, what=what, name=name, found=", ".join(row)))


def _value(path: Path, line: int, name: str, value: Any) -> Optional[float]:
    """1.0, 0.0, or None for unknown."""
    text = "" if value is None else str(value).strip().lower()
    if text in VALUES:
        return VALUES[text]
    try:
        if float(text) < 0:
            return None
    except ValueError:
        pass
    raise CorpusError(Errors.D105.format(path=path, line=line, label=name, value=value))
