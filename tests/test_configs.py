"""Every shipped config is complete, and trains."""

from pathlib import Path
from typing import Any, Dict

import pytest
import spacy
from spacy.cli.init_config import fill_config
from spacy.tokens import Doc, DocBin
from spacy.training.initialize import init_nlp
from spacy.training.loop import train
from spacy.util import load_config, load_model_from_config
from thinc.api import Config

from .helpers import ROOT, SENTENCES, TEXTS, gold_doc, tag
from .lm.helpers import write_lm

CONFIGS = sorted((ROOT / "project" / "configs").glob("*.cfg"))


def test_there_are_configs() -> None:
    assert {path.stem for path in CONFIGS} >= {
        "tagger",
        "tagger_fast",
        "tagger_wide",
        "cnn",
        "cnn_morphologizer",
        "bilstm",
        "tagger_charlm",
    }
    assert {path.stem for path in CONFIGS} >= {"textcat_sentiment", "textcat_emotions", "textcat_chars", "textcat_long"}
    assert {path.stem for path in CONFIGS} >= {
        "tree",
        "tree_relations",
        "tree_sst",
        "lemmatizer",
        "spacy_lemmatizer",
        "transducer",
    }


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.name)
def test_filling_adds_nothing(path: Path, tmp_path: Path) -> None:
    """`spacy init fill-config` leaves it as it is: every setting is written down, none is unknown."""
    filled, unfilled = fill_config(tmp_path / "filled.cfg", path)
    assert filled == unfilled == load_config(path)
    assert load_config(tmp_path / "filled.cfg") == load_config(path)


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.name)
def test_round_trips_through_a_pipeline(path: Path) -> None:
    """Building a pipeline from it and asking for its config gives the same config."""
    config = load_config(path)
    nlp = load_model_from_config(config, auto_fill=False)
    assert load_model_from_config(nlp.config).config == nlp.config
    for section in ("nlp", "components", "training", "initialize"):
        assert nlp.config[section] == config[section]


def small(path: Path, corpus: Path) -> Config:
    """The config with a tiny corpus and two steps."""
    docs = [
        gold_doc(spacy.blank("xx"), row, heads=[0] * len(row), deps=["ROOT", *["dep"] * (len(row) - 1)])
        for row in SENTENCES
    ]
    for i, doc in enumerate(docs):
        doc.cats = {"odd": float(i % 2), "even": float(i % 2 == 0)}
        for token in doc:
            token.lemma_ = token.lower_
    DocBin(docs=docs, store_user_data=True).to_disk(corpus)
    if path.stem == "transducer":
        corpus = corpus.with_suffix(".tsv")
        corpus.write_text("".join(f"{text}\t{text.upper()}\n" for text in TEXTS), encoding="utf8")
    language_models = {
        f"paths.{way}_lm": write_lm(corpus.with_name(f"{way}.safetensors"), backward=way == "backward")
        for way in ("forward", "backward")
        if f"{way}_lm" in load_config(path)["paths"]
    }
    overrides: Dict[str, Any] = {
        **language_models,
        "paths.train": str(corpus),
        "paths.dev": str(corpus),
        "training.max_steps": 2,
        "training.eval_frequency": 1,
        "training.logger": {"@loggers": "spacy.ConsoleLogger.v1", "progress_bar": False},
    }
    return load_config(path, overrides=overrides, interpolate=True)


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.name)
def test_trains(path: Path, tmp_path: Path) -> None:
    """As `spacy train` does, from the config to a saved pipeline."""
    config = small(path, tmp_path / "corpus.spacy")
    nlp = init_nlp(config)
    (tmp_path / "out").mkdir()
    nlp, _ = train(nlp, tmp_path / "out")
    loaded = spacy.load(tmp_path / "out" / "model-last")
    if "textcat" in path.stem:
        assert all(set(doc.cats) == {"odd", "even"} for doc in loaded.pipe(TEXTS))
    elif "tree" in path.stem:
        parsed = Doc(loaded.vocab, words=["So", "it", "is"], heads=[2, 2, 2], deps=["dep", "dep", "ROOT"])
        assert set(loaded(parsed).cats) == {"odd", "even"} and parsed[0]._.tree_label in ("odd", "even")
    elif "lemmatizer" in path.stem:
        assert all(token.lemma_ for doc in loaded.pipe(TEXTS) for token in doc)
    elif path.stem == "transducer":
        assert all(isinstance(doc._.transduced, str) for doc in loaded.pipe(TEXTS))
    else:
        assert all(row[1] for rows in tag(loaded, TEXTS) for row in rows)
    assert loaded.meta["performance"]


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.name)
def test_rate_falls_until_the_last_step(path: Path) -> None:
    training = load_config(path)["training"]
    if isinstance(training["optimizer"]["learn_rate"], dict):
        assert training["optimizer"]["learn_rate"]["total_steps"] == training["max_steps"]


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.name)
def test_the_optimizer_stands_by_itself(path: Path) -> None:
    """spaCy resolves that block alone, without the variables of others, in `resume_training` and `debug data`."""
    nlp = load_model_from_config(load_config(path), auto_fill=False)
    assert nlp.create_optimizer().learn_rate is not None
