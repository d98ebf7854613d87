"""Every message that a user can meet, with what to do about it, and the errors that carry them."""

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


class Errors(CorpusMessages, ComponentMessages):
    """Message templates by code, to be filled with `str.format`. D: data and corpora. R: networks and components."""
