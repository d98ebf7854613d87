"""Every shipped config is complete and trains, and so does every variant of one."""

import json
from pathlib import Path
from typing import Any, Dict, Optional, Set

import pytest
import spacy
from spacy.cli.init_config import fill_config as spacy_fill_config
from spacy.tokens import Doc, DocBin, Span
from spacy.training.initialize import init_nlp
from spacy.training.loop import train
from spacy.util import load_config, load_model_from_config
from thinc.api import Config

from spacy_rnn.data.configure import fill_config
from spacy_rnn.distillation import Teacher, distill
from spacy_rnn.pipeline.load import read_config

from .helpers import ROOT, SENTENCES, TEXTS, gold_doc, tag, trained_tagger
from .lm.helpers import write_lm

CONFIGS = sorted((ROOT / "project").glob("**/configs/*.cfg"))
# The full config of each model, and its variants.
VARIANTS = {
    "whole": set(),
    "tagger": {"tagger_fast", "tagger_wide", "tagger_clean", "tagger_charlm", "tagger_distill"},
    "cnn": {"cnn_morphologizer", "cnn_whole", "bilstm"},
    "lemmatizer": set(),
    "spacy_lemmatizer": set(),
    "parser": set(),
    "spacy_parser": set(),
    "textcat_sentiment": {"textcat_long"},
    "textcat_emotions": set(),
    "textcat_chars": set(),
    "textcat_spacy_bow": {"textcat_spacy_ensemble", "textcat_spacy_reduce"},
    "transducer": {"transducer_baseline"},
    "tree": {"tree_sst", "tree_relations"},
}


def base_of(path: Path) -> Optional[str]:
    """The name of the full config that a file is a variant of."""
    lines = path.read_text(encoding="utf8").splitlines()
    return next((Path(json.loads(line.split(" = ")[1])).stem for line in lines if line.startswith("config = ")), None)


def test_there_are_configs() -> None:
    """A config is full if `spacy train` reads it as it is."""
    found: Dict[str, Set[str]] = {path.stem: set() for path in CONFIGS if base_of(path) is None}
    for path in CONFIGS:
        base = base_of(path)
        if base is not None:
            found[base].add(path.stem)
    assert found == VARIANTS


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.name)
def test_filling_adds_nothing(path: Path, tmp_path: Path) -> None:
    """`spacy init fill-config` leaves it as it is: every setting is written down, none is unknown."""
    if base_of(path) is not None:
        fill_config(path, tmp_path / "full" / path.name)
        path = tmp_path / "full" / path.name
    filled, unfilled = spacy_fill_config(tmp_path / "filled.cfg", path)
    assert filled == unfilled == load_config(path)
    assert load_config(tmp_path / "filled.cfg") == load_config(path)


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.name)
def test_round_trips_through_a_pipeline(path: Path) -> None:
    """Building a pipeline from it and asking for its config gives the same config."""
    config = read_config(path)
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
        doc.set_ents([Span(doc, 0, 1, label="FIRST")])
    DocBin(docs=docs, store_user_data=True).to_disk(corpus)
    if path.stem.startswith("transducer"):
        corpus = corpus.with_suffix(".tsv")
        corpus.write_text("".join(f"{text}\t{text.upper()}\n" for text in TEXTS), encoding="utf8")
    language_models = {
        f"paths.{way}_lm": write_lm(corpus.with_name(f"{way}.safetensors"), backward=way == "backward")
        for way in ("forward", "backward")
        if f"{way}_lm" in read_config(path)["paths"]
    }
    overrides: Dict[str, Any] = {
        **language_models,
        **(soft_labels(corpus) if "soft" in read_config(path)["paths"] else {}),
        "paths.train": str(corpus),
        "paths.dev": str(corpus),
        "training.max_steps": 2,
        "training.eval_frequency": 1,
        "training.logger": {"@loggers": "spacy.ConsoleLogger.v1", "progress_bar": False},
    }
    if path.stem in ("spacy_parser", "cnn_whole"):
        overrides["components.parser.min_action_freq"] = 1
    return read_config(path, overrides).interpolate()


def soft_labels(corpus: Path) -> Dict[str, Any]:
    """A teacher labels the corpus."""
    distill([Teacher(trained_tagger(1))], str(corpus), corpus.with_suffix(""))
    return {"paths.soft": str(corpus.with_suffix("") / "soft.spacy")}


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
    elif "parser" in path.stem:
        assert all(doc.has_annotation("DEP") and len(list(doc.sents)) for doc in loaded.pipe(TEXTS))
    elif "lemmatizer" in path.stem or path.stem == "whole":
        assert all(token.lemma_ for doc in loaded.pipe(TEXTS) for token in doc)
    elif path.stem.startswith("transducer"):
        assert all(isinstance(doc._.transduced, str) for doc in loaded.pipe(TEXTS))
    else:
        assert all(row[1] for rows in tag(loaded, TEXTS) for row in rows)
    assert loaded.meta["performance"]


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.name)
def test_rate_falls_until_the_last_step(path: Path) -> None:
    training = read_config(path)["training"]
    if isinstance(training["optimizer"]["learn_rate"], dict):
        assert training["optimizer"]["learn_rate"]["total_steps"] == training["max_steps"]


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.name)
def test_the_optimizer_stands_by_itself(path: Path) -> None:
    """spaCy resolves that block alone, without the variables of others, in `resume_training` and `debug data`."""
    nlp = load_model_from_config(read_config(path), auto_fill=False)
    assert nlp.create_optimizer().learn_rate is not None
