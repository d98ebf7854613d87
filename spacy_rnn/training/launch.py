"""Starting the processes of a training, and stopping all when one of them dies."""

import contextlib
import multiprocessing
import os
import sys
import tempfile
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any, Dict, List, Optional

import spacy
from spacy.cli._util import import_code, show_validation_error
from spacy.training.initialize import init_nlp
from spacy.util import load_config

from ..base.checks import check_at_least
from ..errors import Errors, TrainingError
from .checkpoint import find_checkpoint
from .loop import begin
from .parallel import Worker

Overrides = Dict[str, Any]


def train(
    config_path: Path,
    output: Optional[Path] = None,
    *,
    overrides: Optional[Overrides] = None,
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
    Raises TrainingError if a worker dies; the others are stopped then.
    """
    check_at_least("workers", workers, 1)
    checkpoint = find_checkpoint(output) if output is not None else None
    if resume is None and checkpoint is not None:
        raise TrainingError(Errors.R196.format(path=checkpoint))
    arguments = (config_path, output, overrides or {}, code_path, bool(resume), gpu_id)
    if "TORCHELASTIC_RUN_ID" in os.environ:
        rank, size = int(os.environ["RANK"]), int(os.environ["WORLD_SIZE"])
        run_worker(Worker(rank, size, _device(gpu_id)), "env://", int(os.environ["LOCAL_RANK"]), *arguments)
    elif workers == 1:
        run_worker(Worker(), "", 0, *arguments)
    else:
        with tempfile.TemporaryDirectory() as scratch:
            _run_all(workers, f"file://{scratch}/meeting", *arguments)


def run_worker(
    worker: Worker,
    init_method: str,
    local_rank: int,
    config_path: Path,
    output: Optional[Path],
    overrides: Overrides,
    code_path: Optional[Path],
    resume: bool,
    gpu_id: int,
) -> None:
    """What one process does."""
    if gpu_id >= 0:
        spacy.require_gpu(gpu_id + local_rank)
    import_code(code_path)
    with worker.joined(init_method), show_validation_error(config_path):
        nlp = init_nlp(load_config(config_path, overrides=overrides, interpolate=False), use_gpu=gpu_id)
        begin(nlp, output, worker, resume).run()


def _device(gpu_id: int) -> str:
    return "cuda" if gpu_id >= 0 else "cpu"


def _run_all(size: int, init_method: str, *arguments: Any) -> None:
    context = multiprocessing.get_context("spawn")
    processes, messages = [], []
    try:
        for rank in range(size):
            ours, theirs = context.Pipe(duplex=False)
            worker = Worker(rank, size, _device(arguments[-1]), os.getpid())
            process = context.Process(target=_run_one, args=(theirs, worker, init_method, *arguments), daemon=True)
            process.start()
            theirs.close()
            processes.append(process)
            messages.append(ours)
        running = {process.sentinel: rank for rank, process in enumerate(processes)}
        while running:
            ended: List[Any] = wait(list(running))
            for rank in map(running.pop, ended):
                processes[rank].join()
                if processes[rank].exitcode:
                    raise TrainingError(_obituary(rank, processes, messages[rank], output=arguments[1]))
    finally:
        for process in processes:
            process.kill()
            process.join()


def _run_one(message: Connection, worker: Worker, *arguments: Any) -> None:
    try:
        run_worker(worker, arguments[0], worker.rank, *arguments[1:])
    except Exception as error:
        with contextlib.suppress(OSError):
            message.send_bytes(f"{type(error).__name__}: {error}".encode("utf8", errors="replace"))
        sys.exit(1)


def _obituary(rank: int, processes: List[Any], message: Connection, output: Optional[Path]) -> str:
    code = processes[rank].exitcode
    reason = ""
    with contextlib.suppress(EOFError, OSError):
        if message.poll():
            reason = f" {message.recv_bytes().decode('utf8')}"
    how = f"was killed by signal {-code}" if code < 0 else "failed"
    checkpoint = find_checkpoint(output) if output is not None else None
    remedy = "There is no checkpoint yet." if checkpoint is None else f"Go on from {checkpoint} with --resume."
    return Errors.R192.format(rank=rank, size=len(processes), how=how, reason=reason, remedy=remedy)
