"""A training goes on only if what it reads is what it read before, whatever the files are called."""

import json
import os
from pathlib import Path
from typing import Any, Dict

import pytest
import torch
from spacy.language import Language
from spacy.tokens import DocBin
from spacy.util import load_config, registry
from spacy.vocab import Vocab
from thinc.api import Config

from spacy_rnn.errors import CorpusError, TrainingError
from spacy_rnn.training import train
from spacy_rnn.training.contents import content_checksums

from .test_training import write_config


class EndedError(Exception):
    pass


@registry.callbacks("test_end_after_checkpoint.v1")
def make_end() -> Any:
    def end(nlp: Language, about: Dict[str, Any]) -> None:
        if about["step"] == 5:
            raise EndedError

    return end


def changed_in_place(path: Path) -> None:
    """Other content of equal size and time."""
    before, data = path.stat(), path.read_bytes()
    path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


@pytest.fixture
def ended(tmp_path: Path) -> Path:
    """The config of a training that was ended, with code of its own."""
    config = write_config(tmp_path)
    settings = load_config(config)
    settings["training"]["before_update"] = {"@callbacks": "test_end_after_checkpoint.v1"}
    settings.to_disk(config)
    (tmp_path / "code.py").write_text("# one\n")
    with pytest.raises(EndedError):
        train(config, tmp_path / "out", code_path=tmp_path / "code.py")
    return config


@pytest.mark.parametrize(("file", "name"), [("train.spacy", "corpora.*path"), ("code.py", "code")])
def test_other_content_is_refused(ended: Path, file: str, name: str) -> None:
    path = ended.parent / file
    if file == "train.spacy":
        docs = DocBin().from_disk(path).get_docs(Vocab())
        DocBin(docs=[doc for doc in docs if len(doc) != 1]).to_disk(path)
    else:
        changed_in_place(path)
    with pytest.raises(TrainingError, match=rf"R194.*differs in: {name} \(content\)"):
        train(ended, ended.parent / "out", resume=True, code_path=ended.parent / "code.py")


def test_checkpoint_without_contents(ended: Path) -> None:
    """Of an earlier version; it goes on."""
    from spacy_rnn.pipeline.saving import write_checksums

    checkpoint = ended.parent / "out" / "checkpoint"
    state = json.loads((checkpoint / "state.json").read_text())
    kept = {name: value for name, value in state["progress"]["config"].items() if "(content)" not in name}
    assert len(kept) < len(state["progress"]["config"])
    state["progress"]["config"] = kept
    (checkpoint / "state.json").write_text(json.dumps(state))
    write_checksums(checkpoint, before=checkpoint)
    with pytest.raises(EndedError):
        train(ended, ended.parent / "out", resume=True)


def test_files_and_folders_that_a_config_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("corpus/train.spacy", "corpus/deep/more.spacy", "lm.safetensors", "vectors/data", "out/log", "en/x"):
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_text(name)
    config = Config(
        {
            "paths": {"unused": "out/log"},
            "nlp": {"lang": "en"},
            "corpora": {"train": {"path": "corpus"}, "several": {"paths": ["lm.safetensors", "corpus/train.spacy"]}},
            "components": {"x": {"model": {"forward": "lm.safetensors", "text": "x" * 5000, "nothing": "\0"}}},
            "initialize": {"vectors": "vectors", "init_tok2vec": None},
            "training": {"logger": {"path": "out/log"}},
        }
    )
    found = content_checksums(config, None, Path("out"))
    assert set(found) == {
        "corpora.train.path (content)",
        "corpora.several.paths (content)",
        "components.x.model.forward (content)",
        "initialize.vectors (content)",
    }
    for name, setting in (("corpus/deep/more.spacy", "corpora.train.path"), ("vectors/data", "initialize.vectors")):
        changed_in_place(Path(name))
        now = content_checksums(config, None, Path("out"))
        assert [key for key in found if found[key] != now[key]] == [f"{setting} (content)"]
        found = now
    Path("corpus/train.spacy").rename("corpus/other.spacy")
    assert (
        content_checksums(config, None, None)["corpora.train.path (content)"] != found["corpora.train.path (content)"]
    )


def test_one_training_at_a_time(tmp_path: Path) -> None:
    """Of one folder, in which nothing is left when it fails before it begins."""
    config, output = write_config(tmp_path, max_steps=1), tmp_path / "deep" / "out"
    with pytest.raises(ValueError):
        train(config, output, overrides={"training.dropout": 7})
    assert not output.exists()
    settings = load_config(config)
    settings["training"]["before_update"] = {"@callbacks": "test_train_again.v1"}
    settings.to_disk(config)
    again = []

    def train_again(nlp: Language, about: Dict[str, Any]) -> None:
        with pytest.raises(CorpusError, match="D121.*out is being written by process"):
            train(config, output)
        again.append(about["step"])

    registry.callbacks("test_train_again.v1", func=lambda: train_again)
    train(config, output)
    assert again and sorted(path.name for path in output.iterdir()) == ["model-best", "model-last"]


def test_losses_are_plain_numbers(tmp_path: Path) -> None:
    """Whatever the number of workers, so that any logger can write them."""
    seen = []

    def log(nlp: Language, *streams: Any) -> Any:
        return (lambda info: seen.append(info) if info else None), (lambda: None)

    registry.loggers("test_seen.v1", func=lambda: log)
    config = write_config(tmp_path, max_steps=1)
    settings = load_config(config)
    settings["training"]["logger"] = {"@loggers": "test_seen.v1"}
    settings.to_disk(config)
    state = torch.get_rng_state()
    train(config)
    assert [type(loss) for info in seen for loss in info["losses"].values()] == [float] * len(seen) != []
    assert torch.equal(state, torch.get_rng_state())
