"""What a training reads beside its config: the contents of all files and folders that the config names."""

import os
from pathlib import Path
from typing import Any, Dict, Iterator, Optional, Union

from spacy.util import dict_to_dot, get_package_path, is_package
from thinc.api import Config

from ..base.hashing import sha256

# The sections whose settings name what is read; others name what is written, such as the file of a logger.
_READ = ("corpora.", "initialize.", "components.", "nlp.")
# The settings that may be folders without a slash in their names, or installed packages.
_FOLDERS = ("path", "vectors", "source")
CONTENT = " (content)"


def content_checksums(settings: Config, code_path: Optional[Path], output: Optional[Path]) -> Dict[str, str]:
    """The checksums of what is read, by the names of the settings that name it.

    settings: a config without variables. output: a folder that is written, and therefore left out.
    """
    written = None if output is None else output.resolve()
    found = {} if code_path is None else {f"code{CONTENT}": sha256(code_path)}
    for name, value in dict_to_dot(settings).items():
        if name.startswith(_READ):
            texts = value if isinstance(value, list) else [value]
            parts = [part for text in texts for part in _parts(name, text, written)]
            if parts:
                found[f"{name}{CONTENT}"] = sha256(*parts)
    return found


def _parts(name: str, value: Any, written: Optional[Path]) -> Iterator[Union[bytes, Path]]:
    """The files that the value of a setting stands for, those of a folder each after its name."""
    if not isinstance(value, str) or not value:
        return
    own = name.rpartition(".")[2]
    if own in _FOLDERS and not os.path.exists(value) and is_package(value):
        value = str(get_package_path(value))
    if os.path.isfile(value):
        yield Path(value)
    elif os.path.isdir(value) and (own in _FOLDERS or "/" in value or os.sep in value):
        for path in sorted(path for path in Path(value).rglob("*") if path.is_file()):
            if written is None or written not in path.resolve().parents:
                yield path.relative_to(value).as_posix().encode("utf8")
                yield path
