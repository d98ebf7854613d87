"""Several processes on this machine, any of which may be killed."""

import contextlib
import multiprocessing
import os
import signal
import sys
from multiprocessing.connection import Connection, wait
from typing import Any, Dict, List, Optional, Sequence, Tuple, Union

from spacy.language import Language
from thinc.api import Config

from ..errors import CorpusError, Errors
from ..pipeline.load import rebuild_pipeline
from .job import Counts, Job, Report, do_part, failure

# A part that ends so many workers is left out.
MOST_ATTEMPTS = 3

Pipeline = Union[Language, Tuple[Config, bytes]]
"""Itself for a process that is forked, else its config and its bytes."""


def in_processes(nlp: Language, job: Job, parts: Sequence[int], workers: int, report: Report) -> None:
    """Do parts in several processes; one that dies is replaced, and another one does its part again.

    On Linux the processes are forked and share the weights of the pipeline; elsewhere each gets a copy.
    In the end, raises CorpusError for parts that ended MOST_ATTEMPTS workers.
    """
    pool = _Pool(nlp, job, workers)
    waiting, attempts = list(parts)[::-1], dict.fromkeys(parts, 0)
    given_up: List[int] = []
    try:
        while waiting or any(worker.part is not None for worker in pool.workers):
            pool.hand_out(waiting)
            for worker in pool.wait():
                try:
                    part, found, done = worker.connection.recv()
                except (EOFError, OSError):
                    part = pool.bury(worker)
                    if part is not None:
                        report(part, None, False)
                        attempts[part] += 1
                        if attempts[part] < MOST_ATTEMPTS:
                            waiting.insert(0, part)  # after all others, because it may be what ends its workers
                        else:
                            given_up.append(part)
                    continue
                if isinstance(found, str):
                    raise CorpusError(found)
                if done:
                    worker.part = None
                report(part, found, done)
    finally:
        for worker in list(pool.workers):
            pool.bury(worker)
    if given_up:
        files = sorted({piece.file for part in given_up for piece in job.parts[part]})
        raise CorpusError(Errors.D185.format(n=len(given_up), attempts=MOST_ATTEMPTS, files=", ".join(files)))


class _Worker:
    def __init__(self, context: Any, pipeline: Pipeline, job: Job, others: List["_Worker"]):
        self.connection, theirs = context.Pipe()
        self.part: Optional[int] = None
        forks = isinstance(pipeline, Language)
        inherited = [worker.connection for worker in others] + [self.connection] if forks else []
        arguments = (pipeline, job, theirs, inherited, os.getpid())
        self.process = context.Process(target=_work, args=arguments, daemon=True)
        self.process.start()
        theirs.close()


class _Pool:
    def __init__(self, nlp: Language, job: Job, most: int):
        # macOS can fork, but its own libraries cannot go on in the child.
        forks = sys.platform.startswith("linux") and not nlp._has_gpu_model([])
        self._context = multiprocessing.get_context("fork" if forks else "spawn")
        self._pipeline: Pipeline = nlp if forks else (nlp.config, nlp.to_bytes())
        self._job, self._most = job, most
        self.workers: List[_Worker] = []

    def hand_out(self, waiting: List[int]) -> None:
        """Give parts to workers that have none, and start workers as needed."""
        while waiting:
            free = next((worker for worker in self.workers if worker.part is None), None)
            if free is None:
                if len(self.workers) >= self._most:
                    return
                free = _Worker(self._context, self._pipeline, self._job, self.workers)
                self.workers.append(free)
            free.part = waiting.pop()
            with contextlib.suppress(OSError):  # it has just died, which `wait` will tell
                free.connection.send(free.part)

    def wait(self) -> List[_Worker]:
        """The workers that have sent something or have died."""
        by_connection: Dict[Any, _Worker] = {worker.connection: worker for worker in self.workers}
        return [by_connection[connection] for connection in wait(list(by_connection))]

    def bury(self, worker: _Worker) -> Optional[int]:
        """Remove a worker, and return its part."""
        self.workers.remove(worker)
        worker.connection.close()
        worker.process.kill()
        worker.process.join()
        return worker.part


def _work(pipeline: Pipeline, job: Job, connection: Connection, inherited: List[Connection], parent: int) -> None:
    """Do parts in a worker, until no more are sent."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent ends it
    for other in inherited:
        other.close()  # or this process would hide the end of another one from the parent
    nlp = pipeline if isinstance(pipeline, Language) else rebuild_pipeline(*pipeline)
    with contextlib.suppress(EOFError, OSError):
        while True:
            part = connection.recv()

            def report(counts: Counts, part: int = part) -> None:
                if os.getppid() != parent:
                    raise EOFError
                connection.send((part, counts, False))

            try:
                do_part(nlp, job, part, report)
                connection.send((part, Counts(), True))
            except EOFError:
                raise
            except Exception as error:
                connection.send((part, failure(error), False))
