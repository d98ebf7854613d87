"""What a caller has set for the whole process, and the pipelines that it gives, are the same after every public
function, whether it returns or is interrupted."""

import copy
import logging
import os
import random
import signal
import warnings
from pathlib import Path
from typing import Any, Callable, Dict

import numpy as np
import pytest
import spacy
import torch
from spacy.language import Language
from spacy.tokens import DocBin
from spacy.tokens.underscore import Underscore
from spacy.training import Corpus
from thinc.api import get_current_ops

from spacy_rnn.apply import ApplySettings, apply_pipeline
from spacy_rnn.data.parsed import parse_texts
from spacy_rnn.display import render_tree
from spacy_rnn.evaluation.lemmas import evaluate_lemmas
from spacy_rnn.evaluation.pairs import evaluate_pairs
from spacy_rnn.evaluation.tagger import evaluate
from spacy_rnn.evaluation.textcat import evaluate_textcat
from spacy_rnn.evaluation.tree import evaluate_trees
from spacy_rnn.lm.evaluate import evaluate_lm
from spacy_rnn.lm.generate import generate
from spacy_rnn.lm.train import train_lm
from spacy_rnn.models.char_lm_file import load_lm
from spacy_rnn.pipeline.textcat.calibration import build_calibrate_v1
from spacy_rnn.training import train

from .cli.worlds import make_world
from .lm.helpers import tiny_settings

Call = Callable[[Path, Language, Path], Any]


def draw_tree(world: Path, nlp: Language, output: Path) -> None:
    (doc, *_) = DocBin().from_disk(world / "trees.spacy").get_docs(nlp.vocab)
    render_tree(nlp(doc), path=output / "tree.svg")


# The pipeline that is given to each function.
CALLS: Dict[str, Call] = {
    "tagger apply": lambda world, nlp, output: apply_pipeline(
        nlp, str(world / "text.txt"), str(output / "out"), ApplySettings(output_format="jsonl", batch_size=7)
    ),
    "tagger evaluate": lambda world, nlp, output: evaluate(nlp, world / "treebank"),
    "tagger evaluate_lemmas": lambda world, nlp, output: evaluate_lemmas(
        spacy.load(world / "lemmatizer"), world / "treebank", tagger=nlp
    ),
    "textcat evaluate_textcat": lambda world, nlp, output: evaluate_textcat(nlp, world / "cats.spacy"),
    "textcat calibrate": lambda world, nlp, output: build_calibrate_v1(Corpus(world / "cats.spacy"))(nlp),
    "tree evaluate_trees": lambda world, nlp, output: evaluate_trees(nlp, world / "trees.spacy"),
    "tree draw": draw_tree,
    "transducer evaluate_pairs": lambda world, nlp, output: evaluate_pairs(nlp, world / "pairs.tsv"),
    "parser parse_texts": lambda world, nlp, output: parse_texts([world / "texts.jsonl"], output / "out", nlp),
    "blank train": lambda world, nlp, output: train(world / "config.cfg", output / "out"),
    "blank train_lm": lambda world, nlp, output: train_lm(
        world / "text.txt", output / "out", tiny_settings(epochs=0.3, dropout=0.5)
    ),
    "blank evaluate_lm": lambda world, nlp, output: evaluate_lm(
        world / "lm.safetensors", world / "text.txt", adapt=0.001
    ),
    "blank generate": lambda world, nlp, output: generate(load_lm(world / "lm.safetensors"), max_chars=9),
}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("world")
    make_world(folder)
    return folder


def found(nlp: Language) -> Dict[str, Any]:
    """All that must stay."""
    pipes = {name: pipe for name, pipe in nlp.pipeline if name != "interrupts"}
    return {
        "handler": nlp.default_error_handler,
        "handlers": {name: getattr(pipe, "__dict__", {}).get("error_handler") for name, pipe in pipes.items()},
        "names": list(pipes),
        "disabled": nlp.disabled,
        "max_length": nlp.max_length,
        "cfg": {name: copy.deepcopy(getattr(pipe, "cfg", None)) for name, pipe in pipes.items()},
        "weights": {name: pipe.model.to_bytes() for name, pipe in pipes.items() if hasattr(pipe, "model")},
        "tokenizer": nlp.tokenizer,
        "extensions": [sorted(Underscore.doc_extensions), sorted(Underscore.token_extensions)],
        "threads": torch.get_num_threads(),
        "grad": (torch.is_grad_enabled(), torch.is_inference_mode_enabled(), torch.get_default_dtype()),
        "autocast": torch.is_autocast_enabled("cpu"),
        "random": (random.getstate(), str(np.random.get_state()), torch.get_rng_state().tolist()),
        "ops": get_current_ops(),
        "warnings": list(warnings.filters),
        "levels": (logging.getLogger().level, spacy.util.logger.level),
        # Torch sets a variable of its own when it imports its compiler.
        "environment": {name: value for name, value in os.environ.items() if not name.startswith("TORCHINDUCTOR")},
        "signals": [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)],
        "directory": Path.cwd(),
    }


@Language.component("interrupts")
def interrupt(*arguments: Any, **settings: Any) -> Any:
    raise KeyboardInterrupt


# Where functions are interrupted that run no pipeline of the caller's.
INNER = {
    "train": "spacy_rnn.training.loop.Training._update",
    "train_lm": "spacy_rnn.lm.trainer.Trainer.save",
    "evaluate_lm": "spacy_rnn.lm.evaluate.character_loss",
    "generate": "spacy_rnn.lm.generate.sampling",
    "draw": "spacy_rnn.display.tree.Path.write_text",
    "calibrate": "spacy_rnn.pipeline.textcat.calibration.truth_arrays",
}


@pytest.mark.parametrize("is_interrupted", [False, True])
@pytest.mark.parametrize("call", CALLS)
def test_all_is_as_it_was(
    world: Path, tmp_path: Path, call: str, is_interrupted: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    name, function = call.split()
    nlp = spacy.load(world / name)
    nlp.default_error_handler = lambda *arguments: None
    if nlp.pipeline and hasattr(nlp.pipeline[0][1], "set_error_handler") and name != "parser":
        nlp.pipeline[0][1].set_error_handler(nlp.default_error_handler)
    if is_interrupted and function in INNER:
        monkeypatch.setattr(INNER[function], interrupt)
    elif is_interrupted:
        nlp.add_pipe("interrupts")
    torch.set_num_threads(2)
    before = found(nlp)
    if is_interrupted:
        with pytest.raises(KeyboardInterrupt):
            CALLS[call](world, nlp, tmp_path)
    else:
        CALLS[call](world, nlp, tmp_path)
    after = found(nlp)
    if function == "calibrate" and not is_interrupted:  # which is there to change this
        assert after["cfg"]["rnn_textcat"].pop("temperature") != before["cfg"]["rnn_textcat"].pop("temperature")

    assert [what for what in before if before[what] != after[what]] == []
