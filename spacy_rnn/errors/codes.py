"""Codes before messages."""

import re
from typing import Any, Dict, Tuple


class WithCodes(type):
    """Puts its code before each message: `D001 = "..."` becomes "[D001] ..."."""

    def __new__(cls, name: str, bases: Tuple[type, ...], members: Dict[str, Any]) -> "WithCodes":
        coded = {
            key: f"[{key}] {value}" if re.fullmatch(r"[DR]\d{3}", key) else value for key, value in members.items()
        }
        return super().__new__(cls, name, bases, coded)
