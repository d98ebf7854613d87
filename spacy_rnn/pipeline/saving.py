"""Components on disk: saved completely or not at all, checked before anything of them is used, loaded completely or not
at all."""

import hashlib
import json
import shutil
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Callable, Dict, Iterable, Iterator, List

from thinc.api import Model

from ..errors import Errors, ModelFileError

CHECKSUMS = "checksums.json"
NEEDED = ("cfg", "model")


def write_checksums(folder: Path, before: Path) -> None:
    """Write the checksums of a folder's files beside them. What is in the folder `before`, which this one is about to
    replace, and was not written again, is taken over."""
    for old in before.iterdir() if before.is_dir() else ():
        new = folder / old.name
        if old.name != CHECKSUMS and not new.exists():
            (shutil.copytree if old.is_dir() else shutil.copy2)(old, new)
    sums = {path.relative_to(folder).as_posix(): _checksum(path) for path in _files(folder)}
    (folder / CHECKSUMS).write_text(json.dumps({"sha256": sums}, indent=2) + "\n", encoding="utf8")


def check_files(folder: Path, needed: Iterable[str]) -> None:
    """Raise ValueError if a file is missing or is not the one that was saved. A folder without checksums, which an
    earlier version wrote, is taken as it is."""
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
        if _checksum(folder / name) != checksum:
            raise ModelFileError(Errors.R182.format(file=name))


def _files(folder: Path) -> List[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file() and path.name != CHECKSUMS)


def _checksum(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@contextmanager
def loading(component: Any, where: str) -> Iterator[None]:
    """Put everything back as it was if the block, which loads a component, fails; and say in one sentence of what kind
    ValueError what is wrong with which component.

    where: the folder, or what else it comes from.
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
    """Returns a callback that puts a model back as it is now."""
    undo: List[Callable[[], None]] = [_keep_node(node) for node in model.walk()]

    def put_back() -> None:
        for callback in undo:
            callback()

    return put_back


def _keep_node(node: Model) -> Callable[[], None]:
    name, attrs = node.name, dict(node.attrs)
    # Dimensions once set cannot be unset by Thinc's own methods.
    private: Iterable[str] = ("_dims", "_refs", "_has_params")
    kept = {key: dict(getattr(node, key)) for key in private}
    params = {key: node.get_param(key) for key in node.param_names if node.has_param(key)}
    shims = [shim.keep() for shim in node.shims if hasattr(shim, "keep")]

    def put_back() -> None:
        node.name = name
        node.attrs.clear()
        node.attrs.update(attrs)
        for key, value in params.items():
            node.set_param(key, value)
        for key, values in kept.items():
            setattr(node, key, values)
        for callback in shims:
            callback()

    return put_back
