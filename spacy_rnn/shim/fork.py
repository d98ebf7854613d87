"""Processes that others start, as `nlp.pipe(n_process=2)` and servers do."""

import multiprocessing
import os

import torch


def use_one_thread() -> None:
    """Let torch compute with one thread, unless it does already."""
    if torch.get_num_threads() > 1:
        torch.set_num_threads(1)


# A forked child inherits torch's thread pool without its threads, and would wait for them for
# ever. Several processes on one machine are better off with one thread each anyway.
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=use_one_thread)
# The same for one that was started anew, unless its environment says how many threads it may have.
if multiprocessing.parent_process() is not None and "OMP_NUM_THREADS" not in os.environ:
    use_one_thread()
