"""Several processes and threads, and what is imported when."""

import os
import pickle
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from ..helpers import TEXTS, tag, tagger_nlp, trained_tagger

TIMEOUT = 60


def run(script: str, *args: str) -> str:
    """Run a script in a fresh interpreter; fails if it hangs."""
    command = [sys.executable, "-c", script, *args]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, text=True, start_new_session=True, **pipes) as process:  # type: ignore[call-overload]
        try:
            output, errors = process.communicate(timeout=TIMEOUT)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)  # with its children
            raise
    assert process.returncode == 0, errors
    return output


FORKED = """
import sys
import spacy, torch
torch.set_num_threads(2)
nlp = spacy.load(sys.argv[1])
texts = [f"The cats sleep . A dog barked {i}" for i in range(60)] + ["", " "]
read = lambda doc: [(token.text, token.pos_, token.tag_, str(token.morph)) for token in doc]
# Large enough for torch to start its second thread in the parent.
torch.rand(600, 600) @ torch.rand(600, 600)
single = [read(doc) for doc in nlp.pipe(texts)]
several = [read(doc) for doc in nlp.pipe(texts, n_process=2, batch_size=10)]
assert several == single
pairs = list(nlp.pipe([(text, i) for i, text in enumerate(texts)], as_tuples=True, n_process=2, batch_size=10))
assert [i for _, i in pairs] == list(range(len(texts)))
assert [read(doc) for doc, _ in pairs] == single
assert torch.get_num_threads() == 2
print("same")
"""


def test_two_processes_equal_one_after_a_threaded_prediction(tmp_path: Path) -> None:
    """Forked children must not wait for threads that only the parent has."""
    trained_tagger(20).to_disk(tmp_path)
    assert run(FORKED, str(tmp_path)).strip() == "same"


WITHOUT_TORCH = """
import sys

class NoTorch:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] == "torch":
            raise ImportError("torch was imported")

sys.meta_path.insert(0, NoTorch())
import spacy
import spacy_rnn.pipeline.tagger
nlp = spacy.blank("en")
assert "rnn_tagger" in nlp.factory_names
print("light")
"""


def test_component_is_light_to_import() -> None:
    """Every `spacy.blank()` imports every factory; only building a model needs torch."""
    assert run(WITHOUT_TORCH).strip() == "light"


def test_threads_share_a_pipeline() -> None:
    nlp = trained_tagger(20)
    texts = [f"{text} word{i % 40} {TEXTS[i % 4]}" for i in range(100) for text in TEXTS[:2]]
    expected = tag(nlp, texts)
    fresh = tagger_nlp().from_bytes(nlp.to_bytes())
    parts = [texts[start : start + 10] for start in range(0, len(texts), 10)]
    with ThreadPoolExecutor(4) as pool:
        found = [rows for part in pool.map(lambda part: tag(fresh, part), parts) for rows in part]
    assert found == expected


def test_called_twice() -> None:
    nlp = trained_tagger(10)
    assert tag(nlp, TEXTS) == tag(nlp, TEXTS) == [tag(nlp, [text])[0] for text in TEXTS]


@pytest.mark.parametrize("protocol", [4, 5])
def test_pipeline_can_be_pickled(protocol: int) -> None:
    """As starting processes by spawn does."""
    nlp = trained_tagger(10)
    assert tag(pickle.loads(pickle.dumps(nlp, protocol)), TEXTS) == tag(nlp, TEXTS)
