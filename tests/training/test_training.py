"""Training in one process, in several, and after it was ended."""

from __future__ import annotations

import io
import json
import random
from pathlib import Path
from typing import Any, Dict, List

import numpy as np
import pytest
import spacy
import torch
from spacy.language import Language
from spacy.tokens import DocBin
from spacy.training.initialize import init_nlp
from spacy.training.loop import train as spacy_train
from spacy.util import load_config, registry
from spacy.vectors import Vectors
from thinc.api import Adam, Config, Model

from spacy_rnn.data.noise import Noise
from spacy_rnn.errors import CorpusError, TrainingError, UserError
from spacy_rnn.training import train
from spacy_rnn.training.batches import Batches, deal, subdivide
from spacy_rnn.training.checkpoint import _keys, find_checkpoint, load_checkpoint
from spacy_rnn.training.loop import begin
from spacy_rnn.training.parallel import Worker
from spacy_rnn.training.weights import Weight

from ..helpers import SENTENCES, gold_doc, make_examples, tagger_config, tagger_nlp, torch_shims
from ..pipeline.texts import CATS, textcat_config

CONFIG = """
[nlp]
lang = "xx"
pipeline = {pipeline}

[components]

[corpora]
[corpora.train]
@readers = "spacy.Corpus.v1"
path = {train}
[corpora.dev]
@readers = "spacy.Corpus.v1"
path = {train}

[training]
seed = 7
gpu_allocator = null
dropout = {dropout}
max_steps = {max_steps}
max_epochs = 0
eval_frequency = 4
patience = 0
accumulate_gradient = 1
frozen_components = []
annotating_components = []
[training.batcher]
@batchers = "spacy.batch_by_sequence.v1"
size = {size}
[training.optimizer]
@optimizers = "Adam.v1"
learn_rate = 0.01
L2 = 0.01
L2_is_weight_decay = true
grad_clip = 1.0
use_averages = true
[training.logger]
@loggers = "spacy.ConsoleLogger.v1"
"""


def write_config(
    folder: Path,
    *names: str,
    dropout: float = 0.2,
    size: int = 2,
    max_steps: int = 12,
    lazy: bool = True,
    noise: bool = False,
    vectors: bool = False,
) -> Path:
    """A training of a few steps on eight documents; by default of a tagger. lazy: its word table takes row steps.
    noise: in most words. vectors: of half of the words, which are fine-tuned."""
    folder.mkdir(parents=True, exist_ok=True)
    nlp = spacy.blank("xx")
    docs = [gold_doc(nlp, sentence) for sentence in SENTENCES * 2]
    for doc, cats in zip(docs, CATS * 2):
        doc.cats = cats
    DocBin(docs=docs, store_user_data=True).to_disk(folder / "train.spacy")
    train, pipeline = (json.dumps(value) for value in (str(folder / "train.spacy"), names or ("rnn_tagger",)))
    text = CONFIG.format(pipeline=pipeline, train=train, dropout=dropout, max_steps=max_steps, size=size)
    config = Config().from_str(text)
    if noise:
        config["corpora"]["train"]["augmenter"] = {"@augmenters": "spacy-rnn.Noise.v1", "upper": 0.3, "typos": 0.5}
    for name in names or ("rnn_tagger",):
        settings = tagger_config() if name == "rnn_tagger" else textcat_config()
        embed = settings["model"]["tok2vec"]["embed"]
        embed["words"]["word_dropout"] = embed["chars"]["char_dropout"] = dropout / 5
        embed["words"]["lazy"] = lazy and name == "rnn_tagger"
        if vectors:
            embed["vectors"] = {"@architectures": "spacy-rnn.StaticVectors.v2", "trainable": True, "width": 4}
        config["components"][name] = {"factory": name, **settings}
    if vectors:
        words = sorted({token.text for doc in docs for token in doc})[::2]
        data = np.random.RandomState(0).uniform(-1, 1, (len(words), 6)).astype("float32")
        nlp.vocab.vectors = Vectors(strings=nlp.vocab.strings, data=data, keys=words)
        nlp.to_disk(folder / "vectors")
        config["initialize"] = {"vectors": str(folder / "vectors")}
    config.to_disk(folder / "config.cfg")
    return folder / "config.cfg"


def weights(nlp: Language) -> Dict[str, np.ndarray]:
    found = {}
    for pipe_name, pipe in nlp.pipeline:
        for i, shim in enumerate(torch_shims(pipe.model)):  # type: ignore[attr-defined]
            for name, tensor in shim.module.state_dict().items():
                found[f"{pipe_name}.{i}.{name}"] = tensor.numpy()
    return found


def assert_same(first: Path, second: Path, tolerance: float = 0.0) -> None:
    one, other = weights(spacy.load(first)), weights(spacy.load(second))
    assert list(one) == list(other) and len(one) > 10
    for name in one:
        # How often a character was met counts each word of a batch once, and of each worker's batch.
        if not (tolerance and name.endswith("table.counts")):
            np.testing.assert_allclose(one[name], other[name], rtol=0, atol=tolerance, err_msg=name)


def test_one_worker_equals_spacy(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    config = write_config(tmp_path)
    train(config, tmp_path / "ours")
    (tmp_path / "spacy").mkdir()
    spacy_train(init_nlp(load_config(config)), tmp_path / "spacy", stdout=io.StringIO(), stderr=io.StringIO())
    for name in ("model-last", "model-best"):
        assert_same(tmp_path / "ours" / name, tmp_path / "spacy" / name)
        metas = [json.loads((tmp_path / who / name / "meta.json").read_text()) for who in ("ours", "spacy")]
        assert metas[0] == metas[1]
    assert "LOSS RNN_T" in capsys.readouterr().out
    assert find_checkpoint(tmp_path / "ours") is None


class EndedError(Exception):
    pass


def end_at(monkeypatch: pytest.MonkeyPatch, step: int) -> None:
    """Raise before a step, as a kill would come."""

    def callback(nlp: Language, about: Dict[str, Any]) -> None:
        random.random()  # what draws numbers between two epochs must not spoil it
        if about["step"] == step:
            raise EndedError

    monkeypatch.setitem(ENDS, "it", callback)


ENDS: Dict[str, Any] = {"it": None}


@registry.callbacks("test_end_at.v1")
def make_end_at() -> Any:
    return lambda nlp, about: ENDS["it"](nlp, about)


@pytest.mark.parametrize(
    ("name", "settings"),
    [("rnn_tagger", {}), ("rnn_textcat", {}), ("rnn_tagger", {"noise": True}), ("rnn_tagger", {"vectors": True})],
)
def test_goes_on_to_the_same_result(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, settings: Dict[str, bool]
) -> None:
    """Ended twice, once shortly after a checkpoint and once long after; with dropout, averages, weight decay."""
    config = write_config(tmp_path, name, max_steps=14, **settings)
    changed = load_config(config)
    changed["training"]["before_update"] = {"@callbacks": "test_end_at.v1"}
    changed.to_disk(config)
    end_at(monkeypatch, -1)
    train(config, tmp_path / "whole")
    for resume, step in ((False, 5), (True, 11)):
        end_at(monkeypatch, step)
        with pytest.raises(EndedError):
            train(config, tmp_path / "parts", resume=resume)
    assert json.loads((tmp_path / "parts" / "checkpoint" / "state.json").read_text())["progress"]["starts"]
    assert not (tmp_path / "parts" / "checkpoint" / "pipeline" / "vocab" / "vectors").exists()
    end_at(monkeypatch, -1)
    train(config, tmp_path / "parts", resume=True)
    for model in ("model-last", "model-best"):
        assert_same(tmp_path / "whole" / model, tmp_path / "parts" / model)


def test_a_checkpoint_is_not_lost_unasked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where one lies, starting over must be asked for; when training ends may change."""
    config, output = write_config(tmp_path, max_steps=8), tmp_path / "out"
    changed = load_config(config)
    changed["training"]["before_update"] = {"@callbacks": "test_end_at.v1"}
    changed.to_disk(config)
    end_at(monkeypatch, -1)
    longer = {"training.max_steps": 10}
    train(config, tmp_path / "whole", overrides=longer)
    end_at(monkeypatch, 5)
    with pytest.raises(EndedError):
        train(config, output)
    with pytest.raises(TrainingError, match="R196.*--resume.*--no-resume"):
        train(config, output)
    end_at(monkeypatch, -1)
    train(config, output, resume=True, overrides=longer)
    for model in ("model-last", "model-best"):
        assert_same(tmp_path / "whole" / model, output / model)
    end_at(monkeypatch, 1)
    for _ in range(2):
        with pytest.raises(EndedError):
            train(config, output, resume=False)


def test_damaged_and_foreign_checkpoints_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config, output = write_config(tmp_path), tmp_path / "out"
    for folder, named in ((output, "out"), (None, "No output folder")):
        with pytest.raises(TrainingError, match=f"R195.*{named}: there is no checkpoint"):
            train(config, folder, resume=True)
    changed = load_config(config)
    changed["training"]["before_update"] = {"@callbacks": "test_end_at.v1"}
    changed.to_disk(config)
    end_at(monkeypatch, 5)
    with pytest.raises(EndedError):
        train(config, output)
    changes = {"training.dropout": 0.3, "training.optimizer.L2": 0.5, "training.max_steps": 99}
    with pytest.raises(TrainingError, match=r"R194.*differs in: training.dropout, training.optimizer.L2\."):
        train(config, output, resume=True, overrides=changes)
    wider = {"components.rnn_tagger.model.tok2vec.encode.width": 24}
    with pytest.raises(TrainingError, match=r"R194.*differs in: components.rnn_tagger.model.tok2vec.encode.width\."):
        train(config, output, resume=True, overrides=wider)
    with pytest.raises(TrainingError, match="R193.*1 workers"):
        begin(init_nlp(load_config(config)), output, Worker(0, 2), True)
    nlp = init_nlp(load_config(config))
    before = weights(nlp)
    for file in ("state.json", "state.safetensors"):
        path = output / "checkpoint" / file
        data = path.read_bytes()
        for bad in (data[:-7], data[:50] + bytes([data[50] ^ 4]) + data[51:]):
            path.write_bytes(bad)
            with pytest.raises(TrainingError, match=f"R191.*{file}"):
                load_checkpoint(output / "checkpoint", nlp, Adam(0.1))
        path.write_bytes(data)
    assert all((before[name] == array).all() for name, array in weights(nlp).items())


def test_two_workers_equal_one_with_twice_the_batch(tmp_path: Path) -> None:
    names = ("rnn_tagger", "rnn_textcat")
    # Row steps have no momentum, so that the rounding of a gradient near 0 is a whole step.
    settings: Dict[str, Any] = {"dropout": 0.0, "lazy": False, "noise": True}
    train(write_config(tmp_path / "two", *names, size=2, **settings), tmp_path / "two", workers=2)
    train(write_config(tmp_path / "one", *names, size=4, **settings), tmp_path / "one")
    assert_same(tmp_path / "two" / "model-last", tmp_path / "one" / "model-last", tolerance=2e-4)


def test_dead_worker_stops_all(tmp_path: Path) -> None:
    """With one message, and a checkpoint that training goes on from."""
    config = write_config(tmp_path, max_steps=10_000)
    code = tmp_path / "code.py"
    code.write_text(KILLER)
    changed = load_config(config)
    changed["training"]["before_update"] = {"@callbacks": "test_kill_worker.v1"}
    changed.to_disk(config)
    with pytest.raises(TrainingError, match=r"R192.*Worker 1 of 2 was killed by signal 9.*--resume") as caught:
        train(config, tmp_path / "out", workers=2, code_path=code)
    assert str(caught.value).count("\n") == 0
    checkpoint = find_checkpoint(tmp_path / "out")
    assert checkpoint is not None
    assert json.loads((checkpoint / "state.json").read_text())["progress"]["step"] == 4


def test_mistake_in_a_worker_keeps_its_traceback(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    """Of the worker that failed alone, not of the others that miss it."""
    config = write_config(tmp_path)
    code = tmp_path / "code.py"
    code.write_text(KILLER.replace("os.kill(os.getpid(), signal.SIGKILL)", "raise KeyError('mistake')"))
    changed = load_config(config)
    changed["training"]["before_update"] = {"@callbacks": "test_kill_worker.v1"}
    changed.to_disk(config)
    with pytest.raises(TrainingError, match=r"R192.*Worker 1 of 2 failed.*KeyError: 'mistake'"):
        train(config, workers=2, code_path=code)
    told = capsys.readouterr().err
    assert told.count("Traceback") == 1 and told.endswith("KeyError: 'mistake'\n")


KILLER = """
import os, signal
import torch.distributed
from spacy.util import registry

@registry.callbacks("test_kill_worker.v1")
def make():
    def kill(nlp, about):
        if about["step"] == 6 and torch.distributed.get_rank() == 1:
            os.kill(os.getpid(), signal.SIGKILL)
    return kill
"""


def test_no_documents(tmp_path: Path) -> None:
    config = write_config(tmp_path)
    DocBin().to_disk(tmp_path / "empty.spacy")
    overrides = {"corpora.train.path": str(tmp_path / "empty.spacy")}
    with pytest.raises(CorpusError, match="D189"):
        list(Batches(tagger_nlp(), lambda nlp: [], lambda stream: [], 1, 1, {}))
    with pytest.raises(UserError, match="R012"):
        train(config, overrides=overrides)


def test_shares_have_tokens() -> None:
    nlp = tagger_nlp()
    full = make_examples(nlp)
    empty = make_examples(nlp, [[]])
    batches: Any = Batches(nlp, lambda nlp: [], lambda stream: [], 1, 2, {})
    groups = list(batches._deal([full[:2], empty, full[2:], empty * 2, empty, full[:1]]))
    assert [[len(share) for share in shares] for shares in groups] == [[2, 1], [2, 2]]
    for shares in groups:
        assert all(any(len(example.predicted) for example in share) for share in shares)
        for accumulate in (1, 2, 3):
            parts = [subdivide(shares, rank, accumulate) for rank in (0, 1)]
            assert len(parts[0]) == len(parts[1])
    assert [len(part) for part in deal(full, 3)] == [2, 1, 1]


def test_shuffles_alike_whatever_else_draws_numbers() -> None:
    nlp = tagger_nlp()
    examples = make_examples(nlp)

    def order(workers: int, disturb: bool) -> List[str]:
        random.seed(3)
        found = []
        single: Any = lambda stream: ([example] for example in stream)  # noqa: E731
        batches = Batches(nlp, lambda nlp: examples[:], single, 3, workers, {})
        for _, shares in batches:
            if disturb:
                random.random()
            found += [share[0].text for share in shares]
        return found

    assert order(2, False) == order(2, True) == order(1, False)


def test_other_noise_in_each_epoch_whatever_else_draws_numbers() -> None:
    nlp = tagger_nlp()
    sentence = [("Careless", None, None, None), ("writing", None, None, None)]

    def texts(workers: int, max_epochs: int, disturb: bool = False) -> List[List[str]]:
        random.seed(3)
        noise, clean = Noise(typos=1.0), make_examples(nlp, [sentence] * 4)
        found: List[List[str]] = [[], [], []]
        batches = Batches(
            nlp, lambda nlp: noise.examples(nlp, clean), lambda stream: ([e] for e in stream), max_epochs, workers, {}
        )
        for epoch, shares in batches:
            if epoch == 3:
                break
            if disturb:
                random.random()
            found[epoch] += [example.text for share in shares for example in share]
        return found

    listed = texts(1, 3)
    assert listed == texts(2, 3) == texts(2, 3, disturb=True)
    read = texts(1, -1)
    assert read == texts(2, -1) == texts(2, -1, disturb=True)
    for epochs in (listed, read):
        assert len(set(map(frozenset, epochs))) == 3
        assert all(len(set(epoch)) > 1 for epoch in epochs)


def test_weights_are_told_apart_in_a_checkpoint() -> None:
    """Thinc numbers layers and torch modules each by themselves, so both have a number 1, a number 2 and so on."""
    nlp = tagger_nlp()
    nlp.initialize(lambda: make_examples(nlp))
    pairs = list(_keys(nlp))
    assert len({key for key, _ in pairs}) == len({name for _, name in pairs}) == len(pairs)
    assert len(pairs) > len({number for (number, _), _ in pairs})


def test_processes_that_read_different_batches_stop(monkeypatch: pytest.MonkeyPatch) -> None:
    """Instead of waiting for each other, or learning nonsense."""
    shares = [make_examples(tagger_nlp())[:2]] * 2
    monkeypatch.setattr(Worker, "_reduced", lambda worker, tensor, op: tensor)
    Worker(0, 2).check_batches(shares)
    monkeypatch.setattr(Worker, "_reduced", lambda worker, tensor, op: tensor.abs())
    with pytest.raises(TrainingError, match="R190.*batches"):
        Worker(0, 2).check_batches(shares)


@pytest.mark.parametrize("lazy", [True, False])
def test_gradients_of_rows_are_summed_as_such(lazy: bool) -> None:
    table = torch.nn.Parameter(torch.zeros(9, 2))
    weight = Weight("", (0, "table"), Model("", lambda *args: args), parameter=table, lazy=lazy)
    assert weight.get_gradient() is None
    rows = torch.sparse_coo_tensor(torch.tensor([[3, 5]]), torch.ones(2, 2), table.shape, check_invariants=True)
    table.grad = rows if lazy else rows.to_dense()
    found = weight.get_gradient()
    assert found is not None and not found.is_sparse and torch.equal(found, rows.to_dense())
    weight.set_gradient(2 * found)
    assert table.grad.is_sparse == lazy and torch.equal(table.grad.to_dense(), 2 * rows.to_dense())
    if lazy:
        assert table.grad.coalesce().indices().tolist() == [[3, 5]]
