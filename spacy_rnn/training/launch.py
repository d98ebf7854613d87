"""Starting the processes of a training, and stopping all when one of them dies."""

import contextlib
import multiprocessing
import os
import signal
import sys
import tempfile
import traceback
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any, Dict, List, Optional

from spacy.training.initialize import init_nlp
from spacy.util import import_file

from ..base.checks import check_at_least
from ..errors import Errors, SettingError, TrainingError, UserError
from ..pipeline.load import config_errors, one_line, read_config, use_gpu
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
    """Train in this process, one of `worker.size`."""
    use_gpu(gpu_id + local_rank if gpu_id >= 0 else -1)
    if code_path is not None:
        import_code(code_path)
    config = read_config(config_path, overrides, needed=("nlp", "corpora", "training"))
    if output is not None:
        output.mkdir(parents=True, exist_ok=True)
    with worker.joined(init_method), config_errors(config_path):
        begin(init_nlp(config, use_gpu=gpu_id), output, worker, resume).run()


def import_code(path: Path) -> None:
    """Run a Python file that registers functions. Raises SettingError where that fails."""
    try:
        import_file("python_code", path)
    except Exception as error:
        raise SettingError(Errors.R024.format(path=path, reason=one_line(error))) from error


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
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent ends it
    try:
        run_worker(worker, arguments[0], worker.rank, *arguments[1:])
    except Exception as error:
        if not isinstance(error, UserError):
            traceback.print_exc()
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
