"""The same runs on Ray."""

import os
import signal
from pathlib import Path
from typing import List

import pytest

from spacy_rnn.apply import ApplySettings, apply_pipeline
from spacy_rnn.apply.run import ApplyProgress

from .corpora import errors_of, rows_of, saved_tagger, write_jsonl

pytest.importorskip("ray")
pytestmark = pytest.mark.filterwarnings("ignore")  # those of Ray, which are many


def worker_pids() -> List[int]:
    """The processes of Ray's actors, which carry their class in their title."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if path.read_bytes().startswith(b"ray::") and b"PartActor" in path.read_bytes():
                found.append(int(path.parent.name))
        except OSError:
            continue
    return found


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="finds Ray's processes in /proc")
def test_equals_the_local_run_although_an_actor_is_killed(tmp_path: Path) -> None:
    nlp = saved_tagger(tmp_path / "tagger")
    source = write_jsonl(tmp_path / "it.jsonl", 400)
    with source.open("a") as opened:
        opened.write("{\n")
    settings = ApplySettings(output_format="jsonl", id="name", part_size=500, batch_size=5)
    local = apply_pipeline(nlp, str(source), str(tmp_path / "local"), settings)
    killed: List[int] = []

    def kill(progress: ApplyProgress) -> None:
        if not killed and progress.parts_done > 1:
            killed.extend(worker_pids())
            for pid in killed:
                os.kill(pid, signal.SIGKILL)

    settings.engine, settings.workers = "ray", 2
    on_ray = apply_pipeline(nlp, str(source), str(tmp_path / "ray"), settings, changed=kill)
    assert killed
    assert on_ray == local
    assert rows_of(tmp_path / "ray") == rows_of(tmp_path / "local")
    assert errors_of(tmp_path / "ray") == errors_of(tmp_path / "local")
    for path in (tmp_path / "local").glob("part-*"):
        assert path.read_bytes() == (tmp_path / "ray" / path.name).read_bytes()
