"""Every message that a user can meet, with what to do about it, and the errors that carry them."""

import re

from .components import ComponentMessages
from .corpora import CorpusMessages

# What would break a line or change a terminal.
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_LONGEST = 2000


class _WithCodes(type):
    """Puts its code before each message, as spaCy does: `Errors.D001` is "[D001] ..."."""

    def __getattribute__(cls, name: str) -> object:
        value = super().__getattribute__(name)
        return f"[{name}] {value}" if re.fullmatch(r"[DR]\d{3}", name) else value


class Errors(CorpusMessages, ComponentMessages, metaclass=_WithCodes):
    """Message templates by code, for `str.format`. D: data and corpora. R: networks and components."""


class UserError(ValueError):
    """A mistake that the user can correct. The command line prints its message and nothing else. The message is a line
    of moderate length, whatever it quotes."""

    def __init__(self, message: str = ""):
        shown = _CONTROL.sub(lambda found: found[0].encode("unicode_escape").decode("ascii"), message)
        if len(shown) > _LONGEST:
            shown = f"{shown[: _LONGEST // 2]} ... {shown[-_LONGEST // 2 :]}"
        super().__init__(shown)


class SettingError(UserError):
    """A setting is unknown, out of range, or does not go with another one."""


class AnnotationError(UserError):
    """A component misses annotations or labels that it needs, or cannot use them."""


class NotInitializedError(UserError):
    """A component or layer is used before it is initialized, or a result is asked for that was not kept."""


class ModelFileError(UserError):
    """A pipeline, a component or a language model is missing, damaged or of another kind."""


class CorpusError(UserError):
    """A corpus cannot be found, fetched, read, converted or written."""


class TrainingError(UserError):
    """A training was stopped or cannot continue."""
