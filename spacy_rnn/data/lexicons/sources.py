"""Dictionaries that are read entry by entry: files of tab-separated columns, spaCy's lookup tables and pymorphy's."""

import gzip
import json
import zipfile
from pathlib import Path
from typing import Any, Callable, Iterator, List, Optional, Set, Tuple

from ...base.lexicon import Analysis, Lexicon
from ...base.lexicon_builder import LexiconBuilder
from ...errors import CorpusError, Errors
from ..text_files import check_text, file_format, open_text, read_lines
from .pymorphy import is_pymorphy, read_pymorphy

Entries = Iterator[Tuple[str, List[Analysis]]]
"""Forms with some of their analyses."""


Report = Callable[[int], None]
"""Is told now and then how many forms were read."""


def silent(n: int) -> None:
    """Reports nothing."""


def build_lexicon(source: Path, *, forms: Optional[Set[int]] = None, report: Report = silent) -> Lexicon:
    """Read a dictionary, see `read_source`.

    forms: the hashes of the forms that are kept; None for all.
    Raises CorpusError if it cannot be read.
    """
    return collect(read_source(source), str(source), forms=forms, report=report)


def collect(entries: Entries, source: str, *, forms: Optional[Set[int]] = None, report: Report = silent) -> Lexicon:
    """A dictionary of entries. source: for messages. Raises CorpusError if there are none, or of too many kinds."""
    builder = LexiconBuilder(forms)
    for n, (form, analyses) in enumerate(entries, start=1):
        builder.add(form, analyses)
        if n % 10_000 == 0:
            report(n)
    return builder.build(source)


def read_source(path: Path) -> Entries:
    """The entries of a dictionary: an archive or a folder of pymorphy's dictionaries, a JSON table from forms to lemmas
    such as those of spacy-lookups-data, or tab-separated columns."""
    if path.is_dir() or path.suffix in (".whl", ".zip"):
        if not is_pymorphy(path):
            raise CorpusError(Errors.D263.format(path=path))
        return read_pymorphy(path)
    return read_table(path) if file_format(path) == ".json" else read_columns(path)


def read_columns(path: Path) -> Entries:
    """Lines of a form, its lemma and a tag, separated by tabs; the tag may be missing, and more columns are not read.
    Raises CorpusError, with the line, for anything else."""
    for number, line in enumerate(read_lines(path), start=1):
        columns = line.split("\t")
        if columns == [""]:
            continue
        if len(columns) < 2 or not columns[0] or not columns[1]:
            reason = "expected a form, its lemma and a tag, separated by tabs"
            raise CorpusError(Errors.D104.format(path=path, line=number, reason=reason))
        form, lemma, tag = [*columns, ""][:3]
        yield form, [Analysis(lemma, tag)]


def read_table(path: Path) -> Entries:
    """A JSON object from forms to lemmas, or to lists of lemmas."""
    with open_text(path) as stream:
        data = stream.read()
    yield from parse_table(data, path)


def parse_table(data: bytes, path: object) -> Entries:
    """The same from its bytes. path: for messages."""
    try:
        table: Any = json.loads(data)
        check_text(table)
        if type(table) is not dict:
            raise ValueError("it is no object")
        for form, lemmas in table.items():
            found = [lemmas] if isinstance(lemmas, str) else lemmas
            if type(found) is not list or not all(isinstance(lemma, str) for lemma in found):
                raise ValueError(f"{form!r} has no lemma")
    except (ValueError, RecursionError) as error:
        raise CorpusError(Errors.D264.format(path=path, reason=str(error) or "it is nested too deeply")) from error
    for form, lemmas in table.items():
        yield form, [Analysis(lemma, "") for lemma in ([lemmas] if isinstance(lemmas, str) else lemmas)]


def read_archived_table(archive: Path, lang: str) -> Entries:
    """The table of a language in an archive of spacy-lookups-data. Raises CorpusError if it has none."""
    member = f"spacy_lookups_data/data/{lang}_lemma_lookup.json.gz"
    try:
        with zipfile.ZipFile(archive) as opened:
            data = gzip.decompress(opened.read(member))
    except (zipfile.BadZipFile, KeyError, OSError, EOFError) as error:
        raise CorpusError(Errors.D016.format(name=archive.name, member=member)) from error
    yield from parse_table(data, member)
