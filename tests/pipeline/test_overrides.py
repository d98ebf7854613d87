"""Settings of trained pipelines: by the config that they are loaded with, or changed and saved."""

from pathlib import Path
from typing import Any, Callable, Dict, List, Tuple

import pytest
import spacy
import srsly
from spacy.language import Language

from spacy_rnn.errors import SettingError

from ..helpers import TEXTS, component, trained_tagger
from .ner.entities import trained_ner
from .parser.parsers import trained_parser
from .spancat.nested import trained_spancat
from .texts import trained_textcat

# A pipeline, a setting of its component, its value in the config, and two others.
PIPELINES: Dict[str, Tuple[Callable[[], Language], str, Any, Any, Any]] = {
    "rnn_tagger": (lambda: trained_tagger(2), "overwrite", True, False, True),
    "rnn_textcat_multilabel": (lambda: trained_textcat(False, steps=2), "threshold", 0.5, 0.75, 0.25),
    "rnn_parser": (lambda: trained_parser(2), "decoder", "mst", "projective", "mst"),
    "rnn_ner": (lambda: trained_ner(2), "max_length", 1000, 7, 9),
    "rnn_spancat": (lambda: trained_spancat(2), "max_length", 1000, 7, 9),
}


@pytest.mark.parametrize("name", PIPELINES)
def test_a_change_is_saved_and_a_config_changes_it_again(name: str, tmp_path: Path) -> None:
    """Also after it was loaded and saved again, and in bytes."""
    make, setting, configured, changed, other = PIPELINES[name]
    nlp = make()
    pipe = component(nlp, name)
    assert pipe.cfg[setting] == configured
    pipe.cfg[setting] = changed
    nlp.to_disk(tmp_path / "first")
    loaded = spacy.load(tmp_path / "first")
    assert component(loaded, name).cfg[setting] == changed
    loaded.to_disk(tmp_path / "second")
    assert component(spacy.load(tmp_path / "second"), name).cfg[setting] == changed
    if other != configured:
        overridden = spacy.load(tmp_path / "second", config={"components": {name: {setting: other}}})
        assert component(overridden, name).cfg[setting] == other
    copy = spacy.blank(str(nlp.lang)).from_config(nlp.config).from_bytes(nlp.to_bytes())
    assert component(copy, name).cfg[setting] == changed


def test_numbers_that_change_when_they_are_written(tmp_path: Path) -> None:
    nlp = spacy.blank("xx")
    nlp.add_pipe("rnn_textcat_multilabel", config={"threshold": 0.7})
    pipe: Any = nlp.get_pipe("rnn_textcat_multilabel")
    pipe.cfg["threshold"] = 0.25
    settings = dict(pipe.cfg)
    pipe.cfg.update(srsly.json_loads(srsly.json_dumps(pipe.cfg)))
    settings["threshold"] = 0.7
    assert pipe._keep_settings(settings).cfg["threshold"] == 0.25


def test_files_of_earlier_versions(tmp_path: Path) -> None:
    """They do not tell what the config said, so that it decides."""
    nlp = trained_textcat(False, steps=2)
    component(nlp, "rnn_textcat_multilabel").cfg["threshold"] = 0.7
    component(nlp, "rnn_textcat_multilabel").cfg.pop("configured")
    nlp.to_disk(tmp_path / "old")
    assert "configured" not in srsly.read_json(tmp_path / "old" / "rnn_textcat_multilabel" / "cfg")
    assert component(spacy.load(tmp_path / "old"), "rnn_textcat_multilabel").cfg["threshold"] == 0.5


@pytest.mark.parametrize("attrs", [["pos"], ["morph", "tag"]])
def test_fewer_attributes_of_a_tagger(attrs: List[str], tmp_path: Path) -> None:
    """The others are not predicted, scored or kept as probabilities; those that are stay the same."""
    nlp = trained_tagger(20, save_scores=True)
    nlp.to_disk(tmp_path / "all")
    some = spacy.load(tmp_path / "all", config={"components": {"rnn_tagger": {"attrs": attrs}}})
    assert sorted(component(some).attrs) == sorted(attrs)
    for doc, whole in zip(some.pipe(TEXTS), nlp.pipe(TEXTS)):
        for attr in ("pos", "tag", "morph"):
            for token, other in zip(doc, whole):
                assert str(getattr(token, f"{attr}_" if attr != "morph" else attr)) == (
                    str(getattr(other, f"{attr}_" if attr != "morph" else attr)) if attr in attrs else ""
                )
        assert {name.partition("=")[0] for name in doc._.rnn_scores} == set(attrs)
    some.to_disk(tmp_path / "some")
    assert sorted(component(spacy.load(tmp_path / "some")).attrs) == sorted(attrs)
    everything = spacy.load(tmp_path / "some", config={"components": {"rnn_tagger": {"attrs": None}}})
    assert component(everything).attrs == ["pos", "tag", "morph"]


def test_attributes_that_it_was_not_trained_for(tmp_path: Path) -> None:
    trained_tagger(2, attrs=["pos"]).to_disk(tmp_path / "pos")
    with pytest.raises(SettingError, match=r"R033.*'rnn_tagger'.*tag; .*'pos'"):
        spacy.load(tmp_path / "pos", config={"components": {"rnn_tagger": {"attrs": ["pos", "tag"]}}})
