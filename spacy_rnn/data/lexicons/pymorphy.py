"""The dictionaries of pymorphy3 (Korobov 2015): forms in a DAWG, lemmas and tags in paradigms."""

import json
import tempfile
import zipfile
from array import array
from itertools import groupby
from pathlib import Path
from typing import Any, Dict, Iterator, List, NamedTuple, Tuple

from ...base.lexicon import Analysis
from ...errors import CorpusError, Errors

WORDS = "words.dawg"
FORMAT = "2.4"


class Paradigm(NamedTuple):
    """Prefixes, endings and tags of the forms of words that are inflected alike. The first one is the lemma's."""

    prefixes: List[str]
    endings: List[str]
    tags: List[str]

    def read(self, form: str, place: int) -> Analysis:
        """The analysis of a form by its place in the paradigm."""
        prefix, ending = self.prefixes[place], self.endings[place]
        stem = form[len(prefix) : len(form) - len(ending)]
        return Analysis(self.prefixes[0] + stem + self.endings[0], self.tags[place])


def is_pymorphy(path: Path) -> bool:
    """Whether a folder or an archive has a dictionary of pymorphy."""
    if path.is_dir():
        return any(path.rglob(WORDS))
    try:
        with zipfile.ZipFile(path) as opened:
            return any(Path(name).name == WORDS for name in opened.namelist())
    except (zipfile.BadZipFile, OSError):
        return False


def read_pymorphy(path: Path) -> Iterator[Tuple[str, List[Analysis]]]:
    """The forms of a dictionary with their analyses. A form with "ё" stands there with "е" too, as it is mostly
    written, and then so do its lemmas, beside those with "ё".

    path: a folder, or an archive such as that of pymorphy3-dicts-ru.
    Raises CorpusError if the package dawg2-python is missing, or if the dictionary cannot be read.
    """
    try:
        import dawg_python
    except ImportError as error:
        raise CorpusError(Errors.D260) from error
    with tempfile.TemporaryDirectory() as scratch:
        try:
            folder = path if path.is_dir() else _unpack(path, Path(scratch))
            folder = next(folder.rglob(WORDS)).parent
            paradigms = read_paradigms(folder)
            words = dawg_python.RecordDAWG(">HH")
            words.load(str(folder / WORDS))
            for form, records in groupby(words.iteritems(), key=lambda item: item[0]):
                analyses = [paradigms[number].read(form, place) for _, (number, place) in records]
                yield form, analyses
                if "ё" in form:
                    yield form.replace("ё", "е"), [Analysis(one.lemma.replace("ё", "е"), one.tag) for one in analyses]
                    yield form.replace("ё", "е"), analyses
        except CorpusError:
            raise
        except Exception as error:  # a damaged DAWG can make its reader raise anything
            reason = f"{type(error).__name__}: {error}"
            raise CorpusError(Errors.D265.format(path=path, reason=reason)) from error


def _unpack(archive: Path, scratch: Path) -> Path:
    """Write the files beside the DAWG into a folder, under their names alone."""
    with zipfile.ZipFile(archive) as opened:
        inside = next(name for name in opened.namelist() if Path(name).name == WORDS).removesuffix(WORDS)
        for name in opened.namelist():
            if name.startswith(inside) and "/" not in name.removeprefix(inside) and not name.endswith("/"):
                (scratch / name.removeprefix(inside)).write_bytes(opened.read(name))
    return scratch


def read_paradigms(folder: Path) -> List[Paradigm]:
    """The paradigms of a dictionary. Raises CorpusError for another version of the format."""

    def read(name: str) -> Any:
        return json.loads((folder / name).read_text(encoding="utf8"))

    meta: Dict[str, Any] = dict(read("meta.json"))
    if meta["format_version"] != FORMAT:
        reason = f"its format is {meta['format_version']}, and {FORMAT} is expected"
        raise CorpusError(Errors.D265.format(path=folder, reason=reason))
    endings, prefixes = read("suffixes.json"), meta["compile_options"]["paradigm_prefixes"]
    tags = read(meta["gramtab_formats"]["opencorpora-int"])
    numbers = array("H", (folder / "paradigms.array").read_bytes())
    paradigms, start = [], 1
    for _ in range(numbers[0]):
        size = numbers[start]
        columns = numbers[start + 1 : start + 1 + size]
        n, start = size // 3, start + 1 + size
        paradigms.append(
            Paradigm(
                [prefixes[i] for i in columns[2 * n :]],
                [endings[i] for i in columns[:n]],
                [tags[i] for i in columns[n : 2 * n]],
            )
        )
    return paradigms
