"""Several processes and threads, and imports."""

import importlib
import multiprocessing
import os
import pickle
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, List

import pytest
import torch
from spacy.tokens import Doc

import spacy_rnn.shim.fork

from ..helpers import TEXTS, annotations, tag, trained_tagger
from ..tree_helpers import trained_tree, tree_doc
from .ner.entities import ents_of, trained_ner
from .parser.parsers import rows_of, trained_parser
from .spancat.nested import spans_of, trained_spancat
from .texts import trained_textcat

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


SPAWNED = """
import multiprocessing
import sys
import spacy, torch
if __name__ == "__main__":
    multiprocessing.set_start_method("spawn")
    nlp = spacy.load(sys.argv[1])
    texts = [f"The cats sleep . A dog barked {i}" for i in range(60)] + ["", " "]
    read = lambda doc: [(token.text, token.pos_, token.tag_, str(token.morph)) for token in doc]
    assert [read(doc) for doc in nlp.pipe(texts, n_process=2, batch_size=10)] == [read(doc) for doc in nlp.pipe(texts)]
    print("same")
"""


def test_two_spawned_processes_equal_one(tmp_path: Path) -> None:
    trained_tagger(20).to_disk(tmp_path)
    assert run(SPAWNED, str(tmp_path)).strip() == "same"


def test_spawned_process_computes_with_one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """Unless its environment says otherwise."""
    monkeypatch.setattr(multiprocessing, "parent_process", object)
    for variable, expected in (("2", 2), (None, 1)):
        if variable is None:
            monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
        else:
            monkeypatch.setenv("OMP_NUM_THREADS", variable)
        torch.set_num_threads(2)
        importlib.reload(spacy_rnn.shim.fork)
        assert torch.get_num_threads() == expected


PREFORKED = """
import os, sys
from concurrent.futures import ThreadPoolExecutor
import spacy, torch
torch.set_num_threads(2)
nlp = spacy.load(sys.argv[1])
texts = [f"The cats sleep . A dog barked {i}" for i in range(60)] + ["", " "]
read = lambda doc: [(token.text, token.pos_, token.tag_, str(token.morph)) for token in doc]
torch.rand(600, 600) @ torch.rand(600, 600)
expected = [read(doc) for doc in nlp.pipe(texts)]
cache = nlp.get_pipe("rnn_tagger").model.get_ref("tok2vec").get_ref("embed").attrs["cache"]
full = len(cache)
assert full
children = []
for held in (False, True):
    # A thread of the parent may hold the lock at the moment of the fork.
    if held:
        cache._lock.acquire()
    child = os.fork()
    if child == 0:
        assert len(cache) == (0 if held else full)
        with ThreadPoolExecutor(4) as pool:
            found = list(pool.map(lambda i: [read(doc) for doc in nlp.pipe(texts)], range(4)))
        os._exit(0 if found == 4 * [expected] else 1)
    children.append(child)
cache._lock.release()
print([os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children])
"""


def test_loaded_before_forking(tmp_path: Path) -> None:
    """As gunicorn does with --preload: the pipeline was used in the parent, and each child uses it in threads."""
    trained_tagger(20).to_disk(tmp_path)
    assert run(PREFORKED, str(tmp_path)).strip() == "[0, 0]"


@pytest.mark.parametrize("n_process", [1, 2])
def test_stream_that_is_left_halfway(n_process: int) -> None:
    """No process or thread keeps running."""
    nlp = trained_tagger(2)
    before = threading.active_count()
    stream: Any = nlp.pipe((f"The cats sleep {i}" for i in range(10_000)), n_process=n_process, batch_size=20)
    assert len(next(stream)) == 4
    stream.close()
    assert not multiprocessing.active_children()
    assert threading.active_count() == before


WITHOUT_TORCH = """
import importlib, pkgutil, sys
from importlib.metadata import entry_points
sys.modules["torch"] = None
import spacy
before = set(sys.modules)
import spacy_rnn
light = {"spacy_rnn", "numpy"}
assert {name.partition(".")[0] for name in set(sys.modules) - before} <= light
for point in entry_points(group="spacy_factories"):
    assert callable(point.load())
import spacy_rnn.base
for module in pkgutil.walk_packages(spacy_rnn.base.__path__, "spacy_rnn.base."):
    importlib.import_module(module.name)
assert callable(spacy_rnn.explain) and callable(spacy_rnn.render_tree)
print("light")
"""


def test_only_networks_need_torch() -> None:
    """Every `spacy.blank()` imports every factory, so that these and the package itself must be light."""
    assert run(WITHOUT_TORCH).strip() == "light"


@pytest.mark.parametrize("kind", ["tagger", "parser", "ner", "spancat", "textcat", "tree"])
def test_threads_share_a_pipeline(kind: str) -> None:
    """Eight threads at once, which start with empty caches."""
    nlp, read = {
        "tagger": (partial(trained_tagger, 20), annotations),
        "parser": (partial(trained_parser, 10), rows_of),
        "ner": (partial(trained_ner, 30), ents_of),
        "spancat": (partial(trained_spancat, 20, threshold=0.1), spans_of),
        "textcat": (partial(trained_textcat, steps=10), lambda doc: doc.cats),
        "tree": (partial(trained_tree, 10), lambda doc: (doc.cats, [token._.tree_scores for token in doc])),
    }[kind]
    trained = nlp()
    texts = [f"{text} word{i % 40} {TEXTS[i % 4]}" for i in range(160) for text in TEXTS[:2]]

    def make(text: str) -> Doc:
        words = text.split()
        return tree_doc(trained, text, [max(0, i - 1 - i % 3) for i in range(len(words))])

    def annotate(part: List[str]) -> List[Any]:
        return [read(doc) for doc in trained.pipe(map(make, part))]

    parts = [texts[start : start + 10] for start in range(0, len(texts), 10)]
    data = trained.to_bytes()
    expected = [annotate(part) for part in parts]
    trained.from_bytes(data)  # empties the caches
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(annotate, parts)) == expected


def test_called_twice() -> None:
    nlp = trained_tagger(10)
    assert tag(nlp, TEXTS) == tag(nlp, TEXTS) == [tag(nlp, [text])[0] for text in TEXTS]


@pytest.mark.parametrize("protocol", [4, 5])
def test_pipeline_can_be_pickled(protocol: int) -> None:
    """As the spawn method of multiprocessing does."""
    nlp = trained_tagger(10)
    assert tag(pickle.loads(pickle.dumps(nlp, protocol)), TEXTS) == tag(nlp, TEXTS)
