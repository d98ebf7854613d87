"""Pipelines, configs and devices that cannot be used."""

from pathlib import Path
from typing import Any, Dict

import pytest
import spacy
from spacy.training.initialize import init_nlp
from spacy.util import load_config

from spacy_rnn.errors import ModelFileError, SettingError
from spacy_rnn.pipeline.load import config_errors, load_pipeline, read_config, use_gpu
from spacy_rnn.training import train

from ..helpers import tagger_config


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    nlp = spacy.blank("xx")
    nlp.add_pipe("sentencizer")
    nlp.to_disk(tmp_path / "model")
    return tmp_path / "model"


def test_whole_pipelines_are_loaded(saved: Path) -> None:
    assert load_pipeline(str(saved)).pipe_names == ["sentencizer"]
    assert load_pipeline(str(saved), exclude=["sentencizer"]).pipe_names == []


@pytest.mark.parametrize("file", ["meta.json", "config.cfg", "tokenizer", "sentencizer.json", "vocab/lookups.bin"])
@pytest.mark.parametrize("damaged", [b"", b'\xff{["', b"{"])
def test_damaged_pipelines_are_refused(saved: Path, file: str, damaged: bytes) -> None:
    (saved / file).write_bytes(damaged)
    with pytest.raises(ModelFileError, match=f"R020.*{saved}") as caught:
        load_pipeline(str(saved))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["no_such_package", "no/such/folder", "."])
def test_missing_pipelines_are_refused(name: str) -> None:
    with pytest.raises(ModelFileError, match=r"R020.*E05"):
        load_pipeline(name)


def test_error_of_a_setting_is_told_as_it_is(saved: Path) -> None:
    config = load_config(saved / "config.cfg")
    config["nlp"]["pipeline"] = ["rnn_tagger"]
    config["components"] = {"rnn_tagger": {"factory": "rnn_tagger", **tagger_config(depth=0)}}
    config.to_disk(saved / "config.cfg")
    with pytest.raises(SettingError, match=r"^\[R005\] depth = 0"):
        load_pipeline(str(saved))


def test_missing_gpu_is_refused() -> None:
    use_gpu(-1)
    with pytest.raises(SettingError, match="R021.* 99 "):
        use_gpu(99)


CONFIG = """
[paths]
train = "x"

[nlp]
lang = "xx"
pipeline = []

[training]
max_steps = 1
seed = ${paths.train}
"""


@pytest.mark.parametrize("text", ["junk", "[nlp", CONFIG + CONFIG, CONFIG + "\nx", CONFIG + "\xa7\0"])
def test_files_that_are_no_config_are_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "it.cfg"
    path.write_text(text, encoding="latin-1")
    with pytest.raises(SettingError, match=f"R022.*{path}"):
        read_config(path)


def test_config_keeps_its_variables_and_has_what_is_needed(tmp_path: Path) -> None:
    path = tmp_path / "it.cfg"
    path.write_text(CONFIG)
    config = read_config(path, {"training.max_steps": 2}, needed=("nlp.lang", "training"))
    assert config["training"] == {"max_steps": 2, "seed": "${paths.train}"}
    for missing in ("corpora", "training.batcher", "training.seed.x"):
        with pytest.raises(SettingError, match=f"R023.* {missing};"):
            read_config(path, needed=("nlp.lang", missing))


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"training.max_steps": "many"}, "max_steps: Input should be a valid integer"),
        ({"training.optimizer": {"@optimizers": "Nope.v1"}}, "E893.*Nope"),
        ({"nlp.lang": "nope"}, "E048.*nope"),
        ({"nlp.pipeline": ["nope"]}, "nope"),
        ({"training.seed": "${paths.nope}"}, "paths.nope"),
    ],
    ids=str,
)
def test_config_errors_are_told_in_the_words_of_spacy(tmp_path: Path, settings: Dict[str, Any], told: str) -> None:
    path = tmp_path / "it.cfg"
    spacy.blank("xx").config.to_disk(path)
    with pytest.raises(SettingError, match=f"(?s)R022.*{told}") as caught, config_errors(path):
        init_nlp(load_config(path, overrides=settings, interpolate=False))
    assert "functools" not in str(caught.value), "the values of the whole config say nothing to a user"


def test_other_errors_are_left_alone(tmp_path: Path) -> None:
    for error in (ValueError("mistake"), KeyError("[E001]"), TypeError("[E002]")):
        with pytest.raises(type(error)) as caught, config_errors(tmp_path):
            raise error
        assert caught.value is error


def test_code_that_cannot_be_imported_is_named(tmp_path: Path) -> None:
    path = tmp_path / "code.py"
    for text in (None, "1 / 0", "import nonsense"):
        if text is not None:
            path.write_text(text)
        with pytest.raises(SettingError, match=f"R024.*{path}"):
            train(tmp_path / "it.cfg", code_path=path)
