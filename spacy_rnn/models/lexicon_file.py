"""A morphological dictionary as a file."""

from pathlib import Path

from ..base.files import replace_file
from ..base.lexicon import Lexicon
from ..errors import Errors, ModelFileError


def save_lexicon(path: Path, lexicon: Lexicon) -> None:
    """Write a dictionary to a file, which appears complete or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    replace_file(path, lexicon.to_bytes())


def load_lexicon(path: Path) -> Lexicon:
    """Read a file that `save_lexicon` wrote. Raises ModelFileError, which names the file, if there is none, if it is
    damaged or if it holds something else."""
    if not path.is_file():
        raise ModelFileError(Errors.R210.format(path=path))
    return Lexicon.from_bytes(path.read_bytes(), str(path))
