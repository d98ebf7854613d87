"""Content decides what a run continues: a job is the same if what it reads and runs is the same, and only then."""

import json
import os
import random
import subprocess
import sys
from pathlib import Path
from typing import Any, Callable, Dict

import fsspec
import numpy as np
import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Doc

from spacy_rnn.apply import ApplySettings, apply_pipeline
from spacy_rnn.apply.fingerprint import input_checksums, pipeline_checksum
from spacy_rnn.apply.sources import Source
from spacy_rnn.errors import CorpusError

from ..helpers import component, make_examples, trained_tagger
from .corpora import rows_of, saved_tagger, write_jsonl

SETTINGS: Dict[str, Any] = {"output_format": "jsonl", "id": "name", "part_size": 500}


def run(nlp: Language, source: object, output: object) -> int:
    return apply_pipeline(nlp, str(source), str(output), ApplySettings(**SETTINGS)).docs


@Language.component("marks", assigns=["doc._.mark"])
def marks(doc: Doc) -> Doc:
    return doc


class Holder:
    """A component that keeps a set, and saves it as a list."""

    def __init__(self, words: Any):
        self.words = set(words)

    def __call__(self, doc: Doc) -> Doc:
        return doc

    def to_bytes(self, exclude: Any = ()) -> bytes:
        import srsly

        return srsly.msgpack_dumps({"words": list(self.words)})


@Language.factory("holder", default_config={"words": ["a", "b", "c", "d"]})
def make_holder(nlp: Language, name: str, words: Any) -> Holder:
    return Holder(words)


def test_changed_input_of_equal_size_and_time(tmp_path: Path) -> None:
    nlp, source, output = saved_tagger(tmp_path / "tagger"), tmp_path / "in" / "it.jsonl", tmp_path / "out"
    write_jsonl(source, 20)
    before, data = source.stat(), source.read_bytes()
    assert run(nlp, tmp_path / "in", output) == 20
    source.write_bytes(data.replace(b"sleep", b"creep", 1))
    os.utime(source, ns=(before.st_atime_ns, before.st_mtime_ns))
    with pytest.raises(CorpusError, match="D183"):
        run(nlp, tmp_path / "in", output)
    source.write_bytes(data)
    assert run(nlp, tmp_path / "in", output) == 20
    (tmp_path / "in" / "more.jsonl").touch()
    with pytest.raises(CorpusError, match="D183"):
        run(nlp, tmp_path / "in", output)


def test_changed_input_of_another_file_system(tmp_path: Path) -> None:
    nlp, fs = trained_tagger(2), fsspec.filesystem("memory")
    fs.pipe("/stale/it.txt", b"good film\n")
    settings = ApplySettings(output_format="jsonl")
    for text, is_same in ((b"good film\n", True), (b"evil film\n", False)):
        fs.pipe("/stale/it.txt", text)
        if is_same:
            assert apply_pipeline(nlp, "memory://stale", str(tmp_path / "out"), settings).docs == 1
        else:
            with pytest.raises(CorpusError, match="D183"):
                apply_pipeline(nlp, "memory://stale", str(tmp_path / "out"), settings)
    fs.rm("/stale", recursive=True)


def test_entity_tags_save_reading(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Strong ones: a weak one stands for several contents."""
    path = write_jsonl(tmp_path / "it.jsonl", 3)
    fs = type(fsspec.filesystem("file"))
    info = fs.info
    found = set()
    for tag in ("", '"one"', '"two"', 'W/"one"', 'W/"two"'):
        with monkeypatch.context() as patch:
            patch.setattr(fs, "info", lambda self, path, tag=tag, **more: {**info(self, path, **more), "ETag": tag})
            found.add(input_checksums(Source(str(path)))[str(path)])
    assert len(found) == 3 and {'"one"', '"two"'} < found


def change_weight(nlp: Language) -> None:
    nlp.update(make_examples(nlp), sgd=nlp.resume_training())


def change_vectors(nlp: Language) -> None:
    nlp.vocab.set_vector("cats", nlp.vocab.vectors.data[0] + 1)


def change_table(nlp: Language) -> None:
    nlp.vocab.lookups.get_table("lexeme_norm")["cats"] = "dogs"


def change_code(nlp: Language) -> None:
    def marks(doc: Doc) -> Doc:
        return doc if len(doc) else Doc(doc.vocab)

    marks.__module__, marks.__qualname__ = __name__, "marks"
    nlp._components = [(name, marks if name == "marks" else pipe) for name, pipe in nlp._components]


CHANGES: Dict[str, Callable[[Any], Any]] = {
    "weights": change_weight,
    "a setting": lambda nlp: component(nlp).cfg.update(overwrite=False),
    "vectors": change_vectors,
    "a table": change_table,
    "rules of the tokenizer": lambda nlp: nlp.tokenizer.add_special_case("cats", [{"ORTH": "cat"}, {"ORTH": "s"}]),
    "the components": lambda nlp: nlp.disable_pipe("marks"),
    "their order": lambda nlp: nlp._components.reverse(),
    "the state of a component": lambda nlp: component(nlp, "holder").words.add("e"),
    "the code of a component": change_code,
    "the longest text": lambda nlp: setattr(nlp, "max_length", 5),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pipeline")
    nlp = trained_tagger(2)
    nlp.add_pipe("marks")
    nlp.add_pipe("holder")
    nlp.add_pipe("sentencizer")
    vector: Any = np.ones(2, dtype="f")
    nlp.vocab.set_vector("cats", vector)
    nlp.vocab.lookups.add_table("lexeme_norm", {"cats": "cats"})
    nlp.to_disk(folder)
    return folder


@pytest.mark.parametrize("change", CHANGES)
def test_pipeline_that_changes_in_memory(folder: Path, tmp_path: Path, change: str) -> None:
    """After it was loaded from a folder, which stays as it was."""
    nlp, source = spacy.load(folder), write_jsonl(tmp_path / "it.jsonl", 3)
    assert run(nlp, source, tmp_path / "out") == run(spacy.load(folder), source, tmp_path / "out") == 3
    CHANGES[change](nlp)
    with pytest.raises(CorpusError, match="D183"):
        run(nlp, source, tmp_path / "out")


PRINT = """
import sys, spacy
import tests.apply.test_content
from spacy_rnn.apply.fingerprint import pipeline_checksum
print(pipeline_checksum(spacy.load(sys.argv[1])))
"""


def test_pipeline_is_the_same_in_every_process(folder: Path) -> None:
    """Although sets have another order in each."""
    nlp = spacy.load(folder)
    found = {pipeline_checksum(nlp)}
    nlp("Words that it has never seen. Several of them.")
    found.add(pipeline_checksum(nlp))
    for seed in ("1", "2"):
        command = [sys.executable, "-W", "ignore", "-c", PRINT, str(folder)]
        environment = {**os.environ, "PYTHONHASHSEED": seed, "OMP_NUM_THREADS": "1"}
        found.add(subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout.strip())
    assert len(found) == 1


def test_component_that_cannot_be_saved(tmp_path: Path) -> None:
    nlp = trained_tagger(2)
    nlp.add_pipe("holder")
    component(nlp, "holder").words = None
    assert run(nlp, write_jsonl(tmp_path / "it.jsonl", 3), tmp_path / "out") == 3


@pytest.mark.parametrize("workers", [1, 2])
def test_workers_run_what_is_in_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, workers: int) -> None:
    """Spawned ones too, which inherit nothing."""
    monkeypatch.setattr("spacy_rnn.apply.processes.sys.platform", "darwin")
    nlp = saved_tagger(tmp_path / "tagger")
    nlp.get_pipe("rnn_tagger").cfg["labels"]["tag"][0] = "CHANGED"  # type: ignore[attr-defined]
    component(nlp)._codec = None
    settings = ApplySettings(**SETTINGS, workers=workers)
    apply_pipeline(nlp, str(write_jsonl(tmp_path / "it.jsonl", 20)), str(tmp_path / "out"), settings)
    found = {tag for row in rows_of(tmp_path / "out") for tag in row["tag"]}
    assert "CHANGED" in found


def test_same_bytes_by_any_number_of_workers(tmp_path: Path) -> None:
    """All numbers to the last bit, and the same after a run was ended. In float32, where they depend on the batch in
    which the vector of a word was computed."""
    trained_tagger(3, save_scores=True, width=64, precision="fp32").to_disk(tmp_path / "tagger")
    source = tmp_path / "it.txt"
    random.seed(0)
    words = ["".join(random.choices("abcdefghij", k=random.randint(1, 9))) for _ in range(800)]
    lines = (" ".join(random.choices(words, k=random.randint(1, 40))) for _ in range(1000))
    source.write_text("\n".join(lines), encoding="utf8")

    def end(progress: Any) -> None:
        if progress.parts_done == 2:
            raise KeyboardInterrupt

    outputs = []
    for number, workers in enumerate((1, 2, 2)):
        nlp, output = spacy.load(tmp_path / "tagger"), tmp_path / str(number)
        settings = ApplySettings(output_format="jsonl", part_size=20000, batch_size=64, workers=workers)
        if number == 2:
            with pytest.raises(KeyboardInterrupt):
                apply_pipeline(nlp, str(source), str(output), settings, changed=end)
        apply_pipeline(nlp, str(source), str(output), settings)
        files = {path.name: path.read_bytes() for path in output.rglob("*") if path.is_file()}
        outputs.append(files)
    assert len(outputs[0]) > 10
    assert outputs[0] == outputs[1] == outputs[2]
    assert json.loads(outputs[0]["part-00000.jsonl"].splitlines()[0])["doc._.rnn_scores"]["pos"]
