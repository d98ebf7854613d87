"""Every setting of every architecture and component out of its range: refused in one sentence, or it works."""

from __future__ import annotations

import copy
import inspect
from typing import Any, Callable, Dict, Iterator, List, Set, Tuple

import pytest
import spacy
from spacy.training import Example

from ..helpers import make_examples, tagger_config
from ..pipeline.lemmatizer.lemmas import lemma_examples, lemmatizer_nlp
from ..pipeline.ner.entities import ent_examples, ner_config
from ..pipeline.parser.parsers import parser_config, tree_examples
from ..pipeline.spancat.nested import span_examples, spancat_config
from ..pipeline.texts import make_texts, textcat_config
from ..pipeline.transducer.transducers import CHARS, pair_examples, transducer_nlp
from ..tree_helpers import reviews, tree_config
from .budget import IS_LONG

VALUES: List[Any] = [-1, 10**9, -0.5, float("nan"), "nonsense"]
if IS_LONG:
    VALUES += [-(10**9), 0, 1, 10**15, 1.5, float("inf"), float("-inf"), "", [], ["x"], None, {"x": 1}, True]
PIPES: Dict[str, Callable[[], Dict[str, Any]]] = {
    "rnn_tagger": tagger_config,
    "rnn_parser": parser_config,
    "rnn_ner": ner_config,
    "rnn_spancat": spancat_config,
    "rnn_textcat": textcat_config,
    "rnn_textcat_multilabel": lambda: textcat_config(False),
    "tree_rnn": tree_config,
    "rnn_lemmatizer": lambda: lemmatizer_nlp().get_pipe_config("rnn_lemmatizer"),
    "rnn_transducer": lambda: transducer_nlp().get_pipe_config("rnn_transducer"),
}


def blocks(config: Dict[str, Any], path: Tuple[str, ...] = ()) -> Iterator[Tuple[str, ...]]:
    """The paths of all blocks that name an architecture."""
    if "@architectures" in config:
        yield path
    for key, value in config.items():
        if isinstance(value, dict):
            yield from blocks(value, (*path, key))


def settings_of(name: str) -> Iterator[Tuple[Tuple[str, ...], str]]:
    """All settings of a component and of the layers in its model."""
    config = PIPES[name]()
    defaults = spacy.Language.get_factory_meta(name).default_config or {}
    yield from (((), setting) for setting in defaults if setting not in ("model", "scorer"))
    for path in blocks(config):
        block = _at(config, path)
        function = spacy.registry.get("architectures", block["@architectures"])
        for setting, parameter in inspect.signature(function).parameters.items():
            if not isinstance(block.get(setting), dict) and parameter.default is not inspect.Parameter.empty:
                yield path, setting


def _at(config: Dict[str, Any], path: Tuple[str, ...]) -> Dict[str, Any]:
    for key in path:
        config = config[key]
    return config


SETTINGS = sorted({(name, path, setting) for name in PIPES for path, setting in settings_of(name)})


# Layers that several components have are tried once.
SEEN: Set[Any] = set()


def examples_for(nlp: Any, name: str) -> List[Example]:
    makers: Dict[str, Callable[[Any], List[Example]]] = {
        "rnn_tagger": make_examples,
        "rnn_parser": tree_examples,
        "rnn_ner": ent_examples,
        "rnn_spancat": span_examples,
        "tree_rnn": reviews,
        "rnn_lemmatizer": lemma_examples,
        "rnn_transducer": lambda nlp: pair_examples(nlp, CHARS),
    }
    return makers.get(name, make_texts)(nlp)


@pytest.mark.parametrize("name", PIPES)
def test_settings_out_of_range(name: str) -> None:
    refused = worked = 0
    for _, path, setting in (found for found in SETTINGS if found[0] == name):
        for value in VALUES:
            config = copy.deepcopy(PIPES[name]())
            block = _at(config, path)
            key = (block.get("@architectures", name), setting, repr(value))
            if key in SEEN:
                continue
            SEEN.add(key)
            block[setting] = value
            nlp = spacy.blank("xx")
            try:
                nlp.add_pipe(name, config=config)
                examples = examples_for(nlp, name)
                optimizer = nlp.initialize(lambda examples=examples: examples)  # type: ignore[misc]
                nlp.update(examples, sgd=optimizer)
                list(nlp.pipe([example.predicted for example in examples]))
                worked += 1
            except ValueError as error:
                refused += 1
                assert len(str(error)) > 10, (path, setting, value)
            except Exception as error:
                raise AssertionError((path, setting, value)) from error
    assert refused > worked
