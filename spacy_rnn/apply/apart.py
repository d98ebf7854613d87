"""Input and output that must not be in each other: what a run writes, the next one would read."""

import os
from fnmatch import fnmatchcase
from typing import Callable

from ..errors import CorpusError, Errors
from .job import DONE, JOB_FILE
from .sinks import Sink
from .sources import Source, locate


def check_apart(source: Source, sink: Sink) -> None:
    """Raises CorpusError if a file of input is in the output folder, or if that is where input is looked for. Symbolic
    links are followed."""
    fs, root = locate(source.address)
    if type(fs) is not type(sink.fs):
        return
    real: Callable[[str], str] = os.path.realpath if sink.is_local else str
    output = real(sink.root)
    together = any(_is_in(real(file), output) for file in source.files())
    if fs.isdir(root):
        together = together or _is_in(output, real(root))
    elif not fs.isfile(root):
        # What is before the first asterisk is a folder.
        parts = root.split("/")
        first = next(i for i, part in enumerate(parts) if any(sign in part for sign in "*?["))
        folder, pattern = real("/".join(parts[:first])), parts[first:]
        written = (f"{output}/{name}" for name in (sink.name(0), JOB_FILE, f"{DONE}/00000.json"))
        inside = (name.removeprefix(f"{folder}/").split("/") for name in written if _is_in(name, folder))
        together = together or any("**" in pattern or _matches(name, pattern) for name in inside)
    if together:
        raise CorpusError(Errors.D191.format(output=sink.root, source=root))


def _is_in(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip("/") + "/")


def _matches(path: list[str], pattern: list[str]) -> bool:
    return len(path) == len(pattern) and all(map(fnmatchcase, path, pattern))
