"""What a job reads and runs, as checksums: files by their content, and a pipeline as it is in memory."""

import json
import sys
from contextlib import suppress
from types import CodeType
from typing import Any, Dict, Iterator, List, Union

import numpy as np
import spacy
import srsly
from spacy.language import Language
from thinc.api import get_array_module

from ..base.hashing import sha256, sha256_of
from .sources import Source, locate

_SEVERAL = (list, tuple, set, frozenset)
# What stores say of a file's content, which is another value for another content.
_ETAGS = ("ETag", "etag")


def input_checksums(source: Source) -> Dict[str, str]:
    """The checksum of each file, or the entity tag by which its store tells contents apart."""
    fs, _ = locate(source.address)
    found = {}
    for name in source.files():
        info = fs.info(name)
        tag = next((str(info[key]) for key in _ETAGS if info.get(key)), "W/")
        if tag.startswith("W/"):  # a weak one stands for several contents
            with fs.open(name, "rb") as opened:
                tag = sha256(opened)
        found[name] = tag
    return found


def pipeline_checksum(nlp: Language) -> str:
    """The SHA-256 of everything that a pipeline's results depend on: the weights and settings that it has in memory,
    not those that it was loaded from, its vectors and tables, and the versions or the code of its components."""
    return sha256_of(_parts(nlp))


def _parts(nlp: Language) -> Iterator[Union[bytes, memoryview]]:
    from .. import __version__

    about = [__version__, spacy.__version__, nlp.config, nlp.max_length, nlp.pipe_names]
    yield json.dumps(about, sort_keys=True, default=str).encode("utf8")
    vectors = nlp.vocab.vectors
    if vectors.data is not None and vectors.data.size:
        yield vectors.to_bytes(exclude=["strings", "vectors"])
        data = vectors.data if get_array_module(vectors.data) is np else vectors.data.get()
        yield np.ascontiguousarray(data).reshape(-1).view(np.uint8).data
    yield nlp.vocab.lookups.to_bytes()
    parts: List[Any] = [nlp.tokenizer, *(pipe for _, pipe in nlp.pipeline)]
    for part in parts:
        yield from _code(part)
        yield from _in_order([str(label) for label in getattr(part, "labels", ())], kept=True)
        state: Any = None
        with suppress(Exception):  # of any type: one that cannot be saved is known by its code and its settings
            state = srsly.msgpack_loads(part.to_bytes(exclude=["vocab"]))
        yield from _in_order(state)


def _code(part: Any) -> Iterator[bytes]:
    """The version of the package that a component comes from, or its own code if it comes from none."""
    kind = part if hasattr(part, "__code__") else type(part)
    yield f"{kind.__module__}.{kind.__qualname__}".encode("utf8")
    version = getattr(sys.modules.get(kind.__module__.partition(".")[0]), "__version__", None)
    if version is not None:
        yield str(version).encode("utf8")
        return
    members = [part] if kind is part else [member for base in kind.__mro__ for member in vars(base).values()]
    for member in members:
        code = getattr(member, "__code__", None)
        if code is not None:
            yield _instructions(code).encode("utf8", errors="surrogatepass")


def _instructions(code: CodeType) -> str:
    """What a function does, without its place in a file."""
    constants = (_instructions(c) if isinstance(c, CodeType) else b"".join(_in_order(c)) for c in code.co_consts)
    return repr([code.co_code, code.co_names, *constants])


def _in_order(value: Any, *, kept: bool = False) -> Iterator[Union[bytes, memoryview]]:
    """A value as bytes. The order of dicts, sets and lists of strings does not count, since some components store sets
    as lists, in another order in each process. kept: it does count in this list."""
    if isinstance(value, (bytes, memoryview)):
        yield value
        return
    if isinstance(value, np.ndarray):
        yield f"{value.dtype}{value.shape}".encode("utf8")
        yield np.ascontiguousarray(value).tobytes()
        return
    parts = list(value.items() if isinstance(value, dict) else value if isinstance(value, _SEVERAL) else ())
    if isinstance(value, dict):
        parts.sort(key=lambda item: repr(item[0]))
    elif isinstance(value, (set, frozenset)) or (not kept and all(isinstance(part, str) for part in parts)):
        parts.sort(key=repr)
    yield (
        f"{type(value).__name__}{len(parts)} ".encode("utf8") if parts else repr(value).encode("utf8", "surrogatepass")
    )
    for part in parts:
        yield from _in_order(part)
