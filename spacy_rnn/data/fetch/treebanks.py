"""Get a treebank by name, from a package archive, a git repository or a local folder, complete or not at all."""

import os
import shutil
import subprocess
import tempfile
from itertools import chain
from pathlib import Path
from typing import Any, Dict, List, Optional, Tuple

import srsly

from ...base.files import replaced_folder
from ...base.hashing import sha256
from ...errors import CorpusError, Errors
from ..convert import find_split_files
from ..text_files import as_text
from .archive import write_archived_treebank
from .petrogold import ARCHIVED_TREEBANKS

SOURCE_FILE = "source.json"
REPO = "https://github.com/UniversalDependencies"
TAG = "r2.16"
# Seconds after which a repository that does not answer is given up, in cloning and in asking for a tag.
TIMEOUT, ANSWER = 1800, 30


def fetch_treebank(
    treebank: str, output_dir: Path, *, local_dir: Optional[Path] = None, tag: str = TAG, repo: str = REPO
) -> bool:
    """Put `*-ud-{train,dev,test}*.conllu` of a treebank into a folder, and return whether anything had to be fetched.

    local_dir: copy the files of this folder. Without it, a treebank in `ARCHIVED_TREEBANKS` comes from the package
    index, and any other from the git repository of its name under the address `repo`, at `tag`.

    A folder that already holds the same treebank from the same source, unchanged, is left alone. Otherwise it is
    replaced once everything has arrived. Raises CorpusError if that fails; the folder then is as it was.
    """
    archived, paths = ARCHIVED_TREEBANKS.get(as_text(treebank)), list[Path]()
    if local_dir is not None:
        paths = list(chain(*find_split_files(local_dir).values()))
        source = {"treebank": treebank, "folder": {path.name: sha256(path) for path in paths}}
    elif archived is not None:
        source = {"treebank": treebank, "archive": archived.requirement, "sha256": archived.sha256}
        source["documents"] = {split: list(names) for split, names in archived.documents.items()}
    else:
        source = {"treebank": treebank, "asset": {"treebank_tag": tag, "treebank_repo": repo}}
        # A tag or a branch may be moved. Where the repository cannot be asked, what was fetched counts.
        source["commits"] = find_commits(f"{repo}/{treebank}", tag) or read_record(output_dir)[0].get("commits", [])
    if is_current(output_dir, source):
        return False
    # What an earlier call fetched may go as a whole.
    with (
        replaced_folder(output_dir, checked=not (output_dir / SOURCE_FILE).is_file(), inputs=paths) as folder,
        tempfile.TemporaryDirectory() as scratch,
    ):
        if local_dir is not None:
            for path in paths:
                shutil.copyfile(path, folder / path.name)
        elif archived is not None:
            write_archived_treebank(archived, folder, Path(scratch))
        else:
            clone(f"{repo}/{treebank}", tag, Path(scratch) / "clone", treebank)
            for pattern in ("*.conllu*", "LICENSE*", "README*"):
                for path in (Path(scratch) / "clone").glob(pattern):
                    shutil.move(str(path), folder / path.name)
        try:
            files = {path.name: sha256(path) for path in chain(*find_split_files(folder).values())}
        except CorpusError as error:
            raise CorpusError(Errors.D019.format(treebank=treebank)) from error
        srsly.write_json(folder / SOURCE_FILE, {"source": source, "files": files})
    return True


def clone(address: str, tag: str, folder: Path, treebank: str) -> None:
    """Clone one commit of a git repository. Raises CorpusError if there is no git, or it fails or takes too long."""
    try:
        git("clone", "--quiet", "--depth", "1", f"--branch={tag}", "--", address, str(folder))
    except FileNotFoundError as error:
        raise CorpusError(Errors.D026.format(treebank=treebank)) from error
    except subprocess.TimeoutExpired as error:
        reason = f"no answer within {TIMEOUT} seconds"
        raise CorpusError(Errors.D018.format(treebank=treebank, reason=reason)) from error
    except subprocess.CalledProcessError as error:
        lines = [line.strip() for line in error.stderr.splitlines() if line.strip()] or ["git gave no reason"]
        raise CorpusError(Errors.D018.format(treebank=treebank, reason=lines[-1])) from error


def find_commits(address: str, tag: str) -> List[str]:
    """The commits of all tags and branches of this name, none if the repository cannot be asked."""
    try:
        return sorted(git("ls-remote", "--", address, tag, f"{tag}^{{}}", timeout=ANSWER).splitlines())
    except (OSError, subprocess.SubprocessError):
        return []


def git(*arguments: str, timeout: Optional[float] = None) -> str:
    """What git prints, which does not ask for a password where a repository does not exist."""
    quiet = {**os.environ, "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}
    done = subprocess.run(
        ["git", *arguments], env=quiet, stdin=subprocess.DEVNULL, capture_output=True, encoding="utf8",
        errors="replace", timeout=timeout or TIMEOUT, check=True,
    )  # fmt: skip
    return done.stdout


def read_record(folder: Path) -> Tuple[Dict[str, Any], Dict[str, str]]:
    """Where the files of a folder were fetched from, and their checksums; nothing if it was not fetched."""
    try:
        record = srsly.read_json(folder / SOURCE_FILE)
        return dict(record["source"]), dict(record["files"])
    except (OSError, ValueError, KeyError, TypeError):
        return {}, {}


def is_current(folder: Path, source: Dict[str, Any]) -> bool:
    """Whether the folder holds what was fetched from this source, file for file."""
    found, files = read_record(folder)
    if found != source or not files:
        return False
    return all((folder / name).is_file() and sha256(folder / name) == checksum for name, checksum in files.items())
