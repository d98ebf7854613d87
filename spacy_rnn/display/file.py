"""Pictures in files."""

from pathlib import Path
from typing import Dict, Union

from ..errors import Errors, SettingError

PAGES = (".html", ".htm")


def write_picture(path: Union[str, Path], contents: Dict[str, str]) -> None:
    """Write a picture in the format that its name ends with. contents: by the end. Raises SettingError for another
    one."""
    suffix = Path(path).suffix.lower()
    if suffix not in contents:
        raise SettingError(Errors.R034.format(path=path, allowed=", ".join(contents)))
    Path(path).write_text(contents[suffix], encoding="utf8")
