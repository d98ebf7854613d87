"""Configs that were written without a dictionary, with one."""

from pathlib import Path

import pytest
from spacy.cli.init_config import fill_config as spacy_fill_config
from spacy.util import load_config
from thinc.api import Config

from spacy_rnn.base.lexicon import Analysis
from spacy_rnn.base.lexicon_builder import LexiconBuilder
from spacy_rnn.data.configure import fill_config
from spacy_rnn.data.lexicons.configure import LEXICONS_FOLDER, add_lexicon
from spacy_rnn.errors import CorpusError, SettingError
from spacy_rnn.models.lexicon_file import save_lexicon

from ...helpers import ROOT


def write_lexicon(path: Path) -> Path:
    builder = LexiconBuilder()
    builder.add("cats", [Analysis("cat", "NOUN")])
    save_lexicon(path, builder.build())
    return path


@pytest.mark.parametrize("name", ["tagger_wide.cfg", "lemmas/configs/lemmatizer.cfg"])
def test_full_configs(name: str, tmp_path: Path) -> None:
    """What is written is full, and names the file."""
    source = ROOT / "project" / (name if "/" in name else f"configs/{name}")
    path = write_lexicon(tmp_path / "mine.lexicon")
    fill_config(source, tmp_path / "full.cfg", lexicon=str(path))
    filled, unfilled = spacy_fill_config(tmp_path / "filled.cfg", tmp_path / "full.cfg")
    assert filled == unfilled == load_config(tmp_path / "full.cfg")
    (component,) = filled.interpolate()["components"].values()
    model = component["model"]
    feature = model["tok2vec"]["embed"]["lexicon"]["path"] if model["tok2vec"] else model["lexicon"]
    assert feature == str(path) == filled["paths"]["lexicon"]


def features(**settings: object) -> Config:
    embed = {"@architectures": "spacy-rnn.WordFeatures.v1", **settings}
    return Config({"components": {"x": {"model": {"embed": embed}}}})


def test_names_and_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was got for a language in the current folder; a layer that is there keeps its settings."""
    monkeypatch.chdir(tmp_path)
    write_lexicon(LEXICONS_FOLDER / "ru.lexicon")
    config = features(lexicon={"@architectures": "spacy-rnn.LexiconEmbed.v1", "path": "other", "width": 3})
    add_lexicon(config, "ru")
    found = config.interpolate()["components"]["x"]["model"]["embed"]["lexicon"]
    assert (found["path"], found["width"]) == (str(LEXICONS_FOLDER / "ru.lexicon"), 3)
    with pytest.raises(CorpusError, match=r"D266.*de\.lexicon"):
        add_lexicon(features(), "de")
    with pytest.raises(SettingError, match="R213"):
        add_lexicon(Config({"components": {}}), "ru")
