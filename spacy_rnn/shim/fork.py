"""Threads of torch in processes started by others, such as `nlp.pipe(n_process=2)` or a server."""

import multiprocessing
import os

import torch


def use_one_thread() -> None:
    """Make torch compute with one thread."""
    if torch.get_num_threads() > 1:
        torch.set_num_threads(1)


# A forked child inherits torch's thread pool without its threads, and would wait for them forever. Several processes on
# one machine are faster with one thread each anyway.
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=use_one_thread)
# The same for a spawned child, unless its environment sets the number of threads.
if multiprocessing.parent_process() is not None and "OMP_NUM_THREADS" not in os.environ:
    use_one_thread()
