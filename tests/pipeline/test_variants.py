"""Configs that hold only the values in which they differ from another one."""

from pathlib import Path

import pytest
from spacy.util import load_config

from spacy_rnn.data.configure import fill_config
from spacy_rnn.errors import SettingError
from spacy_rnn.pipeline.load import read_config

BASE = """
[paths]
train = null

[nlp]
lang = "en"
pipeline = ["a", "b"]

[components]

[components.a]
factory = "a"
size = 0.3

[components.a.model]
@architectures = "one"
width = 1
depth = 2

[components.b]
factory = "b"

[training]
max_steps = 1
"""

VARIANT = """
# A smaller one.
[base]
config = "../base.cfg"

[nlp]
pipeline = ["a"]

[components.a.model]
width = 9
path = ${paths.train}
"""


@pytest.fixture
def variant(tmp_path: Path) -> Path:
    (tmp_path / "base.cfg").write_text(BASE, encoding="utf8")
    path = tmp_path / "variants" / "small.cfg"
    path.parent.mkdir()
    path.write_text(VARIANT, encoding="utf8")
    return path


def test_only_what_it_names_differs(variant: Path) -> None:
    """Components outside the pipeline go, variables stay, the base is found from the variant's own folder."""
    expected = load_config(variant.parents[1] / "base.cfg")
    expected["nlp"]["pipeline"] = ["a"]
    expected["components"]["a"]["model"].update({"width": 9, "path": "${paths.train}"})
    del expected["components"]["b"]
    assert read_config(variant) == expected
    assert read_config(variant, {"paths.train": "x"}).interpolate()["components"]["a"]["model"]["path"] == "x"


def test_another_function_replaces_the_whole_block(variant: Path) -> None:
    text = variant.read_text(encoding="utf8").replace("width = 9", '@architectures = "other"\nNO = null')
    variant.write_text(text, encoding="utf8")
    assert read_config(variant, {"paths.train": 1}).interpolate()["components"]["a"]["model"] == {
        "@architectures": "other",
        "NO": None,
        "path": 1,
    }


def test_a_variant_of_a_variant_as_a_full_config(variant: Path) -> None:
    second = variant.with_name("smaller.cfg")
    second.write_text('[base]\nconfig = "small.cfg"\n\n[components.a]\nsize = 0.1\n', encoding="utf8")
    fill_config(second, variant.parent / "new" / "full.cfg")
    config = load_config(variant.parent / "new" / "full.cfg")
    assert config == read_config(second)
    assert config["components"]["a"]["size"] == 0.1 and config["components"]["a"]["model"]["width"] == 9


@pytest.mark.parametrize("wrong", ['config = "nothing.cfg"', "config = base.cfg", "other = 1"])
def test_no_such_base(variant: Path, wrong: str) -> None:
    variant.write_text(VARIANT.replace('config = "../base.cfg"', wrong), encoding="utf8")
    with pytest.raises(SettingError, match="R022"):
        read_config(variant)
