"""Every message that a user can meet, with what to do about it, and the errors that carry them."""

import re

from .components import ComponentMessages
from .corpora import CorpusMessages
from .kinds import (
    AnnotationError,
    CorpusError,
    ModelFileError,
    NotInitializedError,
    SettingError,
    TrainingError,
    UserError,
)

__all__ = [
    "Errors",
    "UserError",
    "SettingError",
    "AnnotationError",
    "NotInitializedError",
    "ModelFileError",
    "CorpusError",
    "TrainingError",
]


class _WithCodes(type):
    """Puts its code before each message, as spaCy does: `Errors.D001` is "[D001] ..."."""

    def __getattribute__(cls, name: str) -> object:
        value = super().__getattribute__(name)
        return f"[{name}] {value}" if re.fullmatch(r"[DR]\d{3}", name) else value


class Errors(CorpusMessages, ComponentMessages, metaclass=_WithCodes):
    """Message templates by code, for `str.format`. D: data and corpora. R: networks and components."""
