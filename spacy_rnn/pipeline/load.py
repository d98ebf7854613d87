"""Pipelines, configs and devices that a user names. Whatever spaCy raises about them becomes a `UserError`."""

import re
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Dict, Iterable, Iterator, Optional

import spacy
from spacy.language import Language
from spacy.util import load_model_from_config
from thinc.api import Config, ConfigValidationError

from ..errors import Errors, ModelFileError, SettingError, UserError
from .variants import load_variant

_CODE = re.compile(r"\[[DER]\d+\]")  # of an error that is told to users, spaCy's or ours


def use_gpu(gpu_id: int) -> None:
    """Have spaCy and torch compute on a GPU; do nothing for -1. Raises SettingError if that GPU cannot be used."""
    if gpu_id >= 0:
        try:
            spacy.require_gpu(gpu_id)
        except Exception as error:  # of spaCy without cupy, of cupy without a driver or a device
            raise SettingError(Errors.R021.format(gpu_id=gpu_id, reason=one_line(error))) from error


def load_pipeline(name: str, exclude: Iterable[str] = ()) -> Language:
    """Load a pipeline from a folder or an installed package. Raises ModelFileError if it is missing or damaged."""
    try:
        return spacy.load(name, exclude=exclude)
    except UserError:
        raise
    except Exception as error:  # spaCy raises errors of any type for its own damaged files
        raise ModelFileError(Errors.R020.format(name=name, reason=one_line(error))) from error


def rebuild_pipeline(config: Config, data: bytes) -> Language:
    """A pipeline from its config and its `to_bytes`, in a process or on a machine where it need not be installed."""
    return load_model_from_config(config, auto_fill=True).from_bytes(data)


def read_config(path: Path, overrides: Optional[Dict[str, Any]] = None, needed: Iterable[str] = ()) -> Config:
    """Read a training config, full or a variant (see `load_variant`), and leave its variables as they are.

    needed: dotted names of sections and settings.
    Raises SettingError for a file that is no config, or lacks one of those.
    """
    try:
        config = load_variant(path, overrides or {})
    except Exception as error:  # the parser raises errors of any type for what is no config
        raise _refused(path, error) from error
    for name in needed:
        section: Any = config
        for part in name.split("."):
            if not isinstance(section, dict) or part not in section:
                raise SettingError(Errors.R023.format(path=path, name=name))
            section = section[part]
    return config


@contextmanager
def config_errors(path: Path) -> Iterator[None]:
    """Raise SettingError, in spaCy's words, where spaCy refuses a setting of a config in the block, or raises any other
    error that has a code."""
    try:
        yield
    except UserError:
        raise
    except (ValueError, OSError, ImportError) as error:
        if isinstance(error, ConfigValidationError) or _CODE.match(str(error)):
            raise _refused(path, error) from error
        raise


def _refused(path: Path, error: Exception) -> SettingError:
    return SettingError(Errors.R022.format(path=path, reason=_without_config(error) or one_line(error)))


def _without_config(error: Exception) -> str:
    """What is wrong with each setting of a config, without the whole config that spaCy adds; "" for other errors."""
    if not isinstance(error, ConfigValidationError):
        return ""
    text = ConfigValidationError.from_error(error, title="", show_config=False).text
    return text.strip().replace("\t", ": ").replace("\n", "; ")


def one_line(error: Exception) -> str:
    """The message of an error, after its type unless it has a code."""
    message = " ".join((_without_config(error) or str(error)).split()).rstrip(". ")
    return message if _CODE.match(message) else f"{type(error).__name__}: {message}".rstrip(": ")
