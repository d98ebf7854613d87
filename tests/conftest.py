"""Settings for all tests."""

from __future__ import annotations

import hypothesis
import pytest
import torch
from thinc.api import fix_random_seed

hypothesis.settings.register_profile("spacy_rnn", max_examples=15, deadline=None, derandomize=True)
hypothesis.settings.load_profile("spacy_rnn")


@pytest.fixture(scope="module", autouse=True)
def repeatable_modules() -> None:
    """The same for what a module makes for all its tests, whichever ran before."""
    start_over()


@pytest.fixture(autouse=True)
def repeatable() -> None:
    """The same random numbers for every test, and one thread, which is fastest for tiny tensors."""
    start_over()


def start_over() -> None:
    torch.set_num_threads(1)
    fix_random_seed(0)
