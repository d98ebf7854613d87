"""A dictionary in a training config that was written without one."""

from pathlib import Path

from thinc.api import Config

from ...errors import CorpusError, Errors, SettingError
from ..vectors.configure import architectures, defaults
from .fetch import LEXICONS_FOLDER

LAYER = "spacy-rnn.LexiconEmbed.v1"
PATH = "${paths.lexicon}"


def add_lexicon(config: Config, name: str) -> None:
    """Have all layers of a config that can read a dictionary do so: word features, and the networks of lemmatizers.

    name: a file, or what `spacy-rnn lexicon get` was given.
    Raises CorpusError if there is no such file, and SettingError if the config has no layer for it.
    """
    path = find_lexicon(name)
    if not path.is_file():
        raise CorpusError(Errors.D266.format(name=name, path=path))
    n_layers = 0
    for section in architectures(config.get("components", {})):
        if section["@architectures"] == "spacy-rnn.WordFeatures.v1":
            feature = section.get("lexicon") or {"@architectures": LAYER, **defaults(LAYER)}
            section["lexicon"] = {**feature, "path": PATH}
            n_layers += 1
        elif section["@architectures"] == "spacy-rnn.Lemmatizer.v1":
            section["lexicon"] = PATH
            n_layers += 1
    if not n_layers:
        raise SettingError(Errors.R213)
    config.setdefault("paths", {})["lexicon"] = str(path)


def find_lexicon(name: str) -> Path:
    """The file of a dictionary by its path or name."""
    return Path(name) if Path(name).is_file() else LEXICONS_FOLDER / f"{name}.lexicon"
