"""Components on disk: their files are checked before use, and loaded completely or not at all."""

import json
import shutil
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Callable, Dict, Iterable, Iterator, List

from thinc.api import Model

from ..base.hashing import sha256
from ..errors import Errors, ModelFileError

CHECKSUMS = "checksums.json"
NEEDED = ("cfg", "model")


def write_checksums(folder: Path, before: Path) -> None:
    """Write the checksums of the files of a folder into it. First copy what the folder `before` has and this one, which
    will replace it, does not."""
    for old in before.iterdir() if before.is_dir() else ():
        new = folder / old.name
        if old.name != CHECKSUMS and not new.exists():
            (shutil.copytree if old.is_dir() else shutil.copy2)(old, new)
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != CHECKSUMS)
    sums = {path.relative_to(folder).as_posix(): sha256(path) for path in files}
    (folder / CHECKSUMS).write_text(json.dumps({"sha256": sums}, indent=2) + "\n", encoding="utf8")


def check_files(folder: Path, needed: Iterable[str]) -> None:
    """Raises ModelFileError if a file is missing or differs from the one that was saved. In a folder without checksums,
    from an earlier version, only `needed` is checked."""
    for name in needed:
        if not (folder / name).is_file():
            raise ModelFileError(Errors.R183.format(file=name))
    listed = folder / CHECKSUMS
    if not listed.is_file():
        return
    try:
        sums: Dict[str, str] = json.loads(listed.read_text(encoding="utf8"))["sha256"]
        expected = list(sums.items())
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ModelFileError(Errors.R184.format(reason=type(error).__name__)) from error
    for name, checksum in expected:
        if not (folder / name).is_file():
            raise ModelFileError(Errors.R183.format(file=name))
        if sha256(folder / name) != checksum:
            raise ModelFileError(Errors.R182.format(file=name))


@contextmanager
def loading(component: Any, where: str) -> Iterator[None]:
    """Restore the component if the block, which loads it, fails. Raises ModelFileError with the reason.

    where: the source, for the message.
    """
    put_back = keep_model(component.model)
    cfg = dict(component.cfg)
    try:
        yield
    except Exception as error:
        put_back()
        component.cfg = cfg
        reason = " ".join((str(error) or type(error).__name__).split()).rstrip(".")
        raise ModelFileError(Errors.R181.format(name=component.name, where=where, reason=reason)) from error


def keep_model(model: Model) -> Callable[[], None]:
    """Returns a callback that restores the present state of a model."""
    nodes: List[Any] = list(model.walk())
    names = [node.name for node in nodes]
    # Thinc has no methods to unset dimensions, references and parameters.
    dicts: List[Dict] = [part for n in nodes for part in (n.attrs, n._dims, n._refs, n._has_params, n._params._params)]
    kept = list(map(dict, dicts))
    shims = [shim.keep() for node in nodes for shim in node.shims if hasattr(shim, "keep")]

    def put_back() -> None:
        for node, name in zip(nodes, names):
            node.name = name
        for part, before in zip(dicts, kept):
            part.clear()
            part.update(before)
        for restore in shims:
            restore()

    return put_back
