"""The training loop of `spacy train`, for one of several processes, with checkpoints from which it can continue."""

import json
import shutil
import sys
from contextlib import nullcontext
from pathlib import Path
from timeit import default_timer
from typing import Any, Callable, Dict, Iterator, List, Optional, Tuple

import numpy as np
import torch
from spacy.language import Language
from spacy.schemas import ConfigSchemaTraining
from spacy.training.loop import create_before_to_disk_callback, create_evaluation_callback, subdivide_batch, update_meta
from spacy.util import dict_to_dot, registry, resolve_dot_names
from thinc.api import fix_random_seed

from ..base.checks import check_at_least, check_between
from ..base.files import replaced_folder
from ..errors import Errors, TrainingError
from .batches import Batch, Batches, subdivide
from .checkpoint import (
    find_checkpoint,
    load_checkpoint,
    random_state,
    read_progress,
    save_checkpoint,
    set_random_state,
)
from .contents import CONTENT
from .parallel import Worker, weight_sums
from .update import add_gradients
from .weights import trained_models

LAST, BEST, CHECKPOINT = "model-last", "model-best", "checkpoint"
# A training that continues may end at another point than was planned.
MAY_CHANGE = ("training.max_steps", "training.patience")


class Training:
    """One training of an initialized pipeline, by its config. contents: see `content_checksums`."""

    def __init__(
        self, nlp: Language, output: Optional[Path], worker: Worker, contents: Optional[Dict[str, str]] = None
    ):
        config = nlp.config.interpolate()
        seed = config["training"]["seed"]
        if seed is not None:
            fix_random_seed(seed)
        settings: Dict[str, Any] = registry.resolve(config["training"], schema=ConfigSchemaTraining)
        train_corpus, dev_corpus = resolve_dot_names(config, [settings["train_corpus"], settings["dev_corpus"]])
        self.nlp, self.output, self.worker, self.settings = nlp, output, worker, settings
        if isinstance(settings["dropout"], (int, float)):  # not a schedule
            check_between("training.dropout", settings["dropout"], 0, 1)
        check_at_least("training.eval_frequency", settings["eval_frequency"], 1)
        check_at_least("training.accumulate_gradient", settings["accumulate_gradient"], 1)
        self.optimizer = settings["optimizer"]
        self.frozen: List[str] = settings["frozen_components"]
        self._evaluate = create_evaluation_callback(nlp, dev_corpus, settings["score_weights"])
        self._before_to_disk = create_before_to_disk_callback(settings["before_to_disk"])
        batcher, max_epochs = settings["batcher"], settings["max_epochs"]
        self.batches = Batches(nlp, train_corpus, batcher, max_epochs, worker.size, {})
        self.config = {**_plain(config), **(contents or {})}
        self.results: List[Tuple[float, int]] = []
        self.losses: Dict[str, float] = {}
        self.words = 0
        self.seconds = 0.0
        self.steps_done = 0
        self._numbers: Optional[Dict[str, Any]] = None

    def resume(self, path: Path) -> None:
        """Continue from a checkpoint. Raises TrainingError if it cannot be used, or was made with other settings."""
        progress, n_workers = read_progress(path)
        if n_workers != self.worker.size:
            raise TrainingError(Errors.R193.format(path=path, found=n_workers, workers=self.worker.size))
        changed = [name for name in _changed(progress["config"], self.config) if name not in MAY_CHANGE]
        if changed:
            raise TrainingError(Errors.R194.format(path=path, settings=", ".join(changed)))
        numbers = load_checkpoint(path, self.nlp, self.optimizer)
        self.results = [(score, step) for score, step in progress["results"]]
        self.words, self.seconds, self.steps_done = progress["words"], progress["seconds"], progress["step"] + 1
        self.batches.starts = {
            int(epoch): (state[0], tuple(state[1]), state[2]) for epoch, state in progress["starts"].items()
        }
        self._numbers = numbers[self.worker.rank]

    def _checkpoint(self, step: int) -> None:
        numbers = self.worker.gather(random_state())
        if self.output is None or self.worker.rank:
            return
        progress = {
            "config": self.config,
            "step": step,
            "results": self.results,
            "words": self.words,
            "seconds": self.seconds,
            "starts": self.batches.starts,
        }
        save_checkpoint(self.output / CHECKPOINT, self.nlp, self.optimizer, progress, numbers)

    def steps(self) -> Iterator[Tuple[Dict[str, Any], Optional[bool]]]:
        """Train. After each step, yields what the loggers of spaCy are given, and whether the step is the best so
        far, or None if it was not evaluated."""
        settings, optimizer, worker = self.settings, self.optimizer, self.worker
        began = default_timer() - self.seconds
        dropouts = settings["dropout"]
        for step, (epoch, shares) in enumerate(self.batches):
            dropout = dropouts if isinstance(dropouts, (int, float)) else next(dropouts)
            if step < self.steps_done:  # by the run that this one continues
                optimizer.step_schedules()
                continue
            if self._numbers is not None:
                set_random_state(self._numbers)
                self._numbers = None
            elif step == 0 and worker.rank:
                # The same weights everywhere, but not the same units dropped.
                _draw_others(settings["seed"], worker.rank)
            worker.check_parent()
            worker.check_batches(shares)
            if settings["before_update"]:
                settings["before_update"](self.nlp, {"step": step, "epoch": epoch})
            self._update(shares, dropout)
            optimizer.step_schedules()
            score, other_scores, is_best = None, None, None
            if not step % settings["eval_frequency"]:
                worker.check_equal(weight_sums(self.nlp, self.frozen), "weights")
                score, other_scores = worker.of_first(self._scores)
                self.losses = {name: worker.sum(loss) for name, loss in sorted(self.losses.items())}
                self.results.append((score, step))
                is_best = score == max(self.results)[0]
            self.words += sum(len(example) for share in shares for example in share)
            self.seconds = default_timer() - began
            yield (
                {
                    "epoch": epoch,
                    "step": step,
                    "score": score,
                    "other_scores": other_scores,
                    "losses": self.losses,
                    "checkpoints": self.results,
                    "seconds": int(self.seconds),
                    "words": self.words,
                },
                is_best,
            )
            if is_best is not None:
                self.losses = {}
                self._checkpoint(step)
            best_step = -max((score, -at) for score, at in self.results)[1]
            if settings["patience"] and step - best_step >= settings["patience"]:
                return
            if settings["max_steps"] and step >= settings["max_steps"]:
                return

    def _update(self, shares: List[Batch], dropout: float) -> None:
        settings, worker = self.settings, self.worker
        accumulate = settings["accumulate_gradient"]
        alone = worker.size == 1
        parts = subdivide_batch(shares[0], accumulate) if alone else subdivide(shares, worker.rank, accumulate)
        annotating = settings["annotating_components"]
        for part in parts:
            add_gradients(self.nlp, part, drop=dropout, losses=self.losses, exclude=self.frozen, annotates=annotating)
        worker.sum_gradients(self.nlp, self.frozen)
        for name, _ in trained_models(self.nlp, self.frozen):
            self.nlp.get_pipe(name).finish_update(self.optimizer)  # type: ignore[attr-defined]

    def _scores(self) -> Tuple[float, Dict[str, float]]:
        with self.nlp.use_params(self.optimizer.averages) if self.optimizer.averages else nullcontext():
            return self._evaluate()

    def run(self) -> None:
        """Train to the end. The first process also calls the config's logger, and saves pipelines and checkpoints."""
        first = self.worker.rank == 0
        log: Callable = lambda info: None  # noqa: E731
        finish: Callable = lambda: None  # noqa: E731
        if first:
            with self.nlp.select_pipes(disable=self.frozen):
                log, finish = self.settings["logger"](self.nlp, sys.stdout, sys.stderr)
        try:
            for info, is_best in self.steps():
                if is_best is not None and first:
                    with self.nlp.select_pipes(disable=self.frozen):
                        update_meta(self.settings, self.nlp, info)
                    if self.output is not None:
                        self._save(is_best)
                        info["output_path"] = str(self.output / LAST)
                log(info if is_best is not None else None)
        finally:
            finish()
        if first and self.output is not None:
            self._save(False)
            shutil.rmtree(self.output / CHECKPOINT, ignore_errors=True)

    def _save(self, is_best: bool) -> None:
        assert self.output is not None
        with self.nlp.use_params(self.optimizer.averages), replaced_folder(self.output / LAST) as folder:
            self._before_to_disk(self.nlp).to_disk(folder)
        if is_best:
            with replaced_folder(self.output / BEST) as folder:
                shutil.copytree(self.output / LAST, folder, dirs_exist_ok=True)


def begin(
    nlp: Language, output: Optional[Path], worker: Worker, resume: bool, contents: Optional[Dict[str, str]] = None
) -> Training:
    """A training, which continues from the checkpoint in `output` if `resume` is true. Raises TrainingError if there is
    none."""
    training = Training(nlp, output, worker, contents)
    if resume:
        path = find_checkpoint(output) if output is not None else None
        if path is None:
            raise TrainingError(Errors.R195.format(path=output or "No output folder"))
        training.resume(path)
    return training


def _draw_others(seed: Optional[int], rank: int) -> None:
    torch.manual_seed((seed or 0) + rank)
    np.random.seed(((seed or 0) + rank) % 2**32)


def _plain(config: Dict[str, Any]) -> Dict[str, Any]:
    """The settings by their dotted names, as JSON returns them."""
    found: Dict[str, Any] = json.loads(json.dumps(dict_to_dot(config), default=str))
    return found


def _changed(before: Dict[str, Any], now: Dict[str, Any]) -> List[str]:
    missing = object()
    names = sorted(name for name in {*before, *now} if before.get(name, missing) != now.get(name, missing))
    # Earlier versions did not store contents.
    return [name for name in names if name in before or not name.endswith(CONTENT)]
