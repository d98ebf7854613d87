"""Forks at the moment when another thread is at work, whose locks the child inherits but not the thread itself."""

import os
import signal
import threading
import time
from typing import Any, Callable

import pytest

SECONDS = 20

forks = pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")


class Blocking:
    """Stops any thread but the main one until it may go on."""

    def __init__(self) -> None:
        self.reached, self.released = threading.Event(), threading.Event()

    def __call__(self, *args: Any) -> bool:
        if threading.current_thread() is not threading.main_thread():
            self.reached.set()
            assert self.released.wait(SECONDS)
        return False

    # As the version of a cache it stops a thread that compares it, which a cache does while it is locked.
    __eq__ = __call__
    __hash__ = None  # type: ignore[assignment]


def fork_while_blocked(busy: Callable[[], Any], block: Blocking, child: Callable[[], Any]) -> None:
    """Run `child` in a process that is forked while a thread runs `busy` and is stopped by `block`. Fails unless it
    ends within some seconds, without an error."""
    if not hasattr(os, "fork"):
        pytest.skip("this system cannot fork, so that no process inherits a lock")
    thread = threading.Thread(target=busy)
    thread.start()
    assert block.reached.wait(SECONDS)
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            child()
            code = 0
        finally:
            os._exit(code)
    try:
        assert _exit_code(pid) == 0
    finally:
        block.released.set()
        thread.join()


def _exit_code(pid: int) -> int:
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        found, status = os.waitpid(pid, os.WNOHANG)
        if found:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.01)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    raise AssertionError("the child hangs")
