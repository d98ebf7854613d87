"""Each use of a cache in a process that is forked while a thread of its parent computes an entry."""

from pathlib import Path
from typing import Any, Callable, Dict, Tuple

import pytest

from ..base.forks import Blocking, fork_while_blocked, forks
from ..helpers import make_doc, tiny_encoder
from ..lm.helpers import write_lm
from ..models.embed.test_char_lm import char_lms, encoder
from .lemmatizer.lemmas import lemmas, lemmatizer, trained_lemmatizer

Use = Tuple[Callable[[str], Any], Any, str]
"""What is done with a word, and the object and its method that compute an entry of the cache."""


def vectors(folder: Path) -> Use:
    model = tiny_encoder()
    shim = model.get_ref("embed").layers[0].shims[0]
    return lambda word: model.predict([make_doc([word])])[0].tolist(), shim, "predict"


def words_to_lemmas(folder: Path) -> Use:
    nlp = trained_lemmatizer(3)
    return lambda word: lemmas(nlp, [(word, "VERB")]), lemmatizer(nlp), "lemmatize"


def states(folder: Path) -> Use:
    lms = char_lms(encoder({"forward": write_lm(folder / "lm.safetensors")}))
    return lambda word: lms([make_doc([word])], True)[0].tolist(), lms.shims[0], "predict"


@pytest.mark.parametrize("make", [vectors, words_to_lemmas, states])
@forks
def test_fork_while_a_thread_computes(
    make: Callable[[Path], Use], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use, owner, name = make(tmp_path)
    compute, block = getattr(owner, name), Blocking()
    monkeypatch.setattr(owner, name, lambda *args: block() or compute(*args))
    found: Dict[str, Any] = {}

    def busy() -> None:
        found["walked"] = use("walked")

    def child() -> None:
        assert use("talked") and use("walked")

    fork_while_blocked(busy, block, child)
    assert found["walked"] == use("walked")
