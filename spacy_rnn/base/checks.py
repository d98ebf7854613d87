"""Checks of settings when a layer or component is built. All of them raise SettingError."""

from typing import Any, Iterable

from ..errors import Errors, SettingError

# A deeper stack of layers is a mistake, and takes long to build.
MAX_DEPTH = 100


def check_choice(name: str, value: Any, allowed: Iterable[str]) -> None:
    """Check that the value is one of the allowed ones."""
    allowed = list(allowed)
    if value not in allowed:
        raise SettingError(Errors.R001.format(name=name, value=value, allowed=", ".join(allowed)))


def check_at_least(name: str, value: float, minimum: float) -> None:
    """Check that value >= minimum."""
    if not value >= minimum:
        raise SettingError(Errors.R005.format(name=name, value=value, expected=f"at least {minimum}"))


def check_between(name: str, value: float, minimum: float, maximum: float) -> None:
    """Check that minimum <= value <= maximum."""
    if not minimum <= value <= maximum:
        expected = f"at least {minimum} and at most {maximum}"
        raise SettingError(Errors.R005.format(name=name, value=value, expected=expected))


def check_share(name: str, value: float) -> None:
    """Check that 0 <= value < 1."""
    if not 0.0 <= value < 1.0:
        raise SettingError(Errors.R005.format(name=name, value=value, expected="at least 0 and below 1"))


def direction_width(width: int, bidirectional: bool) -> int:
    """The width of one direction of a network with an output of this width, which two directions share equally."""
    check_at_least("width", width, 2 if bidirectional else 1)
    if bidirectional and width % 2:
        raise SettingError(Errors.R006.format(width=width))
    return width // 2 if bidirectional else width
