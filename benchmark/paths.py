"""Files and processes of the benchmark, wherever it is started."""

import os
import sys
from pathlib import Path
from typing import Dict, List

ROOT = Path(__file__).resolve().parents[1]
THREAD_SETTINGS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "BLIS_NUM_THREADS")


def config_path(name: str) -> Path:
    """The training config of this name, in the project or in one of the projects below it."""
    project = ROOT / "project"
    (path,) = [*project.glob(f"configs/{name}.cfg"), *project.glob(f"*/configs/{name}.cfg")]
    return path


def command(module: str, *arguments: str) -> List[str]:
    """What starts a module of the benchmark as a process of its own."""
    return [sys.executable, "-m", f"{__package__}.{module}", *arguments]


def environment(threads: int) -> Dict[str, str]:
    """The environment of such a process: it finds the benchmark, and its libraries use that many threads."""
    path = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    return {**os.environ, "PYTHONPATH": path, **dict.fromkeys(THREAD_SETTINGS, str(threads))}
