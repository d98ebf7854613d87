"""Configs that were written without word vectors, with them."""

from pathlib import Path
from typing import Any, Dict, Optional

import pytest
import spacy
from spacy.cli.init_config import fill_config as spacy_fill_config
from spacy.training.initialize import init_nlp
from spacy.util import load_config
from thinc.api import Config

from spacy_rnn.data.configure import fill_config
from spacy_rnn.data.vectors import configure
from spacy_rnn.errors import CorpusError, SettingError
from spacy_rnn.pipeline.load import read_config

from ...test_configs import CONFIGS, small
from .wheels import vectors_pipeline

# Those that read characters alone, or n-grams of words.
WITHOUT = {"textcat_chars", "textcat_spacy_bow", "lemmatizer", "transducer", "transducer_baseline"}


def write_vectors(folder: Path, lang: str) -> Path:
    nlp = vectors_pipeline(lang=lang)
    nlp.vocab.vectors.name = "mine"
    folder.mkdir(parents=True)
    nlp.to_disk(folder)
    return folder


def tagger_config(lang: str, features: Optional[Dict[str, Any]] = None) -> Config:
    embed = features or {"@architectures": "spacy-rnn.WordFeatures.v1"}
    return Config({"nlp": {"lang": lang}, "initialize": {}, "components": {"x": {"model": {"embed": embed}}}})


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.name)
def test_every_config_takes_vectors(path: Path, tmp_path: Path) -> None:
    """It is full, and its pipeline has the table and reads it."""
    folder = write_vectors(tmp_path / "vectors", read_config(path)["nlp"]["lang"])
    if path.stem in WITHOUT:
        with pytest.raises(SettingError, match="R029"):
            fill_config(path, tmp_path / "full.cfg", vectors=str(folder))
        return
    fill_config(path, tmp_path / "full.cfg", vectors=str(folder))
    filled, unfilled = spacy_fill_config(tmp_path / "filled.cfg", tmp_path / "full.cfg")
    assert filled == unfilled == load_config(tmp_path / "full.cfg")
    nlp = init_nlp(small(tmp_path / "full.cfg", tmp_path / f"{path.stem}.spacy"))
    assert nlp.vocab.vectors.name == "mine" and nlp.vocab.vectors.shape == (2, 4)
    layers = {layer.name for name in nlp.pipe_names for layer in nlp.get_pipe(name).model.walk()}  # type: ignore[attr-defined]
    assert layers & {"known_vectors", "static_vectors"}


def test_what_is_there_stays(tmp_path: Path) -> None:
    """A layer for vectors keeps its settings."""
    own = {"@architectures": "spacy-rnn.StaticVectors.v1", "width": 3}
    features = {"@architectures": "spacy-rnn.WordFeatures.v1", "vectors": dict(own)}
    config = tagger_config("en", features)
    configure.add_vectors(config, str(write_vectors(tmp_path / "vectors", "en")))
    assert config["components"]["x"]["model"]["embed"]["vectors"] == own
    assert config["paths"]["vectors"] == str(tmp_path / "vectors")
    assert config["initialize"]["vectors"] == "${paths.vectors}"


def test_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder, what was fetched under a name in the current one, or a package."""
    monkeypatch.chdir(tmp_path)
    folder = write_vectors(configure.VECTORS_FOLDER / "en-mine", "en")
    monkeypatch.setattr(configure, "is_package", lambda name: name == "en_package")
    monkeypatch.setattr(configure, "get_package_path", lambda name: folder)
    for name, expected in (("en-mine", str(folder)), (str(folder), str(folder)), ("en_package", "en_package")):
        config = tagger_config("en")
        configure.add_vectors(config, name)
        assert config["paths"]["vectors"] == expected
    with pytest.raises(CorpusError, match="D228.*'en'.*'de'"):
        configure.add_vectors(tagger_config("de"), "en-mine")
    spacy.blank("en").to_disk("blank")
    Path("damaged").mkdir()
    (Path("damaged") / "meta.json").write_text("{")
    for name in ("en-md", "blank", "damaged"):
        with pytest.raises(CorpusError, match=f"D227.*vectors get {name}"):
            configure.add_vectors(tagger_config("en"), name)
