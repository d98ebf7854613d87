"""Starting the processes of a training, and stopping all when one of them dies."""

import contextlib
import json
import multiprocessing
import os
import signal
import sys
import tempfile
import time
import traceback
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any, Dict, Iterator, List, Optional, Tuple

import torch
from spacy.training.initialize import init_nlp
from spacy.util import import_file
from thinc.api import get_current_ops, set_current_ops

from ..base.checks import check_at_least
from ..base.locks import sole_writer
from ..errors import Errors, SettingError, TrainingError, UserError
from ..pipeline.load import config_errors, one_line, read_config, use_gpu
from ..shim import in_plain_torch
from .checkpoint import find_checkpoint, kept_random_state
from .contents import content_checksums
from .loop import begin
from .parallel import Worker


@dataclass
class Plan:
    """What all processes of a training are told, see `train`."""

    config_path: Path
    output: Optional[Path]
    overrides: Dict[str, Any]
    code_path: Optional[Path]
    resume: bool
    gpu_id: int

    @property
    def device(self) -> str:
        return "cuda" if self.gpu_id >= 0 else "cpu"

    @in_plain_torch
    def run(self, worker: Worker, init_method: str, local_rank: int) -> None:
        """Train in this process, which is one of `worker.size`, and the one with `local_rank` on this machine."""
        use_gpu(self.gpu_id + local_rank if self.gpu_id >= 0 else -1)
        if self.code_path is not None:
            import_code(self.code_path)
        config = read_config(self.config_path, self.overrides, needed=("nlp", "corpora", "training"))
        with worker.joined(init_method), config_errors(self.config_path):
            settings = config.interpolate()
            contents = content_checksums(settings, self.code_path, self.output)
            with nullcontext() if settings["training"].get("seed") is None else kept_random_state():
                nlp = init_nlp(config, use_gpu=self.gpu_id)
                begin(nlp, self.output, worker, self.resume, contents).run()


def train(
    config_path: Path,
    output: Optional[Path] = None,
    *,
    overrides: Optional[Dict[str, Any]] = None,
    code_path: Optional[Path] = None,
    workers: int = 1,
    resume: Optional[bool] = None,
    gpu_id: int = -1,
) -> None:
    """Train a pipeline by a config as `spacy train` does, with the same result.

    workers: processes that each take a batch of the config's size at every step, so that together they make the step
        that one process makes of batches that many times as large. On GPUs, those from `gpu_id` on. Where torchrun has
        started this process, its own settings count instead, on one machine or several.
    resume: go on from the checkpoint in `output`, which is written at every evaluation, with the same result as if the
        training had never ended. False starts over where there is one, None refuses to.
    What the training sets for the whole process, such as the seed, is afterwards as it was.
    Raises SettingError for a config that cannot be used, TrainingError if the checkpoint cannot be, or if a worker
    dies, whereupon the others are stopped, and CorpusError if another training writes into `output`.
    """
    check_at_least("workers", workers, 1)
    is_launched = "TORCHELASTIC_RUN_ID" in os.environ
    rank = int(os.environ["RANK"]) if is_launched else 0
    with _left_as_found(), nullcontext() if output is None or rank else _written(output):
        checkpoint = find_checkpoint(output) if output is not None else None
        if resume is None and checkpoint is not None:
            raise TrainingError(Errors.R196.format(path=checkpoint))
        plan = Plan(config_path, output, overrides or {}, code_path, bool(resume), gpu_id)
        if is_launched:
            worker = Worker(rank, int(os.environ["WORLD_SIZE"]), plan.device)
            plan.run(worker, "env://", int(os.environ["LOCAL_RANK"]))
        elif workers == 1:
            plan.run(Worker(), "", 0)
        else:
            with tempfile.TemporaryDirectory() as scratch:
                _run_all(plan, workers, f"file://{scratch}/meeting")


@contextmanager
def _written(output: Path) -> Iterator[None]:
    """Make a folder that only this training writes to. It is removed again if nothing is written."""
    is_new = not output.exists()
    output.mkdir(parents=True, exist_ok=True)
    try:
        with sole_writer(output, output / ".lock"):
            yield
    finally:
        if is_new:
            with contextlib.suppress(OSError):
                output.rmdir()


@contextmanager
def _left_as_found() -> Iterator[None]:
    """Restore the device and the threads of torch, which configs and callbacks set."""
    ops, threads = get_current_ops(), torch.get_num_threads()
    try:
        yield
    finally:
        set_current_ops(ops)
        torch.set_num_threads(threads)


def import_code(path: Path) -> None:
    """Run a Python file that registers functions. Raises SettingError where that fails."""
    try:
        import_file("python_code", path)
    except Exception as error:
        raise SettingError(Errors.R024.format(path=path, reason=one_line(error))) from error


def _run_all(plan: Plan, size: int, init_method: str) -> None:
    context = multiprocessing.get_context("spawn")
    processes, messages = [], []
    try:
        for rank in range(size):
            ours, theirs = context.Pipe(duplex=False)
            worker = Worker(rank, size, plan.device, os.getpid())
            process = context.Process(target=_run_one, args=(theirs, plan, worker, init_method), daemon=True)
            process.start()
            theirs.close()
            processes.append(process)
            messages.append(ours)
        running = {process.sentinel: process for process in processes}
        while running:
            ended: List[Any] = wait(list(running))
            for process in map(running.pop, ended):
                process.join()
                if process.exitcode:
                    raise TrainingError(_cause_of_death(processes, messages, plan.output))
    finally:
        for process in processes:
            process.kill()
        for process in processes:
            process.join()


def _run_one(message: Connection, plan: Plan, worker: Worker, init_method: str) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent stops all

    def tell(error: Exception) -> None:
        # Cut off, because nobody reads it before this process has ended, and a pipe holds 64 kB.
        trace = "" if isinstance(error, UserError) else traceback.format_exc()[-8000:]
        with contextlib.suppress(OSError):  # it has told already
            message.send_bytes(json.dumps([time.monotonic(), one_line(error)[:2000], trace]).encode("utf8"))
            message.close()

    worker.failed = tell
    try:
        plan.run(worker, init_method, worker.rank)
    except Exception as error:
        tell(error)
        sys.exit(1)


def _cause_of_death(processes: List[Any], messages: List[Connection], output: Optional[Path]) -> str:
    """The message about the worker that died first; the others may have died of its death. Prints the traceback of an
    error that the user cannot correct."""
    told: Dict[int, Tuple[float, str, str]] = {}
    for rank, message in enumerate(messages):
        with contextlib.suppress(EOFError, OSError):
            if message.poll():
                told[rank] = json.loads(message.recv_bytes())
    codes = [process.exitcode or 0 for process in processes]
    if min(codes) < 0:  # it was killed, and has told nothing
        rank, how = codes.index(min(codes)), f"was killed by signal {-min(codes)}"
    else:
        rank, how = min(told, key=lambda rank: told[rank], default=codes.index(max(codes))), "failed"
    _, line, trace = told.get(rank, (0.0, "", ""))
    sys.stderr.write(trace)
    checkpoint = find_checkpoint(output) if output is not None else None
    remedy = "There is no checkpoint yet." if checkpoint is None else f"Continue from {checkpoint} with --resume."
    reason = f" {line}." if line else ""
    return Errors.R192.format(rank=rank, size=len(processes), how=how, reason=reason, remedy=remedy)
