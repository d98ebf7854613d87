"""Components are saved completely or not at all, checked before use, and loaded completely or not at all."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Callable, Dict

import numpy as np
import pytest
import spacy
import srsly
from hypothesis import given
from hypothesis import strategies as st
from spacy.language import Language

from spacy_rnn.base.files import check_replaceable, exchange, replaced_folder
from spacy_rnn.errors import CorpusError
from spacy_rnn.pipeline.saving import CHECKSUMS
from spacy_rnn.shim.serialize import FORMAT, VERSION

from ..helpers import TEXTS, component, tag, tagger_nlp, torch_shims, trained_tagger
from .texts import read_cats, textcat_nlp, trained_textcat


@pytest.fixture(scope="module")
def trained() -> Language:
    return trained_tagger(10)


@pytest.fixture(scope="module")
def saved(trained: Language, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("saved")
    trained.to_disk(path)
    return path


def weights(nlp: Language) -> Dict[str, Any]:
    pipe = component(nlp)
    found = {f"{i}.{name}": value.numpy() for i, shim in enumerate(torch_shims(pipe.model))
             if shim.sizes is not None for name, value in shim.module.state_dict().items()}  # fmt: skip
    return {**found, "cfg": json.dumps(pipe.cfg), "dims": str([dict(node._dims) for node in pipe.model.walk()])}


def assert_refused(load: Callable[[Language], Any], match: str, make: Callable[[], Language] = tagger_nlp) -> None:
    """Loading raises ValueError with one line, and leaves the component unchanged."""
    nlp = make()
    before = weights(nlp)
    with pytest.raises(ValueError, match=match) as caught:
        load(nlp)
    assert "\n" not in str(caught.value)
    after = weights(nlp)
    assert list(before) == list(after)
    for name, value in before.items():
        np.testing.assert_array_equal(value, after[name])


def copied(saved: Path, folder: Path) -> Path:
    shutil.copytree(saved / "rnn_tagger", folder / "rnn_tagger")
    return folder / "rnn_tagger"


def load(nlp: Language, path: Path) -> None:
    """As `spacy.load` does."""
    component(nlp).from_disk(path, exclude=["vocab"])


def without_checksums(path: Path) -> Path:
    """A folder that an earlier version or another program wrote."""
    (path / CHECKSUMS).unlink()
    return path


def test_folder_without_checksums_is_loaded(trained: Language, saved: Path, tmp_path: Path) -> None:
    nlp = tagger_nlp()
    load(nlp, without_checksums(copied(saved, tmp_path)))
    assert tag(nlp, TEXTS) == tag(trained, TEXTS)


@pytest.mark.parametrize("file", ["cfg", "model"])
def test_changed_bits_are_refused(saved: Path, tmp_path: Path, file: str) -> None:
    path = copied(saved, tmp_path)
    data = (path / file).read_bytes()
    for place in np.random.default_rng(0).integers(0, len(data), 12).tolist():
        flipped = bytearray(data)
        flipped[place] ^= 1 << (place % 8)
        (path / file).write_bytes(flipped)
        assert_refused(lambda nlp: load(nlp, path), f"R181.*rnn_tagger.*R182.*{file}")


@pytest.mark.parametrize("content", ["", "{", "[]", '{"sha256": 3}', "[" * 5000], ids=repr)
def test_damaged_checksums_are_refused(saved: Path, tmp_path: Path, content: str) -> None:
    path = copied(saved, tmp_path)
    (path / CHECKSUMS).write_text(content)
    assert_refused(lambda nlp: load(nlp, path), "R181.*R184")


@pytest.mark.parametrize("file", ["cfg", "model"])
def test_missing_files_are_refused(saved: Path, tmp_path: Path, file: str) -> None:
    path = copied(saved, tmp_path)
    (path / file).unlink()
    assert_refused(lambda nlp: load(nlp, path), f"R181.*R183.*{file}")
    assert_refused(lambda nlp: load(nlp, without_checksums(path)), "R181")


def test_missing_folder_is_refused(tmp_path: Path) -> None:
    assert_refused(lambda nlp: load(nlp, tmp_path / "nothing"), "R181.*nothing")


def test_truncated_files_are_refused(saved: Path, tmp_path: Path) -> None:
    """Truncated at any position, with checksums or without."""
    path = copied(saved, tmp_path)
    data = (path / "model").read_bytes()
    for end in (0, 1, 100, len(data) // 2, len(data) - 1):
        (path / "model").write_bytes(data[:end])
        assert_refused(lambda nlp: load(nlp, path), "R181.*R182")
    without_checksums(path)
    for end in (0, 1, 100, len(data) // 2, len(data) - 1):
        (path / "model").write_bytes(data[:end])
        assert_refused(lambda nlp: load(nlp, path), "R181")


@pytest.mark.parametrize("build", [tagger_nlp, lambda: trained_tagger(2)], ids=["fresh", "trained"])
def test_last_layer_that_does_not_fit_leaves_the_first_alone(trained: Language, build: Callable[[], Language]) -> None:
    """Although the layers before it were loaded already."""
    message = srsly.msgpack_loads(component(trained).model.to_bytes())
    assert message["shims"][-1]
    message["shims"][-1] = [b"no weights"]
    pieces = srsly.msgpack_loads(component(trained).to_bytes())
    pieces["model"] = srsly.msgpack_dumps(message)
    assert_refused(lambda nlp: component(nlp).from_bytes(srsly.msgpack_dumps(pieces)), "R181.*bytes.*R003", build)


def test_model_of_another_shape_is_refused(tmp_path: Path) -> None:
    other = trained_tagger(2, width=8)
    component(other).to_disk(tmp_path / "other")
    assert_refused(lambda nlp: load(nlp, tmp_path / "other"), "R181.*rnn_encoder.*16 to 8", lambda: trained_tagger(2))


def test_component_of_another_kind_is_refused(tmp_path: Path) -> None:
    component(trained_textcat(steps=1), "rnn_textcat").to_disk(tmp_path / "other")
    assert_refused(lambda nlp: load(nlp, tmp_path / "other"), "R181")


def test_newer_weights_are_refused(trained: Language) -> None:
    data = component(trained).to_bytes()
    old = b'\\"version\\": 2'  # as of every file whose sizes are positive integers
    assert old in data and FORMAT.encode() in data
    newer = data.replace(old, f'\\"version\\": {VERSION + 6}'.encode())
    assert_refused(lambda nlp: component(nlp).from_bytes(newer), f"R181.*R180.*format {VERSION + 6}.*update")


@given(data=st.binary(max_size=300))
def test_foreign_bytes_are_refused(data: bytes) -> None:
    nlp = textcat_nlp()
    with pytest.raises(ValueError, match="R181"):
        component(nlp, "rnn_textcat").from_bytes(srsly.msgpack_dumps({"cfg": b"{}", "model": data}))
    assert component(nlp, "rnn_textcat").labels == ()


def test_what_is_not_saved_again_is_kept(trained: Language, tmp_path: Path) -> None:
    """spaCy's components write into a folder without emptying it, too."""
    pipe = component(trained)
    pipe.to_disk(tmp_path / "it", exclude=["vocab"])
    model = (tmp_path / "it" / "model").read_bytes()
    (tmp_path / "it" / "note").write_text("mine")
    pipe.to_disk(tmp_path / "it", exclude=["vocab", "model"])
    assert (tmp_path / "it" / "model").read_bytes() == model
    assert (tmp_path / "it" / "note").read_text() == "mine"
    load(tagger_nlp(), tmp_path / "it")


def test_two_components_load_with_their_pipeline(tmp_path: Path) -> None:
    nlp = trained_textcat(steps=5)
    nlp.to_disk(tmp_path)
    assert read_cats(spacy.load(tmp_path)) == read_cats(nlp)
    assert not [path for path in (tmp_path).iterdir() if path.name.startswith(".")]


def test_folders_change_places(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    for folder in (first, second):
        folder.mkdir()
        (folder / "name").write_text(folder.name)
    swapped = exchange(first, second)
    assert (first / "name").read_text() == ("second" if swapped else "first")
    assert not exchange(first, tmp_path / "nothing")


def test_folder_is_as_it_was_when_writing_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "target"
    for swap in (True, False):
        monkeypatch.setattr("spacy_rnn.base.files.exchange", exchange if swap else lambda first, second: False)
        with replaced_folder(target) as folder:
            (folder / "file").write_text("old")
        with pytest.raises(FileNotFoundError), replaced_folder(target) as folder:
            (folder / "missing" / "file").write_text("new")
        assert (target / "file").read_text() == "old"
        assert [path.name for path in tmp_path.iterdir()] == ["target"]


SAVE = """
import sys
import spacy
nlps = [spacy.load(path) for path in sys.argv[1:3]]
print("ready", flush=True)
while True:
    for nlp in nlps:
        nlp.get_pipe("rnn_tagger").to_disk(sys.argv[3])
"""


def test_killed_while_saving_leaves_a_model_that_loads(tmp_path: Path) -> None:
    """A program saves two models to one folder in turns until it is killed."""
    for steps in (1, 2):
        trained_tagger(steps).to_disk(tmp_path / str(steps))
    target = tmp_path / "target"
    command = [sys.executable, "-c", SAVE, str(tmp_path / "1"), str(tmp_path / "2"), str(target)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None and process.stdout.readline() == "ready\n"
        while not target.exists():
            time.sleep(0.01)
        for pause in range(3):
            time.sleep(0.013 * pause)
            os.kill(process.pid, signal.SIGSTOP)  # a kill would leave the disk as it is now
            load(tagger_nlp(), target)
            os.kill(process.pid, signal.SIGCONT)
        process.kill()
    load(tagger_nlp(), target)


@pytest.mark.parametrize("other", ["notes.txt", "raw", ".git", "train.jsonl"])
def test_what_a_user_keeps_in_a_folder_is_not_replaced(tmp_path: Path, other: str) -> None:
    target, new = tmp_path / "corpus", tmp_path / "new"
    for folder, names in ((target, ["train.spacy", "old.spacy", "stats.json"]), (new, ["train.spacy", "stats.json"])):
        folder.mkdir()
        for name in names:
            (folder / name).touch()
    check_replaceable(target, new)
    check_replaceable(tmp_path / "none", new)
    (target / other).mkdir() if "." not in other else (target / other).touch()
    with pytest.raises(CorpusError, match=f"D112.*{other}"):
        check_replaceable(target, new)
    with pytest.raises(CorpusError, match="D112"), replaced_folder(target, checked=True) as folder:
        (folder / "train.spacy").touch()
    assert (target / other).exists() and (target / "old.spacy").exists()
