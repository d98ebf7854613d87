"""Settings for all tests."""

from __future__ import annotations

import hypothesis
import pytest
import torch
from thinc.api import fix_random_seed

hypothesis.settings.register_profile("spacy_rnn", max_examples=15, deadline=None, derandomize=True)
hypothesis.settings.load_profile("spacy_rnn")
torch.set_num_threads(1)  # fixtures of modules run before `repeatable`


@pytest.fixture(autouse=True)
def repeatable() -> None:
    """The same random numbers for every test, and one thread, which is fastest for tiny tensors."""
    torch.set_num_threads(1)
    fix_random_seed(0)
