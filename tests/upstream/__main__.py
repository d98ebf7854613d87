"""Run spaCy's tests. Any argument goes to pytest: `python -m tests.upstream -k tagger --tb=short`."""

import sys

import pytest

from .plugin import Differences
from .substitutes import substitute

MODULES = [
    "parser.test_add_label",
    "parser.test_ner",
    "parser.test_parse",
    "pipeline.test_edit_tree_lemmatizer",
    "pipeline.test_morphologizer",
    "pipeline.test_pipe_factories",
    "pipeline.test_pipe_methods",
    "pipeline.test_tagger",
    "pipeline.test_textcat",
    "pipeline.test_tok2vec",
    "serialize.test_resource_warning",
    "serialize.test_serialize_config",
    "serialize.test_serialize_language",
    "serialize.test_serialize_pipeline",
    "test_language",
    "training.test_pretraining",
    "training.test_rehearse",
    "training.test_training",
]

# Not what our own tests are run with: spaCy's have other markers, and warnings of their own.
SETTINGS = ("addopts=", "filterwarnings=ignore", "xfail_strict=false")
OPTIONS = ["--quiet", "--slow", "--tb=short", "-p", "no:cacheprovider", *(f"--override-ini={one}" for one in SETTINGS)]

if __name__ == "__main__":
    substitute()
    modules = [f"spacy.tests.{module}" for module in MODULES]
    sys.exit(pytest.main([*OPTIONS, *sys.argv[1:], "--pyargs", *modules], plugins=[Differences()]))
