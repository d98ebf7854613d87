"""Training a language model: it learns, and killed it goes on as if nothing had happened."""

import os
from dataclasses import asdict
from pathlib import Path
from typing import Any, Dict, List

import numpy as np
import pytest
import safetensors.torch
import srsly
import torch
from safetensors import safe_open

from spacy_rnn.errors import CorpusError, SettingError
from spacy_rnn.lm.evaluate import adaptive_bits, bits_per_character, scores
from spacy_rnn.lm.settings import LMSettings
from spacy_rnn.lm.text import read
from spacy_rnn.lm.train import train_lm
from spacy_rnn.lm.trainer import Trainer, TrainingProgress
from spacy_rnn.models.char_lm_file import load_lm
from spacy_rnn.nn.char_vocabulary import CharVocabulary

from .helpers import tiny_lm, tiny_settings, write_text


class KilledError(Exception):
    """Stands for a signal."""


def train(folder: Path, text: Path, *, kill_at: int = 0, **settings: Any) -> List[TrainingProgress]:
    seen: List[TrainingProgress] = []

    def report(progress: TrainingProgress) -> None:
        seen.append(progress)
        if progress.step == kill_at:
            raise KilledError

    train_lm(text, folder, tiny_settings(**settings), save_every=3, report=report)
    return seen


def weights(folder: Path, direction: str = "forward") -> Dict[str, torch.Tensor]:
    return dict(load_lm(folder / f"{direction}.safetensors").model.state_dict())


@pytest.mark.parametrize("kill_at", [1, 3, 8])
def test_killed_and_resumed_equals_uninterrupted(tmp_path: Path, kill_at: int) -> None:
    """Bit by bit, with dropout, over more than one epoch."""
    text = write_text(tmp_path / "text.txt", 30)
    setting: Dict[str, Any] = {"dropout": 0.3, "epochs": 1.5, "bptt": 15}
    whole = train(tmp_path / "whole", text, **setting)
    with pytest.raises(KilledError):
        train(tmp_path / "killed", text, kill_at=kill_at, **setting)
    torch.rand(3)  # whatever else has drawn random numbers meanwhile
    rest = train(tmp_path / "killed", text, **setting)
    assert rest[0].step == kill_at - kill_at % 3 + 1
    assert [p.train_bits for p in rest] == [p.train_bits for p in whole[rest[0].step - 1 :]]
    first, second = weights(tmp_path / "whole"), weights(tmp_path / "killed")
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_finished_training_is_left_alone(tmp_path: Path) -> None:
    text = write_text(tmp_path / "text.txt")
    train(tmp_path, text, epochs=0.2)
    before = (tmp_path / "forward.safetensors").read_bytes()
    assert train(tmp_path, text, epochs=0.2) == []
    assert (tmp_path / "forward.safetensors").read_bytes() == before


def test_it_learns(tmp_path: Path) -> None:
    text = write_text(tmp_path / "text.txt", 100)
    measured = train(tmp_path, text, epochs=4, bptt=20, learn_rate=0.04, warmup=5)
    scores = srsly.read_json(tmp_path / "forward.json")
    assert scores["bits_per_character"] == pytest.approx(measured[-1].held_out_bits, abs=1e-6)
    assert scores["perplexity"] == pytest.approx(2 ** scores["bits_per_character"])
    assert scores["bits_per_character"] < 2.0 and scores["unknown"] == 0.0


def test_backward_reads_from_the_end(tmp_path: Path) -> None:
    text = tmp_path / "text.txt"
    text.write_text("abcdefgh\n" * 100, encoding="utf8")
    mirrored = tmp_path / "mirrored.txt"
    mirrored.write_text("hgfedcba\n" * 100, encoding="utf8")
    train(tmp_path / "a", text, epochs=1, direction="backward")
    train(tmp_path / "b", mirrored, epochs=1)
    first, second = weights(tmp_path / "a", "backward"), weights(tmp_path / "b")
    assert load_lm(tmp_path / "a" / "backward.safetensors").backward
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_another_training_is_not_gone_on_with(tmp_path: Path) -> None:
    text = write_text(tmp_path / "text.txt")
    train(tmp_path, text, epochs=0.2)
    with pytest.raises(CorpusError, match="D204"):
        train(tmp_path, text, epochs=0.2, learn_rate=0.1)
    with pytest.raises(CorpusError, match="D204"):
        train(tmp_path, write_text(text, 90), epochs=0.2)


def test_more_epochs_than_planned(tmp_path: Path) -> None:
    text = write_text(tmp_path / "text.txt")
    first = train(tmp_path, text, epochs=0.2)
    more = train(tmp_path, text, epochs=0.5)
    assert more[0].step == first[-1].step + 1 and more[-1].step == more[-1].n_steps > first[-1].n_steps


def test_former_names_of_settings() -> None:
    settings = LMSettings(steps=20, clip=0.5)
    assert settings == LMSettings(bptt=20, grad_clip=0.5) and "steps" not in asdict(settings)
    with pytest.raises(SettingError, match="R005.*bptt"):
        LMSettings(steps=0)


def test_state_with_former_names_of_settings(tmp_path: Path) -> None:
    text = write_text(tmp_path / "text.txt")
    train(tmp_path, text, epochs=0.2)
    state = tmp_path / ".forward" / "state"
    with safe_open(state, "pt") as opened:
        header = opened.metadata()["charlm"]
    former = header.replace('"bptt"', '"steps"').replace('"grad_clip"', '"clip"')
    assert former != header
    state.write_bytes(safetensors.torch.save(safetensors.torch.load(state.read_bytes()), {"charlm": former}))
    assert train(tmp_path, text, epochs=0.5)[0].step > 1


@pytest.mark.parametrize("held_out", [0.0, 0.1])
@pytest.mark.parametrize("separate", [False, True])
def test_text_is_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, separate: bool, held_out: float) -> None:
    """Whatever it is counted and split for, and not again when training is resumed, but for its checksum."""
    text, dev = write_text(tmp_path / "text.txt"), write_text(tmp_path / "dev.txt", 20)
    opened: List[str] = []

    def count(path: Path, seed: int) -> Any:
        opened.append(path.name)
        return read(path, seed)

    monkeypatch.setattr("spacy_rnn.lm.train.read", count)
    for epochs in (0.2, 0.3):
        settings = tiny_settings(epochs=epochs, held_out=held_out)
        train_lm(text, tmp_path, settings, dev=dev if separate else None)
    assert opened.count("text.txt") == 1 and opened.count("dev.txt") == separate
    assert {path.name for path in (tmp_path / ".forward").iterdir()} == {"dev.ids", "state", "text.json", "train.ids"}


@pytest.mark.parametrize("changed", ["text", "dev", "ids"])
def test_other_text_of_equal_size_is_refused(tmp_path: Path, changed: str) -> None:
    """With the same name and the same time of change. The ids are those that were made of the text."""
    text, dev, output = write_text(tmp_path / "text.txt"), write_text(tmp_path / "dev.txt", 20), tmp_path / "lm"
    settings = tiny_settings(epochs=0.2)
    train_lm(text, output, settings, dev=dev)
    path = {"text": text, "dev": dev, "ids": output / ".forward" / "dev.ids"}[changed]
    before, data = path.stat(), path.read_bytes()
    path.write_bytes(data[:-2][::-1] + data[-2:])
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    with pytest.raises(CorpusError, match="D204"):
        train_lm(text, output, settings, dev=dev)
    path.write_bytes(data)
    moved = text.rename(tmp_path / "same.txt")
    train_lm(moved, output, settings, dev=dev)


def test_missing_text_is_said_although_a_training_is_there(tmp_path: Path) -> None:
    text = write_text(tmp_path / "text.txt")
    train(tmp_path, text, epochs=0.2)
    with pytest.raises(CorpusError, match=r"D108.*none\.txt"):
        train_lm(text, tmp_path, tiny_settings(epochs=0.2), dev=tmp_path / "none.txt")
    text.unlink()
    with pytest.raises(CorpusError, match=r"D108.*text\.txt"):
        train(tmp_path, text, epochs=0.2)


def test_random_numbers_of_the_caller(tmp_path: Path) -> None:
    text, state = write_text(tmp_path / "text.txt"), torch.get_rng_state()
    with pytest.raises(KilledError):
        train(tmp_path, text, kill_at=2, dropout=0.5)
    train(tmp_path, text, dropout=0.5)
    assert torch.equal(torch.get_rng_state(), state)


def test_both_directions_at_once_but_one_only_once(tmp_path: Path) -> None:
    text, tried = write_text(tmp_path / "text.txt"), list[Any]()

    def report(progress: TrainingProgress) -> None:
        if not tried:
            tried.append(train(tmp_path, text, epochs=0.2, direction="backward"))
            with pytest.raises(CorpusError, match=r"D121.*forward\.safetensors"):
                train(tmp_path, text, epochs=0.2)

    train_lm(text, tmp_path, tiny_settings(epochs=0.2), report=report)
    assert {path.name for path in tmp_path.glob("*.safetensors")} == {"forward.safetensors", "backward.safetensors"}


def test_damaged_state(tmp_path: Path) -> None:
    text = write_text(tmp_path / "text.txt")
    train(tmp_path, text, epochs=0.2)
    state = tmp_path / ".forward" / "state"
    state.write_bytes(state.read_bytes()[:-50])
    with pytest.raises(CorpusError, match="D204"):
        train(tmp_path, text, epochs=0.2)


def test_text_too_short(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="D203.*101 are needed"):
        train(tmp_path, write_text(tmp_path / "text.txt", 1), bptt=100)


def test_short_text_is_read_in_fewer_places(tmp_path: Path) -> None:
    text = write_text(tmp_path / "text.txt", 3)
    assert train(tmp_path, text, batch=64, epochs=1)[-1].step > 4


def test_held_out_text_is_the_last(tmp_path: Path) -> None:
    text = tmp_path / "text.txt"
    text.write_text("".join(f"{'a' if i < 90 else 'z'} {i}\n" for i in range(100)), encoding="utf8")
    train(tmp_path, text, epochs=0.2, held_out=0.1, batch=2)
    assert "z" not in load_lm(tmp_path / "forward.safetensors").vocabulary.chars
    assert srsly.read_json(tmp_path / "forward.json")["unknown"] == pytest.approx(0.2)


def test_labels(tmp_path: Path) -> None:
    """They are read, never predicted, and not left in the order of the file."""
    path = tmp_path / "texts.jsonl"
    srsly.write_jsonl(path, [{"text": "ab" * 5, "label": "x"}] * 40 + [{"text": "cd" * 5, "label": "y"}] * 40)
    train_lm(path, tmp_path, tiny_settings(), dev=path)
    lm = load_lm(tmp_path / "forward.safetensors")
    assert lm.vocabulary.labels == ["x", "y"]
    assert lm.model.output.out_features == lm.vocabulary.n_chars == 6
    assert lm.model.embedding.num_embeddings == 8
    ids = ids_of(tmp_path, "train")
    labels = ids[ids >= 6]
    assert len(labels) == 80 and len(set(labels[:20].tolist())) == 2


@pytest.mark.parametrize(("balance", "least", "most"), [(0.0, 4, 4), (0.5, 16, 24), (1.0, 100, 100)])
def test_rare_labels_can_be_read_more_often(tmp_path: Path, balance: float, least: int, most: int) -> None:
    """25 to 1; what the model is measured on stays as it is, and none of it is read."""
    path = tmp_path / "texts.jsonl"
    texts = [{"text": f"{i} ab", "label": "x"} for i in range(100)] + [
        {"text": f"{i} cd", "label": "y"} for i in range(4)
    ]
    srsly.write_jsonl(path, texts)
    train_lm(path, tmp_path, tiny_settings(balance=balance), dev=path)
    vocabulary = load_lm(tmp_path / "forward.safetensors").vocabulary
    often, rare = vocabulary.label_id("x"), vocabulary.label_id("y")
    train, dev = (ids_of(tmp_path, split) for split in ("train", "dev"))
    assert (train == often).sum() == 100 and least <= (train == rare).sum() <= most
    assert (dev == often).sum() == 100 and (dev == rare).sum() == 4
    train_lm(path, tmp_path / "split", tiny_settings(balance=balance, held_out=0.5))
    kept, out = ({bytes(line) for line in lines_of(tmp_path / "split", split)} for split in ("train", "dev"))
    assert kept and out and not kept & out


def ids_of(folder: Path, split: str) -> Any:
    return np.fromfile(folder / ".forward" / f"{split}.ids", dtype=np.uint16)


def lines_of(folder: Path, split: str) -> List[Any]:
    """The ids of each text, with its label and the separator (1)."""
    ids = ids_of(folder, split)
    return np.split(ids, np.flatnonzero(ids == 1) + 1)[:-1]


def test_every_character_is_read_once_an_epoch(tmp_path: Path) -> None:
    settings = tiny_settings(epochs=2)
    ids = np.arange(1000, dtype=np.uint16) % 30
    trainer = Trainer(settings, CharVocabulary("bcdefghijklmnopqrstuvwxyz12345"), ids, ids[:50], tmp_path / "state")
    for epoch in range(2):
        parts = [trainer.cut(epoch, place)[:-1] for place in range(trainer.per_epoch)]
        streams = torch.cat(parts).T
        for stream in streams:
            assert torch.equal(stream[1:] % 30, (stream[:-1] + 1) % 30) or epoch  # the second wraps around
    assert trainer.per_epoch * trainer.batch * settings.bptt <= 1000


@pytest.mark.parametrize("n", [1, 7, 300])
def test_bits_do_not_depend_on_streams_but_for_their_beginnings(n: int) -> None:
    model = tiny_lm()
    ids = np.random.default_rng(0).integers(2, 30, n).astype(np.uint16)
    one = bits_per_character(model, ids, streams=1, chunk=10)
    assert one == pytest.approx(bits_per_character(model, ids, streams=1, chunk=1000), rel=1e-5)
    assert one is not None and one > 1


def test_learning_while_reading() -> None:
    """Without learning it is the same measure; with it, what repeats itself gets cheap. Nothing is known beforehand."""
    ids = np.tile(np.random.default_rng(0).integers(2, 30, 37).astype(np.uint16), 40)
    still = bits_per_character(tiny_lm(), ids, streams=3, chunk=10)
    assert adaptive_bits(tiny_lm(), ids, 0.0, streams=3, bptt=10) == pytest.approx(still, rel=1e-4)
    assert adaptive_bits(tiny_lm(), ids, 0.02, streams=3, bptt=10) < 0.8 * still  # type: ignore[operator]
    first = ids[:9]
    assert adaptive_bits(tiny_lm(), first, 0.02) == pytest.approx(bits_per_character(tiny_lm(), first), rel=1e-4)


def test_bits_of_nothing() -> None:
    """Not 0 bits, which would be perfect."""
    nothing = np.zeros(0, dtype=np.uint16)
    assert bits_per_character(tiny_lm(), nothing) is None is adaptive_bits(tiny_lm(), nothing, 0.01)
    assert scores(None, nothing) == {"bits_per_character": None, "perplexity": None, "unknown": None}


@pytest.mark.parametrize(
    "setting",
    [
        {"direction": "up"},
        {"cell": "rnn_relu"},
        {"precision": "int8"},
        {"hidden_size": 0},
        {"epochs": 0},
        {"chars": 2},
        {"chars": 2**17},
        {"held_out": 1.0},
        {"dropout": -0.1},
        {"balance": 1.1},
    ],
)
def test_settings_out_of_range(setting: Dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"R00[15]"):
        LMSettings(**setting)
