"""Get a treebank by name, from a package archive, a git repository or a local folder, complete or not at all."""

import hashlib
import os
import shutil
import subprocess
import tempfile
from contextlib import contextmanager, redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any, Dict, Iterator, Optional

import srsly
from weasel.cli.assets import project_assets

from ...base.files import replaced_folder
from ...errors import CorpusError, Errors
from ..convert import find_split_files
from .archive import ArchivedTreebank, write_archived_treebank
from .petrogold import ARCHIVED_TREEBANKS

SOURCE_FILE = "source.json"
PROJECT_FILE = "project.yml"


def fetch_treebank(
    treebank: str,
    output_dir: Path,
    *,
    local_dir: Optional[Path] = None,
    project_dir: Path = Path("."),
    project_vars: Optional[Dict[str, Any]] = None,
) -> bool:
    """Put `*-ud-{train,dev,test}.conllu` of a treebank into a folder, and return whether anything had to be fetched.

    local_dir: copy the files of this folder. Without it, a treebank in `ARCHIVED_TREEBANKS` comes from the package
    index, and any other from the git repository that the assets of `project_dir`'s project.yml name for it, where
    `project_vars` override the project's variables.

    A folder that already holds the same treebank from the same source, unchanged, is left alone. Otherwise it is
    replaced once everything has arrived. Raises CorpusError if that fails; the folder then is as it was.
    """
    archived = ARCHIVED_TREEBANKS.get(treebank)
    if local_dir is not None:
        if not local_dir.is_dir():
            raise CorpusError(Errors.D012.format(path=local_dir))
        paths = find_split_files(local_dir)
        source = {"treebank": treebank, "folder": {path.name: checksum(path) for path in paths.values()}}
    elif archived is not None:
        source = {"treebank": treebank, "archive": archived.requirement, "sha256": archived.sha256}
        source["documents"] = {split: list(names) for split, names in archived.documents.items()}
    else:
        source = {"treebank": treebank, "asset": dict(project_vars or {})}
    if is_current(output_dir, source):
        return False
    with replaced_folder(output_dir) as folder:
        if local_dir is not None:
            for path in paths.values():
                shutil.copyfile(path, folder / path.name)
        elif archived is not None:
            fetch_archived(archived, folder)
        else:
            fetch_asset(treebank, folder, project_dir, {"treebank": treebank, **(project_vars or {})})
        try:
            files = {path.name: checksum(path) for path in find_split_files(folder).values()}
        except CorpusError as error:
            raise CorpusError(Errors.D019.format(treebank=treebank)) from error
        srsly.write_json(folder / SOURCE_FILE, {"source": source, "files": files})
    return True


def is_current(folder: Path, source: Dict[str, Any]) -> bool:
    """Whether the folder holds what was fetched from this source, file for file."""
    if not (folder / SOURCE_FILE).is_file():
        return False
    record = srsly.read_json(folder / SOURCE_FILE)
    return bool(record["source"] == source) and all(
        (folder / name).is_file() and checksum(folder / name) == value for name, value in record["files"].items()
    )


def checksum(path: Path) -> str:
    """The sha256 of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def fetch_archived(treebank: ArchivedTreebank, folder: Path) -> None:
    """Download a treebank's archive and write its split files."""
    with tempfile.TemporaryDirectory() as scratch:
        write_archived_treebank(treebank, folder, Path(scratch))


def fetch_asset(treebank: str, folder: Path, project_dir: Path, project_vars: Dict[str, Any]) -> None:
    """Let the project's own asset mechanism fetch the treebank, and move its CoNLL-U files and notices into `folder`.

    It runs in a scratch project: left to itself it removes what is there before it downloads.
    """
    project_file = project_dir / PROJECT_FILE
    if not project_file.is_file():
        raise CorpusError(Errors.D020.format(path=project_file, treebank=treebank))
    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name).resolve()
        shutil.copyfile(project_file, scratch / PROJECT_FILE)
        fetched = scratch / "assets" / treebank
        fetched.parent.mkdir()
        log = StringIO()
        try:
            # Else git asks for a password where a repository does not exist.
            with redirect_stdout(log), environment(GIT_TERMINAL_PROMPT="0"):
                overrides = {f"vars.{key}": value for key, value in project_vars.items()}
                project_assets(scratch, overrides=overrides, extra=True)
        except (subprocess.SubprocessError, FileNotFoundError, SystemExit) as error:
            reason = last_line(str(error)) or last_line(log.getvalue())
            raise CorpusError(Errors.D018.format(treebank=treebank, reason=reason)) from error
        wanted = ("*.conllu", "LICENSE*", "README*")
        for path in sorted(path for pattern in wanted for path in fetched.glob(pattern)):
            shutil.move(str(path), folder / path.name)


def last_line(text: str) -> str:
    """The last line that says something."""
    return next((line.strip() for line in reversed(text.splitlines()) if line.strip()), "")


@contextmanager
def environment(**variables: str) -> Iterator[None]:
    """Set environment variables for the time of a block."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name)
            else:
                os.environ[name] = value
