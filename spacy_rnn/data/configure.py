"""Adapt a training config to a converted treebank: language, tokenizer, corpus paths and the number of steps."""

from math import ceil
from pathlib import Path
from typing import Sequence

from spacy.util import logger
from thinc.api import Config

from ..pipeline.load import read_config
from .convert import ATTRS, read_stats
from .lexicons.configure import add_lexicon
from .vectors.configure import add_vectors

NEEDED = ("paths", "nlp", "initialize", "training.batcher", "training.max_steps", "training.eval_frequency")

# More passes over a small treebank only cost time, and fewer steps train nothing, however small it is.
MOST_EPOCHS, LEAST_STEPS = 60, 200
# A short training has so many checkpoints to choose from.
LEAST_EVALUATIONS = 5
# What a component learns from, and how its scores begin.
LEARNS_FROM = {"rnn_parser": "heads", "rnn_lemmatizer": "lemma", "rnn_ner": "entities"}
SCORES_OF = {
    "pos": "pos_", "tag": "tag_", "morph": "morph_", "lemma": "lemma_", "heads": "dep_", "entities": "ents_",
}  # fmt: skip


def fill_config(path: Path, output_path: Path, *, vectors: str = "", lexicon: str = "") -> None:
    """Write a variant, see `load_variant`, as a full config.

    vectors: word vectors for it, see `add_vectors`; none by default.
    lexicon: a dictionary for it, see `add_lexicon`; none by default.
    Raises SettingError if it is no training config.
    """
    config = read_config(path, needed=("nlp", "training"))
    if vectors:
        add_vectors(config, vectors)
    if lexicon:
        add_lexicon(config, lexicon)
    output_path.parent.mkdir(parents=True, exist_ok=True)
    config.to_disk(output_path)


def configure(
    config_path: Path,
    corpus_dir: Path,
    output_path: Path,
    *,
    threads: int = 1,
    words: bool = False,
    max_steps: int = 0,
    vectors: str = "",
    lexicon: str = "",
) -> None:
    """Write a config for a folder made by `convert_treebank`.

    The tokenizer is the one that the treebank was converted with, since it decided which multiword tokens are merged.
    Scores of attributes that the treebank lacks get weight null. Of a pipeline with several components, those that the
    treebank has nothing for are left out, with a message. Where batches have a fixed number of words, training takes at
    most MOST_EPOCHS passes over the treebank, but at least LEAST_STEPS steps.

    threads: the number of torch's threads, unless the config has a callback of its own in `initialize.before_init`.
    words: train on the words as annotated instead of the tokens of the text.
    max_steps: replaces the number of steps of the config, unless it is 0. A learning rate that falls over a number of
        steps falls over those that remain.
    vectors: word vectors for it, see `add_vectors`; none by default.
    lexicon: a dictionary for it, see `add_lexicon`; none by default.
    Raises CorpusError if the folder was not made by `convert_treebank`, and SettingError if the config is not one for
    training.
    """
    stats = read_stats(corpus_dir)
    config = read_config(config_path, needed=NEEDED)
    config["nlp"]["lang"] = stats.lang
    config["nlp"]["tokenizer"] = stats.tokenizer
    if vectors:
        add_vectors(config, vectors)
    if lexicon:
        add_lexicon(config, lexicon)
    missing = [attr for attr in ATTRS if attr not in stats.attrs]
    _leave_out(config, missing)
    weights = config["training"].get("score_weights", {})
    for attr in missing:
        # A score of nothing would lower the total.
        weights.update({name: None for name in weights if name.startswith(SCORES_OF[attr])})
    kind = "-words" if words else ""
    for reader in config.get("corpora", {}).values() if words else ():
        if "gold_words" in reader:
            reader["gold_words"] = True
    config["paths"]["train"] = str(corpus_dir / f"train{kind}.spacy")
    config["paths"]["dev"] = str(corpus_dir / f"dev{kind}.spacy")
    if config["initialize"].get("before_init") is None:
        config["initialize"]["before_init"] = {"@callbacks": "spacy-rnn.SetThreads.v1", "threads": threads}
    if max_steps:
        config["training"]["max_steps"] = max_steps
    limit_steps(config, stats.splits["train"].tokens)
    output_path.parent.mkdir(parents=True, exist_ok=True)
    config.to_disk(output_path)


def limit_steps(config: Config, n_tokens: int) -> None:
    """Where batches have a fixed number of words, have a config train for at most MOST_EPOCHS passes over a corpus of
    `n_tokens`, but at least for LEAST_STEPS steps, and let a learning rate that falls fall over these."""
    batcher = config["training"]["batcher"]
    if batcher["@batchers"] == "spacy.batch_by_words.v1" and isinstance(batcher["size"], int):
        steps = max(LEAST_STEPS, ceil(MOST_EPOCHS * n_tokens / batcher["size"]))
        # 0 means that the number of steps is unlimited.
        steps = min(config["training"]["max_steps"] or steps, steps)
        config["training"]["max_steps"] = steps
        config["training"]["eval_frequency"] = min(
            config["training"]["eval_frequency"], ceil(steps / LEAST_EVALUATIONS)
        )
    schedule = config["training"].get("optimizer", {}).get("learn_rate")
    if isinstance(schedule, dict) and "total_steps" in schedule:
        # As a number, since `resume_training` and `debug data` resolve the optimizer alone.
        schedule["total_steps"] = config["training"]["max_steps"]


def _leave_out(config: Config, missing: Sequence[str]) -> None:
    """Remove components that learn from what is missing, unless there are no others."""
    components, pipeline = config.get("components", {}), config["nlp"].get("pipeline", [])
    unfit = [name for name in pipeline if LEARNS_FROM.get(components.get(name, {}).get("factory")) in missing]
    if len(unfit) < len(pipeline):
        for name in unfit:
            logger.warning("%s is left out: the treebank has no %s", name, LEARNS_FROM[components[name]["factory"]])
            del components[name]
        config["nlp"]["pipeline"] = [name for name in pipeline if name not in unfit]
