"""Runs over files: every document once, whatever happens on the way."""

import json
import os
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Any, List

import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Doc
from typer.testing import CliRunner

from spacy_rnn.apply import ApplySettings, apply_pipeline
from spacy_rnn.apply import job as job_module
from spacy_rnn.apply import processes as processes_module
from spacy_rnn.apply.run import ApplyProgress
from spacy_rnn.cli import app
from spacy_rnn.errors import CorpusError

from ..helpers import annotations
from ..tree_helpers import trained_tree
from .corpora import errors_of, rows_of, saved_tagger, texts, write_jsonl


@pytest.fixture(scope="module")
def tagger(tmp_path_factory: pytest.TempPathFactory) -> Language:
    return saved_tagger(tmp_path_factory.mktemp("tagger"))


def small(**settings: Any) -> ApplySettings:
    return ApplySettings(**{"output_format": "jsonl", "id": "name", "part_size": 500, "batch_size": 5, **settings})


@pytest.mark.parametrize("output_format", ["jsonl", "parquet", "docbin"])
def test_formats(tagger: Language, tmp_path: Path, output_format: str) -> None:
    if output_format == "parquet":
        pytest.importorskip("pyarrow")
    write_jsonl(tmp_path / "in" / "it.jsonl", 30)
    counts = apply_pipeline(tagger, str(tmp_path / "in"), str(tmp_path / "out"), small(output_format=output_format))
    rows = rows_of(tmp_path / "out")
    expected = [annotations(doc) for doc in tagger.pipe(texts(30))]
    assert [row["id"] for row in rows] == [f"d{i}" for i in range(30)]
    assert [row["pos"] for row in rows] == [[pos for _, pos, _, _ in found] for found in expected]
    if output_format != "docbin":
        assert [row["text"] for row in rows] == texts(30)
        for i, column in enumerate(["tokens", "pos", "tag", "morph"]):
            assert [row[column] for row in rows] == [[token[i] for token in found] for found in expected]
    assert (counts.docs, counts.words, counts.errors) == (30, sum(map(len, expected)), 0)
    names = sorted(path.name for path in (tmp_path / "out").iterdir() if not path.name.startswith("part-"))
    assert names == ["_SUCCESS.json", "_done", "_job.json"]


def test_components_that_cannot_keep_an_error_handler(tmp_path: Path) -> None:
    """spaCy's entity recognizer and parser."""
    nlp = spacy.blank("xx")
    recognizer: Any = nlp.add_pipe("ner")
    recognizer.add_label("X")
    nlp.initialize()
    write_jsonl(tmp_path / "it.jsonl", 30)
    counts = apply_pipeline(nlp, str(tmp_path / "it.jsonl"), str(tmp_path / "out"), small())
    assert (counts.docs, counts.errors) == (30, 0)
    assert len(rows_of(tmp_path / "out")) == 30


def test_missing_package_leaves_nothing_behind(
    tagger: Language, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_jsonl(tmp_path / "it.jsonl", 5)
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    with pytest.raises(CorpusError, match=r"D182.*pyarrow"):
        apply_pipeline(tagger, str(tmp_path / "it.jsonl"), str(tmp_path / "out"), small(output_format="parquet"))
    assert apply_pipeline(tagger, str(tmp_path / "it.jsonl"), str(tmp_path / "out"), small()).docs == 5


def test_columns_follow_the_components(tmp_path: Path) -> None:
    nlp = spacy.blank("xx")
    nlp.add_pipe("sentencizer")
    ruler: Any = nlp.add_pipe("entity_ruler")
    ruler.add_patterns([{"label": "PET", "pattern": "cats"}])
    write_jsonl(tmp_path / "it.jsonl", 2)
    apply_pipeline(nlp, str(tmp_path / "it.jsonl"), str(tmp_path / "out"), small())
    row = rows_of(tmp_path / "out")[0]
    assert list(row) == ["id", "text", "tokens", "sents", "ents"]
    assert row["sents"] == [[0, 4], [4, 5]]
    assert row["ents"] == [{"start": 1, "end": 2, "label": "PET"}]
    apply_pipeline(nlp, str(tmp_path / "it.jsonl"), str(tmp_path / "few"), small(columns=["ents", "cats", "head"]))
    assert list(rows_of(tmp_path / "few")[0]) == ["id", "ents", "cats", "head"]


@pytest.mark.parametrize("workers", [1, 2])
def test_bad_documents_are_reported_and_the_rest_go_on(tagger: Language, tmp_path: Path, workers: int) -> None:
    rows = ['{"text": "The cats \\ud800", "name": "half"}', "{", '{"text": "Yes", "name": "fine"}', '{"name": "none"}']
    rows.append(json.dumps({"text": "x " * 600_000, "name": "long"}))
    (tmp_path / "in.jsonl").write_text("\n".join(rows))
    counts = apply_pipeline(tagger, str(tmp_path / "in.jsonl"), str(tmp_path / "out"), small(workers=workers))
    assert [row["id"] for row in rows_of(tmp_path / "out")] == ["fine"]
    reasons = {row["id"]: row["error"] for row in errors_of(tmp_path / "out")}
    assert set(reasons) == {"half", f"in.jsonl:{len(rows[0]) + 1}", "none", "long"}
    assert "surrogates" in reasons["half"] and "E088" in reasons["long"]
    assert (counts.docs, counts.errors) == (1, 4)


def test_components_that_fail(tmp_path: Path) -> None:
    """A component with an error handler, and one without."""
    nlp = trained_tree(2)  # needs parses, which texts do not have
    write_jsonl(tmp_path / "it.jsonl", 6)
    apply_pipeline(nlp, str(tmp_path / "it.jsonl"), str(tmp_path / "out"), small())
    assert [row["error"][:23] for row in errors_of(tmp_path / "out")] == ["AnnotationError: [R150]"] * 6
    fragile = spacy.blank("xx")
    fragile.add_pipe("fails_on_three")
    counts = apply_pipeline(fragile, str(tmp_path / "it.jsonl"), str(tmp_path / "fragile"), small())
    assert [row["id"] for row in rows_of(tmp_path / "fragile")] == ["d0", "d1", "d2", "d4", "d5"]
    assert [(row["id"], row["error"]) for row in errors_of(tmp_path / "fragile")] == [("d3", "KeyError: 'three'")]
    assert counts.errors == 1


class FailsOnThree:
    def __call__(self, doc: Doc) -> Doc:
        if doc[-1].text == "3":
            raise KeyError("three")
        return doc

    def pipe(self, stream: Any, batch_size: int) -> Any:
        return map(self, stream)


@spacy.Language.factory("fails_on_three")
def make_fails_on_three(nlp: Language, name: str) -> FailsOnThree:
    return FailsOnThree()


def test_goes_on_where_it_was_ended(tagger: Language, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ended in turns in the middle of a part, and between its getting a name and being known as done."""
    source, whole, output = write_jsonl(tmp_path / "it.jsonl", 60), tmp_path / "whole", tmp_path / "out"
    apply_pipeline(tagger, str(source), str(whole), small())
    write_json = job_module.Sink.write_json
    ended = 0
    while not (output / "_SUCCESS.json").exists():
        steps = 0

        def end_in_the_middle(progress: ApplyProgress) -> None:
            nonlocal steps
            steps += 1
            if steps == 8:
                raise KeyboardInterrupt

        def end_before_done(sink: Any, name: str, data: Any) -> None:
            if name.startswith("_done"):
                raise KeyboardInterrupt
            write_json(sink, name, data)

        monkeypatch.setattr(job_module.Sink, "write_json", write_json if ended % 2 else end_before_done)
        try:
            apply_pipeline(tagger, str(source), str(output), small(), changed=end_in_the_middle)
        except KeyboardInterrupt:
            ended += 1
            assert len(rows_of(output)) <= 60  # no line is torn
    assert ended >= 3
    assert rows_of(output) == rows_of(whole)
    assert (output / "_SUCCESS.json").read_text() == (whole / "_SUCCESS.json").read_text()
    assert not (output / "_tmp").exists()


def test_killed_workers_are_replaced(tagger: Language, tmp_path: Path) -> None:
    write_jsonl(tmp_path / "it.jsonl", 200)
    killed: List[int] = []

    def kill(progress: ApplyProgress) -> None:
        children = processes_module.multiprocessing.active_children()
        if len(killed) < 3 and children and progress.now.docs > 40 * len(killed):
            killed.append(children[0].pid or 0)
            os.kill(killed[-1], signal.SIGKILL)

    counts = apply_pipeline(tagger, str(tmp_path / "it.jsonl"), str(tmp_path / "out"), small(workers=2), changed=kill)
    assert len(killed) == 3
    assert counts.docs == 200
    assert sorted(row["id"] for row in rows_of(tmp_path / "out")) == sorted(f"d{i}" for i in range(200))
    assert not processes_module.multiprocessing.active_children()


def test_part_that_kills_every_worker(tagger: Language, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The others are done; the next call does the rest."""
    write_jsonl(tmp_path / "it.jsonl", 60)
    do_part = processes_module.do_part
    begun = tmp_path / "begun"
    begun.touch()

    def fatal(nlp: Language, job: Any, part: int, report: Any) -> Any:
        with begun.open("a") as file:
            file.write(f"{part}\n")
        if part == 1:
            os.kill(os.getpid(), signal.SIGKILL)
        return do_part(nlp, job, part, report)

    monkeypatch.setattr(processes_module, "do_part", fatal)
    arguments = (tagger, str(tmp_path / "it.jsonl"), str(tmp_path / "out"), small(workers=2))
    with pytest.raises(CorpusError, match=r"D185.*1 parts.*3 times.*it\.jsonl"):
        apply_pipeline(*arguments)
    assert 0 < len(rows_of(tmp_path / "out")) < 60
    order = [int(part) for part in begun.read_text().split()]
    _, *again = [at for at, part in enumerate(order) if part == 1]
    assert len(again) == 2
    # Tried again when the others had been handed out, of which the second worker's may begin a moment later.
    assert len({*range(max(order) + 1)} - {*order[: again[0]]}) <= 1 < max(order)
    monkeypatch.setattr(processes_module, "do_part", do_part)
    assert apply_pipeline(*arguments).docs == 60
    assert len(rows_of(tmp_path / "out")) == 60


def test_part_that_cannot_be_read_is_said(tagger: Language, tmp_path: Path) -> None:
    pa = pytest.importorskip("pyarrow")
    from pyarrow.parquet import write_table

    write_table(pa.table({"body": ["x"]}), tmp_path / "it.parquet")
    for workers in (1, 2):
        with pytest.raises(CorpusError, match="D181"):
            apply_pipeline(tagger, str(tmp_path / "it.parquet"), str(tmp_path / "out"), small(workers=workers))


def test_parts_that_nobody_did_are_said(tagger: Language, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_jsonl(tmp_path / "it.jsonl", 60)
    monkeypatch.setattr("spacy_rnn.apply.run.in_process", lambda nlp, job, parts, report: None)
    with pytest.raises(CorpusError, match=r"D186.*0 of \d+ parts"):
        apply_pipeline(tagger, str(tmp_path / "it.jsonl"), str(tmp_path / "out"), small())
    assert not (tmp_path / "out" / "_SUCCESS.json").exists()


def test_disk_that_is_full_is_said(tagger: Language, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*arguments: Any) -> None:
        raise OSError("No space left on device")

    monkeypatch.setattr("spacy_rnn.apply.sinks.Row.__call__", full)
    write_jsonl(tmp_path / "it.jsonl", 5)
    # A sink's error, unlike a component's, is no fault of a document.
    with pytest.raises(CorpusError, match="D187.*No space left"):
        apply_pipeline(tagger, str(tmp_path / "it.jsonl"), str(tmp_path / "out"), small())


def test_folder_of_something_else(tagger: Language, tmp_path: Path) -> None:
    write_jsonl(tmp_path / "it.jsonl", 20)
    source, output = str(tmp_path / "it.jsonl"), tmp_path / "out"
    output.mkdir()
    (output / "mine.txt").write_text("x")
    with pytest.raises(CorpusError, match="D184"):
        apply_pipeline(tagger, source, str(output), small())
    (output / "mine.txt").unlink()
    apply_pipeline(tagger, source, str(output), small())
    with pytest.raises(CorpusError, match="D183"):
        apply_pipeline(tagger, source, str(output), small(columns=["pos"]))
    apply_pipeline(tagger, source, str(output), small(columns=["pos"], part_size=10**6, overwrite=True))
    assert [set(row) for row in rows_of(output)] == [{"id", "pos"}] * 20
    write_jsonl(tmp_path / "it.jsonl", 21)
    with pytest.raises(CorpusError, match="D183"):
        apply_pipeline(tagger, source, str(output), small(columns=["pos"]))


def test_other_file_systems(tagger: Language, tmp_path: Path) -> None:
    import fsspec

    write_jsonl(tmp_path / "it.jsonl", 12)
    fs = fsspec.filesystem("memory")
    for _ in range(2):
        apply_pipeline(tagger, str(tmp_path / "it.jsonl"), "memory://results", small())
    lines = b"".join(fs.cat_file(name) for name in sorted(fs.glob("/results/part-*")))
    assert lines.count(b"\n") == 12
    assert fs.exists("/results/_SUCCESS.json") and not fs.glob("/results/_tmp/*")
    fs.rm("/results", recursive=True)


@pytest.mark.parametrize(
    "wrong",
    [
        {"workers": 0},
        {"engine": "spark"},
        {"output_format": "csv"},
        {"columns": ["x"]},
        {"part_size": 0},
        {"batch_size": -1},
    ],
    ids=str,
)
def test_settings_are_checked(tagger: Language, tmp_path: Path, wrong: Any) -> None:
    with pytest.raises(ValueError, match="R00[15]"):
        apply_pipeline(tagger, str(tmp_path), str(tmp_path / "out"), ApplySettings(**wrong))


def test_command(tagger: Language, tmp_path: Path) -> None:
    source = write_jsonl(tmp_path / "it.jsonl", 10)
    arguments = ["apply", str(tagger.path), str(source), str(tmp_path / "out"), "--output-format", "jsonl"]
    result = CliRunner().invoke(app, arguments, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    assert "10 documents with 41 tokens" in result.output
    assert len(rows_of(tmp_path / "out")) == 10


def test_orphans_stop(tmp_path: Path) -> None:
    """A worker whose parent was killed ends by itself, at the next batch or when it waits for work."""
    saved_tagger(tmp_path / "tagger")
    write_jsonl(tmp_path / "it.jsonl", 20_000)
    reader, writer = os.pipe()
    parent = os.fork()
    if parent == 0:  # the parent of the workers
        nlp = spacy.load(tmp_path / "tagger")

        def tell(progress: ApplyProgress) -> None:
            children = processes_module.multiprocessing.active_children()
            if progress.now.docs and len(children) == 2:
                os.write(writer, json.dumps([child.pid for child in children]).encode())
                time.sleep(60)

        apply_pipeline(nlp, str(tmp_path / "it.jsonl"), str(tmp_path / "out"), small(workers=2), changed=tell)
        os._exit(1)
    workers = json.loads(os.read(reader, 1000))
    os.kill(parent, signal.SIGKILL)
    os.waitpid(parent, 0)
    deadline = time.monotonic() + 20
    while any(Path(f"/proc/{pid}").exists() for pid in workers):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert threading.active_count() >= 1
